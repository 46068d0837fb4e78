import * as layers from '@tensorflow/tfjs-layers';
import type {SymbolicTensor} from '@tensorflow/tfjs-layers';

/** PyTorch's default; tfjs's is 1e-3. */
const EPSILON = 1e-5;

/** A 3×3 convolution without bias, and its batch normalization. */
export function convBn(x: SymbolicTensor, filters: number, strides = 1): SymbolicTensor {
  const {batchNormalization, conv2d} = layers.layers;
  const y = conv2d({filters, kernelSize: 3, strides, padding: 'same', useBias: false}).apply(x);
  return batchNormalization({epsilon: EPSILON}).apply(y) as SymbolicTensor;
}

export function convBnRelu(x: SymbolicTensor, filters: number, strides = 1): SymbolicTensor {
  return relu(convBn(x, filters, strides));
}

export function relu(x: SymbolicTensor): SymbolicTensor {
  return layers.layers.activation({activation: 'relu'}).apply(x) as SymbolicTensor;
}
