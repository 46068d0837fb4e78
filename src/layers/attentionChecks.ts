/**
 * What `MultiHeadAttention` refuses, before anything was made.
 */
import type {Shape} from '@tensorflow/tfjs-layers';
import {ConfigurationError, ShapeError, checkNames} from '../core';
import type {MultiHeadAttentionOptions} from './multiHeadAttention';
import {WEIGHT_OPTIONS} from './tfjsInternals';

const OWNER = 'MultiHeadAttention';

const OPTIONS = [
  ...['numHeads', 'keyDim', 'valueDim', 'dropout', 'useBias', 'outputShape', 'useCausalMask'],
  ...['returnAttentionScores', 'seed', ...WEIGHT_OPTIONS],
];
/** Those of every layer of tfjs. */
const LAYER_OPTIONS = [
  ...['name', 'trainable', 'weights', 'inputShape', 'batchInputShape', 'batchSize', 'dtype', 'inputDType'],
];

/** @throws ConfigurationError for an option that does not exist, or a value that cannot mean anything. */
export function checkOptions(options: MultiHeadAttentionOptions): void {
  checkNames(OWNER, options, [...OPTIONS, ...LAYER_OPTIONS], {heads: 'numHeads', headDim: 'keyDim'});
  const {numHeads, keyDim, valueDim, outputShape, dropout} = options;
  checkCount('numHeads', numHeads);
  checkCount('keyDim', keyDim);
  // JSON has null for what was left out.
  if (valueDim != null) checkCount('valueDim', valueDim);
  if (outputShape != null) checkCount('outputShape', outputShape);
  if (dropout != null && !(dropout >= 0 && dropout < 1)) {
    throw new ConfigurationError(`${OWNER}: dropout is ${dropout}; it should be a number from 0 to below 1.`);
  }
}

function checkCount(name: string, value: unknown): void {
  if (Number.isInteger(value) && (value as number) >= 1) return;
  throw new ConfigurationError(
    `${OWNER}: ${name} is ${String(value)}; it should be an integer of at least 1.`,
  );
}

/**
 * The features of query, value and key.
 *
 * @throws ShapeError for inputs that are not as many or not as shaped as attention needs them.
 */
export function attentionSizes(
  layer: string,
  inputShape: Shape | Shape[],
): {query: number; value: number; key: number} {
  const shapes = (Array.isArray(inputShape[0]) ? inputShape : [inputShape]) as Shape[];
  if (shapes.length > 4) {
    throw new ShapeError(`Layer '${layer}' was given ${shapes.length} inputs.`, {
      hint: 'Give x, [query, value] or [query, value, key], and a mask as {attentionMask}.',
    });
  }
  const [query, value = query, key = value] = shapes as [Shape, Shape?, Shape?];
  Object.entries({query, value, key}).forEach(([name, shape]) => {
    if (shape.length === 3 && shape[2] !== null) return;
    throw new ShapeError(`The ${name} of layer '${layer}' has the shape ${written(shape)}.`, {
      hint: 'Attention takes [batch, positions, features] with a known number of features.',
    });
  });
  const [sources, keys] = [value[1]!, key[1]!];
  if (sources !== keys && sources !== null && keys !== null) {
    throw new ShapeError(`Layer '${layer}' was given ${sources} values and ${keys} keys.`, {
      hint: 'Each value needs its key: give both with the same number of positions.',
    });
  }
  return {query: query[2]!, value: value[2]!, key: key[2]!};
}

/**
 * What a call can be given that a symbolic one does not show.
 *
 * @throws ShapeError for inputs that do not fit each other.
 */
export function checkCall(layer: string, shapes: readonly (readonly number[])[]): void {
  attentionSizes(layer, shapes as number[][]);
  const [query, value = query, key = value] = shapes as [number[], number[]?, number[]?];
  for (const [name, shape] of Object.entries({value, key})) {
    if (shape[0] === query[0]) continue;
    throw new ShapeError(
      `The query of layer '${layer}' is a batch of ${query[0]}, but its ${name} a batch of ${shape[0]}.`,
      {hint: `Give as many; tf.tile repeats a ${name} for all queries.`},
    );
  }
}

/** @throws ShapeError for a mask of positions that has not one number for each position of `x`. */
export function checkPositionMask(
  layer: string,
  name: string,
  mask: readonly number[],
  x: readonly number[],
): void {
  if (mask.length === 2 && mask[0] === x[0] && mask[1] === x[1]) return;
  throw new ShapeError(
    `The ${name}'s mask of layer '${layer}' has the shape ${written(mask)}, but ${written(x.slice(0, 2))} is needed.`,
    {hint: `It says of each position of the ${name} whether it counts: [batch, positions].`},
  );
}

/** @throws ShapeError for a mask that fits neither `[batch, T, S]` nor `[batch, heads, T, S]`. */
export function checkMaskShape(
  layer: string,
  mask: readonly number[],
  heads: number,
  query: readonly number[],
  value: readonly number[],
): void {
  const full = [query[0]!, heads, query[1]!, value[1]!];
  const expected = mask.length === 3 ? full.filter((_, axis) => axis !== 1) : full;
  const fits =
    mask.length === expected.length && mask.every((size, axis) => size === 1 || size === expected[axis]);
  if (fits) return;
  throw new ShapeError(
    `The attention mask of layer '${layer}' has the shape ${written(mask)}, but ${written(expected)} is needed.`,
    {hint: 'It is [batch, T, S] or [batch, heads, T, S], with 1 for a size along which all is alike.'},
  );
}

function written(shape: readonly (number | null)[]): string {
  return `[${shape.map(size => size ?? 'any').join(', ')}]`;
}
