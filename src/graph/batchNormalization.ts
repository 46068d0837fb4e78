/**
 * Batch normalization in training (Ioffe and Szegedy 2015), as Keras 3 defines it: population variance,
 * masked steps left out of the moments, moving = moving·momentum + batch·(1 − momentum).
 *
 * tfjs's own crashes without `center` or `scale`, writes its statistics while it is called, and takes a
 * gradient through every op of the moments; this one has a gradient in closed form.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Rank, Tensor, Tensor1D, Tensor4D} from '@tensorflow/tfjs-core';
import {hasKernel, mayFuse} from '../core';
import {expandTo} from './masks';
import type {StatisticsLedger} from './statistics';
import {batchNormalizationFields, isRecordingNested, variableOf, withoutRecording} from './tfjsInternals';
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
  order.push(channelAxis);
  const isLast = channelAxis === x.rank - 1;
  const moved = isLast ? x : tf.transpose(x, order);
  const {y, mean, variance} = normalizeImages(asImages(moved), {
    gamma: gamma?.read() as Tensor1D | undefined,
    beta: beta?.read() as Tensor1D | undefined,
    epsilon,
    weights: mask === null ? null : imageWeights(mask, x.shape, order),
  });
  withoutRecording(() => {
    statistics.move(variableOf(movingMean), mean, momentum);
    statistics.move(variableOf(movingVariance), variance, momentum);
  });
  const back = tf.reshape(y, moved.shape);
  if (isLast) return back;
  return tf.transpose(
    back,
    x.shape.map((_, i) => order.indexOf(i)),
  );
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

/** Any tensor with channels last as `[batch, height, width, channels]`. */
function asImages(x: Tensor): Tensor4D {
  const channels = x.shape.at(-1)!;
  const width = x.shape.at(-2)!;
  const batch = x.rank === 2 ? 1 : x.shape[0];
  return tf.reshape(x, [batch, x.size === 0 ? 0 : x.size / (batch * width * channels), width, channels]);
}

/** 1 for what counts, 0 for what is masked, in the form of `asImages`. */
function imageWeights(mask: Tensor, shape: number[], order: number[]): Tensor4D {
  const full = tf.cast(expandTo(mask, shape), 'float32');
  return asImages(tf.transpose(full, order));
}

interface ImageOptions {
  gamma: Tensor1D | undefined;
  beta: Tensor1D | undefined;
  epsilon: number;
  /** Which values count in the moments, or null if all do. */
  weights: Tensor4D | null;
}

type Saved = [Tensor4D, Tensor1D, Tensor1D, Tensor4D?, Tensor1D?];

/** Normalizes each channel of `[batch, height, width, channels]`. */
function normalizeImages(
  images: Tensor4D,
  {gamma, beta, epsilon, weights}: ImageOptions,
): {y: Tensor4D; mean: Tensor1D; variance: Tensor1D} {
  const channels = images.shape[3];
  const total = images.size / channels;
  // A gradient in closed form knows no gradient of its own.
  if (isRecordingNested() || !mayFuse()) return composed(images, {gamma, beta, epsilon, weights});
  const isPlain = weights === null && images.dtype === 'float32' && images.size > 0;
  if (isPlain && hasKernel('GlassboxBatchNormForward')) return byKernel(images, gamma, beta, epsilon);
  const {mean, variance, centred, count} = withoutRecording(() => moments(images, weights));
  const inputs: Tensor[] = [images];
  if (gamma !== undefined) inputs.push(gamma);
  if (beta !== undefined) inputs.push(beta);

  const normalize = tf.customGrad((...args) => {
    const save = args[inputs.length] as tf.GradSaveFunc;
    const inverse = tf.rsqrt(tf.add(variance, epsilon)) as Tensor1D;
    const factor = gamma === undefined ? inverse : tf.mul<Tensor1D>(inverse, gamma);
    const value = affine(centred, factor, beta ?? tf.zeros([channels]));
    // What the gradient reads has to be saved: nothing else of this run lives that long.
    save([centred, inverse, factor, ...(weights === null ? [] : [weights, count as Tensor1D])]);

    // dx = γ/σ · (dy − w/n · (Σdy + x̂ · Σ dy·x̂)), with w the mask and n its sum.
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [centred, inverse, factor, weights = null, count = total] = saved as Saved;
      const dBeta = tf.mul<Tensor1D>(channelMeans(dy as Tensor4D), total);
      const dNormal = tf.mul(channelMeans(tf.mul(dy as Tensor4D, centred)), total);
      const dGamma = tf.mul<Tensor1D>(dNormal, inverse);
      const slope = tf.neg(tf.div(factor, count)) as Tensor1D;
      const shared = affine(
        centred,
        tf.mul<Tensor1D>(tf.mul(dGamma, inverse), slope),
        tf.mul<Tensor1D>(dBeta, slope),
      );
      const direct = affine(dy as Tensor4D, factor, tf.zeros([channels]));
      const dx = tf.add(direct, weights === null ? shared : tf.mul(shared, weights));
      return [dx, ...(gamma === undefined ? [] : [dGamma]), ...(beta === undefined ? [] : [dBeta])];
    };
    return {value, gradFunc};
  });
  return {y: normalize(...inputs), mean, variance};
}

