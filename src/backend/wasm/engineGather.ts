/** `GatherV2` on the engine: copies of rows, as an embedding looks them up. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {chunksFor, engineKernel, isFloat} from './engine';
import {numbers} from './tfjsInternals';

interface Attrs {
  axis: number;
  batchDims: number;
}

export const engineGather = engineKernel<Record<'x' | 'indices', TensorInfo>, Attrs>(
  tf.GatherV2,
  ({inputs: {x, indices}, attrs: {axis, batchDims}, engine, make}) => {
    if (!isFloat(x) || indices.dtype !== 'int32' || batchDims !== 0) return undefined;
    const [at] = tf.util.parseAxisParam(axis, x.shape);
    const length = x.shape[at!]!;
    const outerShape = x.shape.slice(0, at);
    const innerShape = x.shape.slice(at! + 1);
    const outer = tf.util.sizeFromShape(outerShape);
    const width = tf.util.sizeFromShape(innerShape);
    const count = tf.util.sizeFromShape(indices.shape);
    if (outer * width * count === 0) return undefined;
    // An index out of bounds is for tfjs to complain about.
    for (const index of numbers(engine.backend, indices)) if (index < 0 || index >= length) return undefined;
    const out = make([...outerShape, ...indices.shape, ...innerShape]);
    const chunks = chunksFor(outer * count, 8 * width);
    const [from, list, to] = [x, indices, out].map(info => engine.address(info));
    engine.run('gather', [from!, list!, to!, outer, length, count, width, chunks], {chunks});
    return out;
  },
);
