/** Batch normalization on the engine, channels last: with the batch's own moments, their gradient, with given ones. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {chunksFor, engineKernel, isFloat} from './engine';

/** The least width of a wide row: four vectors. */
const LEAST_WIDTH = 16;
/** Numbers of a group of rows: 16 kB, half of a first-level cache. */
const GROUP = 4096;
/** Wide rows of a group at least, so that there are few groups where channels are many. */
const LEAST_ROWS = 16;
/** A number read and written is worth some multiplications. */
const COST = 6;

/** How rows of channels are cut up; see kernels/batchNorm.ts. */
function cut(shape: readonly number[]) {
  const channels = shape.at(-1)!;
  const size = tf.util.sizeFromShape([...shape]);
  const rows = size / channels;
  let fold = 1;
  while ((channels * fold) % 4 !== 0 || channels * fold < LEAST_WIDTH) fold++;
  const width = channels * fold;
  const wideRows = Math.floor(rows / fold);
  const each = Math.max(LEAST_ROWS, Math.floor(GROUP / width));
  const groups = Math.ceil(wideRows / each);
  return {
    ...{channels, size, rows, fold, width, wideRows, each, groups},
    groupChunks: chunksFor(Math.max(1, groups), each * width * COST),
    channelChunks: chunksFor(channels, groups * fold * COST),
    rowChunks: chunksFor(Math.max(1, wideRows), width * COST),
  };
}

interface ForwardInputs {
  x: TensorInfo;
  gamma?: TensorInfo;
  beta?: TensorInfo;
}

/** `GlassboxBatchNormForward`: `[y, mean, variance, inverse deviation]` of float32 `x`, which is not empty. */
const forward = engineKernel<ForwardInputs, {epsilon: number}>(
  'GlassboxBatchNormForward',
  ({inputs: {x, gamma, beta}, attrs: {epsilon}, engine, make}) => {
    const {channels, size, rows, fold, width, wideRows, each, groups, ...chunks} = cut(x.shape);
    const y = make(x.shape);
    const [mean, variance, inverse] = [make([channels]), make([channels]), make([channels])];
    const wide = engine.workspace(4 * width * (3 + 3 * groups));
    const partials = wide + 12 * width;
    const [from, to] = [engine.address(x), engine.address(y)];
    engine.run('batchNormMoments', [from, partials, width, wideRows, each, groups, chunks.groupChunks], {
      chunks: chunks.groupChunks,
    });
    engine.run(
      'batchNormMerge',
      [
        ...[from, partials, channels, fold, rows, wideRows, each, groups],
        ...[gamma ? engine.address(gamma) : 0, beta ? engine.address(beta) : 0, epsilon],
        ...[engine.address(mean), engine.address(variance), engine.address(inverse), wide],
        chunks.channelChunks,
      ],
      {chunks: chunks.channelChunks},
    );
    engine.run('batchNormApply', [from, to, width, wideRows, size, wide, chunks.rowChunks], {
      chunks: chunks.rowChunks,
    });
    return [y, mean, variance, inverse];
  },
);

interface BackwardInputs extends Record<'dy' | 'x' | 'mean' | 'inverse', TensorInfo> {
  gamma?: TensorInfo;
}

/** `GlassboxBatchNormBackward`: `[dx, dgamma, dbeta]`. */
const backward = engineKernel<BackwardInputs, object>(
  'GlassboxBatchNormBackward',
  ({inputs: {dy, x, mean, inverse, gamma}, engine, make}) => {
    const {channels, size, rows, fold, width, wideRows, each, groups, ...chunks} = cut(x.shape);
    const dx = make(x.shape);
    const [dGamma, dBeta] = [make([channels]), make([channels])];
    const wide = engine.workspace(4 * width * (4 + 2 * groups));
    const partials = wide + 16 * width;
    const [slopes, from] = [engine.address(dy), engine.address(x)];
    engine.run('batchNormSpread', [engine.address(mean), wide, channels, width]);
    engine.run(
      'batchNormSums',
      [slopes, from, wide, partials, width, wideRows, each, groups, chunks.groupChunks],
      {
        chunks: chunks.groupChunks,
      },
    );
    engine.run(
      'batchNormSlopes',
      [
        ...[slopes, from, wide, partials, channels, fold, rows, wideRows, groups],
        ...[engine.address(mean), engine.address(inverse), gamma ? engine.address(gamma) : 0],
        ...[engine.address(dGamma), engine.address(dBeta), chunks.channelChunks],
      ],
      {chunks: chunks.channelChunks},
    );
    engine.run(
      'batchNormInput',
      [slopes, from, engine.address(dx), wide, width, wideRows, size, chunks.rowChunks],
      {
        chunks: chunks.rowChunks,
      },
    );
    return [dx, dGamma, dBeta];
  },
);

interface GivenInputs extends Record<'x' | 'mean' | 'variance', TensorInfo> {
  offset?: TensorInfo | null;
  scale?: TensorInfo | null;
}

/** `FusedBatchNorm` with statistics of the last axis. */
const given = engineKernel<GivenInputs, {varianceEpsilon: number}>(
  tf.FusedBatchNorm,
  ({inputs: {x, mean, variance, offset, scale}, attrs: {varianceEpsilon}, engine, make}) => {
    const channels = x.shape.at(-1) ?? 0;
    const ofChannels = [mean, variance, offset, scale].every(
      info =>
        !info ||
        (isFloat(info) && info.shape.at(-1) === channels && tf.util.sizeFromShape(info.shape) === channels),
    );
    if (!ofChannels || !isFloat(x) || tf.util.sizeFromShape(x.shape) === 0) return undefined;
    const {size, fold, width, wideRows, rowChunks} = cut(x.shape);
    const y = make(x.shape);
    const wide = engine.workspace(12 * width);
    engine.run('batchNormGiven', [
      ...[channels, fold, engine.address(mean), engine.address(variance), varianceEpsilon],
      ...[scale ? engine.address(scale) : 0, offset ? engine.address(offset) : 0, wide],
    ]);
    engine.run(
      'batchNormApply',
      [engine.address(x), engine.address(y), width, wideRows, size, wide, rowChunks],
      {
        chunks: rowChunks,
      },
    );
    return y;
  },
);

export const batchNormKernels = [forward, backward, given];
