/**
 * Scaled dot-product attention and its gradient on the engine, each as one kernel that stores no matrix of
 * probabilities. `MultiHeadAttention` calls them by name where they are registered.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {ShapeError} from '../../core';
import {chunksFor, engineKernel, isFloat} from './engine';
import type {Engine, EngineKernel} from './engine';

/** Columns of a packed panel; as in kernels/tile.ts. */
const PANEL = 16;
/** Numbers of a block of probabilities, so that it stays in the cache, and how many rows it may have. */
const BLOCK = 8192;
const FEWEST_ROWS = 16;
const MOST_ROWS = 64;
/** What the exponential and the rest of the softmax cost for one pair, in multiplications. */
const SOFTMAX_COST = 12;

/** All float32; the masks have 0 for what is forbidden. */
interface Inputs {
  /** `[batch, T, heads, keyDim]`. */
  query: TensorInfo;
  /** `[batch, S, heads, keyDim]`. */
  key: TensorInfo;
  /** `[batch, S, heads, valueDim]`. */
  value: TensorInfo;
  /** `[batch, T]`. */
  queryMask?: TensorInfo;
  /** `[batch, S]`. */
  keyMask?: TensorInfo;
  /** `[batch, heads, T, S]`, sizes of 1 for all. */
  pairs?: TensorInfo;
}

interface GradientInputs extends Inputs {
  /** The gradient of the output. */
  dy: TensorInfo;
  /** The second output. */
  statistics: TensorInfo;
}

interface Attrs {
  causal: boolean;
}

/** Output `[batch, T, heads, valueDim]`, and two numbers a row of probabilities, which the gradient takes. */
const attention = engineKernel<Inputs, Attrs>('GlassboxAttention', ({inputs, attrs, engine, make}) => {
  checkInputs(inputs);
  const {batch, targets, heads, valueDim} = sizesOf(inputs);
  const out = make([batch, targets, heads, valueDim]);
  const statistics = make([batch, heads, targets, 2]);
  run(engine, 'attention', {...inputs, statistics}, attrs, out, []);
  return [out, statistics];
});

/** The gradients of query, key and value. */
const attentionGradient = engineKernel<GradientInputs, Attrs>(
  'GlassboxAttentionGrad',
  ({inputs, attrs, engine, make}) => {
    checkInputs(inputs);
    const gradients = [inputs.query, inputs.key, inputs.value].map(({shape}) => make(shape));
    run(engine, 'attentionGradient', inputs, attrs, inputs.dy, gradients);
    return gradients;
  },
);

export const attentionKernels: readonly EngineKernel[] = [attention, attentionGradient];

function sizesOf({query, value}: Inputs) {
  const [batch, targets, heads, keyDim] = query.shape as [number, number, number, number];
  const [, sources, , valueDim] = value.shape as [number, number, number, number];
  return {batch, targets, sources, heads, keyDim, valueDim};
}

/**
 * The kernels read and write by these sizes alone, wherever that leads.
 *
 * @throws ShapeError for an input of another shape or type.
 */
function checkInputs(inputs: Inputs & Partial<GradientInputs>): void {
  const {batch, targets, sources, heads, keyDim, valueDim} = sizesOf(inputs);
  const expected: Record<keyof GradientInputs, number[]> = {
    query: [batch, targets, heads, keyDim],
    key: [batch, sources, heads, keyDim],
    value: [batch, sources, heads, valueDim],
    queryMask: [batch, targets],
    keyMask: [batch, sources],
    pairs: [batch, heads, targets, sources],
    dy: [batch, targets, heads, valueDim],
    statistics: [batch, heads, targets, 2],
  };
  for (const [name, shape] of Object.entries(expected) as [keyof GradientInputs, number[]][]) {
    const given = inputs[name];
    if (given === undefined) continue;
    const isOneForAll = (axis: number): boolean => name === 'pairs' && given.shape[axis] === 1;
    const fits =
      given.shape.length === shape.length &&
      shape.every((size, axis) => given.shape[axis] === size || isOneForAll(axis));
    if (fits && isFloat(given)) continue;
    throw new ShapeError(
      `Attention's ${name} is ${given.dtype} [${given.shape.join(', ')}], but float32 [${shape.join(', ')}] is needed.`,
      {hint: 'Give query, key, value and their masks the same batch, and keys and values the same length.'},
    );
  }
}

function run(
  engine: Engine,
  kernel: 'attention' | 'attentionGradient',
  inputs: Inputs & {statistics: TensorInfo},
  {causal}: Attrs,
  out: TensorInfo,
  gradients: readonly TensorInfo[],
): void {
  const {batch, targets, sources, heads, keyDim, valueDim} = sizesOf(inputs);
  const {query, key, value, statistics, queryMask, keyMask, pairs} = inputs;
  const whole = (n: number): number => Math.ceil(n / PANEL) * PANEL;
  const [s, k, v] = [sources, keyDim, valueDim].map(whole) as [number, number, number];
  const fitting = Math.max(FEWEST_ROWS, Math.min(MOST_ROWS, Math.floor(BLOCK / s)));
  const rows = Math.min(targets, fitting);
  const isForward = kernel === 'attention';
  const scratch = isForward ? s * k + s * v + rows * s : 2 * s * k + s * v + rows * (4 * s + k + v);
  const cost = targets * sources * ((isForward ? 1 : 2.5) * (keyDim + valueDim) + SOFTMAX_COST);
  const chunks = chunksFor(batch * heads, cost);
  const at = (tensor: TensorInfo | undefined): number => (tensor === undefined ? 0 : engine.address(tensor));
  const sizes = [batch, targets, sources, heads, keyDim, valueDim];
  engine.run(
    kernel,
    [
      ...[query, key, value, out, statistics, queryMask, keyMask, pairs].map(at),
      ...[...sizes, Number(causal), ...stepsOf(pairs), 1 / Math.sqrt(keyDim), rows, chunks],
      ...gradients.map(at),
    ],
    {chunks, scratch: 80 + 4 * scratch},
  );
}

/** How many numbers apart the mask's neighbours along each axis are; 0 where one is for all. */
function stepsOf(mask: TensorInfo | undefined): number[] {
  if (mask === undefined) return [0, 0, 0, 0];
  const strides = [...tf.util.computeStrides(mask.shape), 1];
  return strides.map((stride, axis) => (mask.shape[axis] === 1 ? 0 : stride));
}
