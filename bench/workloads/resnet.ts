import * as layers from '@tensorflow/tfjs-layers';
import type {SymbolicTensor} from '@tensorflow/tfjs-layers';
import {convBn, convBnRelu, relu} from './convBn';
import {CLASSES, numbers} from './data';
import type {Workload} from './types';

export const resnet: Workload = {
  name: 'resnet',
  batch: 64,
  build(width) {
    const {dense, globalAveragePooling2d} = layers.layers;
    const input = layers.input({shape: [32, 32, 3]});
    let x = input;
    for (const [i, filters] of [16, 32, 64].entries()) {
      x = residual(convBnRelu(x, filters * width, i === 0 ? 1 : 2), filters * width);
    }
    const pooled = globalAveragePooling2d({}).apply(x);
    const logits = dense({units: CLASSES}).apply(pooled) as SymbolicTensor;
    return layers.model({inputs: input, outputs: logits});
  },
  input: batch => numbers([batch, 32, 32, 3]),
};

function residual(x: SymbolicTensor, filters: number): SymbolicTensor {
  const body = convBn(convBnRelu(x, filters), filters);
  return relu(layers.layers.add().apply([x, body]) as SymbolicTensor);
}
