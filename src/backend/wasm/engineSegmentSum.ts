/** `UnsortedSegmentSum` on the engine: the gradient of `gather`, so of embeddings. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {chunksFor, engineKernel, isFloat} from './engine';

/** What a number costs, in multiplications, about: they wait for memory. */
const COST = 8;
/** Every chunk looks at every id, which shall cost little beside the numbers that it adds. */
const COLUMNS_A_CHUNK = 4;

export const engineSegmentSum = engineKernel<Record<'x' | 'segmentIds', TensorInfo>, {numSegments: number}>(
  tf.UnsortedSegmentSum,
  ({inputs: {x, segmentIds}, attrs: {numSegments}, engine, make}) => {
    if (!isFloat(x) || segmentIds.dtype !== 'int32') return undefined;
    const rowShape = x.shape.slice(segmentIds.shape.length);
    const width = tf.util.sizeFromShape(rowShape);
    const rows = tf.util.sizeFromShape(segmentIds.shape);
    if (numSegments * width === 0) return undefined;
    const out = make([numSegments, ...rowShape]);
    const worthwhile = chunksFor(rows + numSegments, COST * width);
    const chunks = Math.min(worthwhile, numSegments, Math.ceil(width / COLUMNS_A_CHUNK));
    const addresses = [x, segmentIds, out].map(info => engine.address(info));
    engine.run('segmentSum', [...addresses, rows, numSegments, width, chunks], {chunks});
    return out;
  },
);