/** The same where the backend has kernels for it: x itself is kept for the gradient, no copy of it. */
function byKernel(
  x: Tensor4D,
  gamma: Tensor1D | undefined,
  beta: Tensor1D | undefined,
  epsilon: number,
): {y: Tensor4D; mean: Tensor1D; variance: Tensor1D} {
  const parameters = {...(gamma && {gamma}), ...(beta && {beta})};
  const [y, mean, variance, inverse] = withoutRecording(() =>
    tf
      .engine()
      .runKernel<[Tensor4D, Tensor1D, Tensor1D, Tensor1D]>(
        'GlassboxBatchNormForward',
        {x, ...parameters},
        {epsilon},
      ),
  );
  const inputs: Tensor[] = [x, ...Object.values(parameters)];
  const normalize = tf.customGrad((...args) => {
    const save = args[inputs.length] as tf.GradSaveFunc;
    save([x, mean, inverse, ...(gamma === undefined ? [] : [gamma])]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [x, mean, inverse, gamma] = saved as [Tensor, Tensor, Tensor, Tensor?];
      const tensors = {dy, x, mean, inverse, ...(gamma && {gamma})};
      const [dx, dGamma, dBeta] = tf
        .engine()
        .runKernel<[Tensor, Tensor, Tensor]>('GlassboxBatchNormBackward', tensors);
      return [dx, ...(gamma === undefined ? [] : [dGamma]), ...(beta === undefined ? [] : [dBeta])];
    };
    return {value: y, gradFunc};
  });
  return {y: normalize(...inputs), mean, variance};
}

/** The same of ops that can be differentiated any number of times (for a gradient penalty, say). */
function composed(images: Tensor4D, {gamma, beta, epsilon, weights}: ImageOptions) {
  const axes = [0, 1, 2];
  const meanOf = (values: Tensor): Tensor1D =>
    weights === null
      ? tf.mean(values, axes)
      : tf.div(tf.sum(tf.mul(values, weights), axes), tf.add(tf.sum(weights, axes), COUNT_EPSILON));
  const mean = meanOf(images);
  const centred = tf.sub(images, mean);
  const variance = meanOf(tf.square(centred));
  let y: Tensor4D = tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon)));
  if (gamma !== undefined) y = tf.mul(y, gamma);
  if (beta !== undefined) y = tf.add(y, beta);
  return {y, mean, variance};
}

/** Mean and population variance of each channel over what counts, in two passes. */
function moments(images: Tensor4D, weights: Tensor4D | null) {
  const total = images.size / images.shape[3];
  const count = weights === null ? total : tf.add(tf.mul(channelMeans(weights), total), COUNT_EPSILON);
  const meanOf = (values: Tensor4D): Tensor1D =>
    weights === null
      ? channelMeans(values)
      : tf.mul<Tensor1D>(channelMeans(tf.mul(values, weights)), tf.div(total, count));
  const mean = meanOf(images);
  // The squares are those of differences from the mean: no digits are lost where it is large.
  const centred = affine(images, tf.ones([images.shape[3]]), tf.neg(mean));
  return {mean, variance: meanOf(tf.square(centred)), centred, count};
}

/**
 * Means over all axes but the last. By pooling, first over each image and then over the batch: several times
 * faster than `tf.mean` on WASM, which transposes first, and with fewer terms in a row more accurate.
 */
function channelMeans(x: Tensor4D): Tensor1D {
  const [batch, height, width, channels] = x.shape;
  const perImage = tf.avgPool(x, [height, width], 1, 'valid');
  const columns = tf.reshape<Rank.R4>(perImage, [1, batch, 1, channels]);
  const all = batch === 1 ? columns : tf.avgPool(columns, [batch, 1], 1, 'valid');
  return tf.reshape(all, [channels]);
}

/** `x · factor + offset` for each channel: a depthwise convolution, the fastest such pass on WASM. */
function affine(x: Tensor4D, factor: Tensor1D, offset: Tensor1D): Tensor4D {
  const filter = tf.reshape<Rank.R4>(factor, [1, 1, factor.size, 1]);
  return tf.fused.depthwiseConv2d({x, filter, strides: 1, pad: 'valid', bias: offset});
}
