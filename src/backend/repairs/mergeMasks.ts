/**
 * tfjs-layers gives what merges masked inputs a mask of one axis too many, which the next layer that looks at masks
 * throws at, leaves out the last input's, and throws where one of three inputs has none. Here as in Keras 3, and as
 * glassbox's own executor has it: a step counts if any input's does, and all do if an input has no mask.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {layers} from '@tensorflow/tfjs-layers';
import {patchLayer} from '../wasm/tfjsInternals';
import {everyBackend, type Repair} from './types';

type ComputeMask = (
  this: object,
  inputs: Tensor | Tensor[],
  mask?: Tensor | (Tensor | null)[] | null,
) => Tensor | null;

export const mergeMasks: Repair = {
  id: 'merge-masks',
  description:
    "In tfjs-layers, add, average, maximum, minimum and multiply of masked inputs give a mask of a wrong shape, so that model.predict throws at an LSTM behind them, or throw themselves; now their mask is Keras's.",
  backends: everyBackend,
  prepare: async () => {
    // With a name of its own the layer does not count in the names of the program's.
    for (const make of [layers.add, layers.average, layers.maximum, layers.minimum, layers.multiply])
      patchLayer<object, ComputeMask>(make({name: 'glassbox'}), 'computeMask', () => merged);
  },
};

const merged: ComputeMask = (_, mask) => {
  if (!Array.isArray(mask)) return null;
  const present = mask.filter(one => one != null);
  if (present.length === 0 || present.length < mask.length) return null;
  return tf.tidy(() => present.reduce((a, b) => tf.logicalOr(a, b)).clone());
};
