/** Whether explanations agree, and whether they sum up. */
import {shareMissed} from '../gradientExplainer';
import {ConfigurationError, ShapeError} from '../../core';
import type {Explanation} from '../explanation';
import {checkWholeNumber} from '../options';
import {row} from '../values';

/** How far two explanations agree, for each example. */
export interface Agreement {
  /** `[batch]`: the rank correlation of the attributions, −1 to 1. */
  readonly spearman: Float32Array;
  /** `[batch]`: the share of the features that matter most to one that do so to the other. */
  readonly topOverlap: Float32Array;
}

/**
 * How far two explanations of the same examples agree: Spearman's rank correlation of the attributions, and the overlap
 * of the `top` features by |attribution| (Krishna et al. 2022).
 *
 * @param top default a tenth of the features, at least one
 * @throws ShapeError for explanations of other shapes, ConfigurationError for a `top` that is none.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.mul(x, [3, 1, 2]), 1);
 * const x = tf.tensor2d([[1, 5, 1]]);
 * const one = await new Saliency(score).explain(x);
 * const other = await new InputXGradient(score).explain(x);
 * agreement(one, other).spearman; // [-0.5]
 * agreement(one, other, 2).topOverlap; // [0.5]
 */
export function agreement(one: Explanation, other: Explanation, top?: number): Agreement {
  const {values, batch} = one;
  if (values.length !== other.values.length || batch !== other.batch) {
    throw new ShapeError(
      `Explanations of shapes [${one.shape.join(', ')}] and [${other.shape.join(', ')}] do not compare.`,
      {hint: 'Explain the same examples, both at the input or at the same layer.', code: 'shape/explanation'},
    );
  }
  const size = values.length / batch;
  checkWholeNumber('agreement()', 'top', top);
  const count = top ?? Math.max(1, Math.round(size / 10));
  if (count > size) throw new ConfigurationError(`There are no ${count} features, only ${size}.`);
  const rows = Array.from({length: batch}, (_, i) =>
    [values, other.values].map(data => data.subarray(i * size, (i + 1) * size)),
  ) as [Float32Array, Float32Array][];
  return {
    spearman: Float32Array.from(rows, ([a, b]) => spearman(a, b)),
    topOverlap: Float32Array.from(rows, ([a, b]) => {
      const found = new Set(heaviest(a, count));
      return heaviest(b, count).filter(i => found.has(i)).length / count;
    }),
  };
}

/**
 * By how much the attributions of each example miss output − base value, as a share of it, `[batch]`. Zero is best.
 *
 * @throws ConfigurationError for methods without a base value.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.mul(x, [3, 1]), 1);
 * const [missed] = completeness(await new IntegratedGradients(score).explain(tf.tensor2d([[1, 1]])));
 * missed < 1e-5; // true
 */
export function completeness(explanation: Explanation): Float32Array {
  const {
    method,
    baseValues,
    outputs,
    attributions,
    batch,
    data: {parts},
  } = explanation;
  if (baseValues === undefined) {
    throw new ConfigurationError(`The attributions of ${method} do not promise to sum up to anything.`, {
      hint: 'Measure a method with base values, such as IntegratedGradients or KernelShap.',
      code: 'configuration/completeness',
    });
  }
  return Float32Array.from({length: batch}, (_, i) => {
    const difference = outputs[i]! - baseValues[i]!;
    let sum = 0;
    const seen = new Set<number>();
    attributions.forEach(({data}, input) => {
      const size = data.length / batch;
      const mask = parts && row(parts.masks[input]!, i % parts.masks[input]!.shape[0]!).data;
      for (let j = 0; j < size; j++) {
        // The numbers of one feature share its attribution, which counts once.
        if (mask && seen.has(mask[j]!)) continue;
        if (mask) seen.add(mask[j]!);
        sum += data[i * size + j]!;
      }
    });
    return shareMissed(sum - difference, outputs[i]!, baseValues[i]!);
  });
}

/** The correlation of ranks; equal values share their mean rank. Without any differences there is none: 0. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [x, y] = [ranks(a), ranks(b)];
  const middle = (x.length - 1) / 2;
  let [product, xs, ys] = [0, 0, 0];
  x.forEach((rank, i) => {
    product += (rank - middle) * (y[i]! - middle);
    xs += (rank - middle) ** 2;
    ys += (y[i]! - middle) ** 2;
  });
  return xs === 0 || ys === 0 ? 0 : product / Math.sqrt(xs * ys);
}

function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const result = new Float64Array(values.length);
  for (let first = 0; first < order.length;) {
    let last = first;
    while (last + 1 < order.length && values[order[last + 1]!] === values[order[first]!]) last++;
    for (let i = first; i <= last; i++) result[order[i]!] = (first + last) / 2;
    first = last + 1;
  }
  return result;
}

function heaviest(values: Float32Array, count: number): number[] {
  return [...values.keys()]
    .sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!) || a - b)
    .slice(0, count);
}
