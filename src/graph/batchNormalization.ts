/**
 * Batch normalization in training (Ioffe and Szegedy 2015), as Keras 3 defines it: population variance,
 * masked steps left out of the moments, moving = moving·momentum + batch·(1 − momentum).
 *
 * tfjs's own crashes without `center` or `scale`, writes its statistics while it is called, and takes a
 * gradient through every op of the moments; this one has a gradient in closed form.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor1D, Tensor2D, Variable} from '@tensorflow/tfjs-core';
import {expandTo} from './masks';
import type {StatisticsLedger} from './statistics';
import {batchNormalizationFields} from './tfjsInternals';
import type {Layer} from './tfjsInternals';

/** Keras's epsilon in the division by the number of unmasked steps. */
const COUNT_EPSILON = 1e-7;

/**
 * A BatchNormalization layer's output in training: normalized by the batch's own moments. What the moving
 * statistics would become goes to the ledger; the layer itself stays as it is.
 */
export function normalizeByBatch(
  layer: Layer,
  x: Tensor,
  mask: Tensor | null,
  statistics: StatisticsLedger,
): Tensor {
  const {axis, momentum, epsilon, gamma, beta, movingMean, movingVariance} = batchNormalizationFields(layer);
  const channelAxis = axis < 0 ? axis + x.rank : axis;
  // Channels go last: to the back and forth again where they are elsewhere.
  const order = x.shape.map((_, i) => i).filter(i => i !== channelAxis);
  const isLast = channelAxis === x.rank - 1;
  const moved = isLast ? x : tf.transpose(x, [...order, channelAxis]);
  const channels = moved.shape[x.rank - 1]!;
  const rows = tf.reshape(moved, [-1, channels]) as Tensor2D;

  const {y, mean, variance} = normalizeRows(rows, {
    gamma: gamma?.read() as Tensor1D | undefined,
    beta: beta?.read() as Tensor1D | undefined,
    epsilon,
    weights: mask === null ? null : rowWeights(mask, x.shape, [...order, channelAxis]),
  });
  move(movingMean.read() as Variable, mean, momentum, statistics);
  move(movingVariance.read() as Variable, variance, momentum, statistics);

  const back = tf.reshape(y, moved.shape);
  if (isLast) return back;
  const inverse = x.shape.map((_, i) => (i === channelAxis ? x.rank - 1 : order.indexOf(i)));
  return tf.transpose(back, inverse);
}

/** Normalization by the moving statistics, for the ranks that tfjs's layer does not know (above 4). */
export function normalizeByMoving(layer: Layer, x: Tensor): Tensor {
  const {axis, epsilon, gamma, beta, movingMean, movingVariance} = batchNormalizationFields(layer);
  const shape = x.shape.map((size, i) => (i === (axis < 0 ? axis + x.rank : axis) ? size : 1));
  const scale = tf.rsqrt(tf.add(movingVariance.read(), epsilon));
  const factor = gamma === undefined ? scale : tf.mul(scale, gamma.read());
  const y = tf.mul(tf.sub(x, tf.reshape(movingMean.read(), shape)), tf.reshape(factor, shape));
  return beta === undefined ? y : tf.add(y, tf.reshape(beta.read(), shape));
}

function move(variable: Variable, batch: Tensor, momentum: number, statistics: StatisticsLedger): void {
  const moving = statistics.read(variable);
  statistics.write(variable, tf.add(tf.mul(moving, momentum), tf.mul(batch, 1 - momentum)));
}

/** 1 for rows that count, 0 for masked ones: `[rows, channels]`. */
function rowWeights(mask: Tensor, shape: number[], order: number[]): Tensor2D {
  const full = tf.cast(expandTo(mask, shape), 'float32');
  const moved = order.every((axis, i) => axis === i) ? full : tf.transpose(full, order);
  return tf.reshape(moved, [-1, moved.shape[moved.rank - 1]!]) as Tensor2D;
}

interface RowOptions {
  gamma: Tensor1D | undefined;
  beta: Tensor1D | undefined;
  epsilon: number;
  weights: Tensor2D | null;
}

/** Normalizes each column of `[rows, channels]`; moments over the rows that count. */
function normalizeRows(
  rows: Tensor2D,
  {gamma, beta, epsilon, weights}: RowOptions,
): {y: Tensor2D; mean: Tensor1D; variance: Tensor1D} {
  // Moments are made inside the custom gradient, where nothing is recorded, and handed out of its scope.
  const moments: Tensor1D[] = [];
  const inputs: Tensor[] = [rows];
  if (gamma !== undefined) inputs.push(gamma);
  if (beta !== undefined) inputs.push(beta);

  const normalize = tf.customGrad((...args) => {
    const save = args[inputs.length] as tf.GradSaveFunc;
    const [x, scale] = args as Tensor[];
    const count = weights === null ? rows.shape[0] : tf.add(tf.sum(weights, 0), COUNT_EPSILON);
    const mean = tf.div(tf.sum(weighted(x!, weights), 0), count) as Tensor1D;
    const spread = tf.squaredDifference(x!, mean);
    const variance = tf.div(tf.sum(weighted(spread, weights), 0), count) as Tensor1D;
    const y = tf.batchNorm2d(x as Tensor2D, mean, variance, beta, gamma, epsilon);
    moments.push(tf.keep(tf.clone(mean)), tf.keep(tf.clone(variance)));
    save([x!, mean, variance, ...(gamma === undefined ? [] : [scale!])]);

    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [sx, sMean, sVariance, sGamma] = saved as [Tensor2D, Tensor1D, Tensor1D, Tensor1D | undefined];
      const inverse = tf.rsqrt(tf.add(sVariance, epsilon)) as Tensor1D;
      const centred = tf.sub(sx, sMean);
      const dBeta = tf.sum(dy, 0) as Tensor1D;
      const dGamma = tf.mul(tf.sum(tf.mul(dy, centred), 0), inverse) as Tensor1D;
      // dx = γ/σ · (dy − w/n · (Σdy + x̂ · Σ dy·x̂)), with w the mask and n its sum.
      const factor = sGamma === undefined ? inverse : (tf.mul(inverse, sGamma) as Tensor1D);
      const perRow = tf.neg(tf.div(factor, count));
      const shared = tf.add(tf.mul(centred, tf.mul(tf.mul(dGamma, inverse), perRow)), tf.mul(dBeta, perRow));
      const dx = tf.add(tf.mul(dy, factor), weighted(shared, weights));
      return [dx, ...(gamma === undefined ? [] : [dGamma]), ...(beta === undefined ? [] : [dBeta])];
    };
    return {value: y, gradFunc};
  });

  const y = normalize(...inputs) as Tensor2D;
  const [mean, variance] = moments.map(kept => {
    const tracked = tf.clone(kept);
    kept.dispose();
    return tracked;
  }) as [Tensor1D, Tensor1D];
  return {y, mean, variance};
}

function weighted(values: Tensor, weights: Tensor | null): Tensor {
  return weights === null ? values : tf.mul(values, weights);
}
