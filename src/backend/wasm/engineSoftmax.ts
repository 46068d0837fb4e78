/** The gradient of `Softmax` over the last axis, of float32, on the engine. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {chunksFor, engineKernel} from './engine';

/** A kernel of our own, from the softmax `y`, which is not empty, and `dy`. */
export const SOFTMAX_GRADIENT = 'GlassboxSoftmaxGradient';

/** What a number costs, in multiplications, about: it waits for memory. */
const COST = 8;

export const engineSoftmaxGradient = engineKernel<Record<'y' | 'dy', TensorInfo>, object>(
  SOFTMAX_GRADIENT,
  ({inputs: {y, dy}, engine, make}) => {
    const classes = y.shape.at(-1)!;
    const rows = tf.util.sizeFromShape(y.shape) / classes;
    const out = make(y.shape);
    const chunks = chunksFor(rows, COST * classes);
    const addresses = [y, dy, out].map(info => engine.address(info));
    engine.run('softmaxGradient', [...addresses, rows, classes, chunks], {chunks});
    return out;
  },
);
