/** Dropout on the engine: the mask is drawn where it is applied, and never stored. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {dropThreshold} from '../../core';
import type {PhiloxKey} from '../../core';
import {chunksFor, engineKernel, isFloat} from './engine';

/** Elements whose factors are drawn at once; as in kernels/dropout.ts. */
const BLOCK = 16;

/** What an element costs, in multiplications, about. */
const COST = 16;

/** `x` times the factors of `dropoutFactors`. */
export const engineDropout = engineKernel<Record<'x', TensorInfo>, {rate: number; key: PhiloxKey}>(
  'GlassboxDropout',
  ({inputs: {x}, attrs: {rate, key}, engine, make}) => {
    if (!isFloat(x)) return undefined;
    const out = make(x.shape);
    const size = tf.util.sizeFromShape(x.shape);
    const chunks = chunksFor(Math.ceil(size / BLOCK), BLOCK * COST);
    const drawing = [key[0] | 0, key[1] | 0, dropThreshold(rate) | 0, 1 / (1 - rate)];
    const args = [engine.address(x), engine.address(out), size, ...drawing, chunks];
    engine.run('dropout', args, {chunks, scratch: 4 * BLOCK});
    return out;
  },
);
