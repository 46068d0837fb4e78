/** What is trained: every layer, several architectures, every loss and every optimizer. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import type {SymbolicTensor} from '@tensorflow/tfjs-layers';
import {MultiHeadAttention} from 'glassbox';
import {layerCases} from '../backend/layerCases';
import type {LayerCase} from '../backend/layerCases';
import {zoo} from '../graph/zoo';
import {lossModels} from './lossModels';
import {integers, uniforms} from './numbers';
import {optimizerModels} from './optimizerModels';
import type {TrainedModel} from './train';

const BATCH = 3;

/** A layer behind dense ones, so that there is something to train whose gradient goes through the layer. */
function layerModel(name: string, layerCase: LayerCase): TrainedModel {
  const {inputs, build, integers: limit} = layerCase;
  return {
    name,
    build: () => {
      const fed = inputs.map(shape => layers.input({shape}));
      return layers.model({inputs: fed, outputs: build(limit === undefined ? fed.map(stem) : fed)});
    },
    feed: () =>
      inputs.map((shape, i) => {
        const [id, full] = [`${name}, input ${i}`, [BATCH, ...shape]];
        return limit === undefined ? uniforms(id, full) : integers(id, full, limit);
      }),
  };
}

function stem(x: SymbolicTensor): SymbolicTensor {
  return layers.layers.dense({units: x.shape.at(-1)!}).apply(x) as SymbolicTensor;
}

/** The mean over the width of images: RandomWidth's output has another width in every step, and declares none. */
class MeanOverWidth extends layers.layers.Layer {
  static readonly className = 'MeanOverWidth';

  override computeOutputShape(): layers.Shape {
    return [null, 5, 3];
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.mean([inputs].flat()[0]!, 2);
  }
}

/** What some layers of tfjs need around them in a model. */
const adapted: Record<string, (build: LayerCase['build']) => LayerCase['build']> = {
  randomWidth: build => inputs => new MeanOverWidth({}).apply(build(inputs)) as SymbolicTensor,
  // It overwrites the shape of what it is applied to: that shall not be the model's input.
  categoryEncoding: build => inputs =>
    build(inputs.map(x => layers.layers.reshape({targetShape: x.shape.slice(1)}).apply(x) as SymbolicTensor)),
};

const layerModels = Object.entries(layerCases).flatMap(([layer, cases]) =>
  cases.map((layerCase, i) =>
    layerModel(`layer ${layer}, case ${i + 1}`, {
      ...layerCase,
      build: adapted[layer]?.(layerCase.build) ?? layerCase.build,
    }),
  ),
);

/** One way to use each layer of ours, by the name that it is exported under. */
export const ourLayers: Record<string, LayerCase> = {
  MultiHeadAttention: {
    inputs: [[4, 6]],
    build: ([x]) => new MultiHeadAttention({numHeads: 2, keyDim: 3}).apply(x!) as SymbolicTensor,
  },
};

const ourLayerModels = Object.entries(ourLayers).map(([name, layerCase]) =>
  layerModel(`layer ${name}`, layerCase),
);

const architectures = zoo
  // It has nothing to train.
  .filter(({name}) => name !== 'noise layers')
  .map(({name, build, feed}) => ({name: `model: ${name}`, build, feed}));

/** Every model of the suite. */
export const trainedModels: readonly TrainedModel[] = [
  ...layerModels,
  ...ourLayerModels,
  ...architectures,
  ...lossModels,
  ...optimizerModels,
];
