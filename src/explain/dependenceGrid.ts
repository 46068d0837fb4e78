/** Where along a feature a model is looked at. */
import {ConfigurationError} from '../core';

/** How many values, and between which quantiles. */
export interface GridSpec {
  readonly size: number;
  readonly percentiles: readonly [number, number];
  /** Whether the feature knows whole numbers only, as a tensor of integers does. */
  readonly whole: boolean;
}

/**
 * The grid of scikit-learn's `partial_dependence`: the values that occur, where there are fewer of them than `size`, else
 * `size` evenly spaced ones between two quantiles.
 *
 * @param sorted the feature's values, ascending
 * @throws ConfigurationError where the quantiles are one number.
 */
export function gridOf(
  sorted: Float64Array,
  name: string,
  {size, percentiles, whole}: GridSpec,
): Float64Array {
  const unique = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  if (unique.length < size) return unique;
  const [low, high] = percentiles.map(share => centredQuantile(sorted, share)) as [number, number];
  if (Math.fround(low) === Math.fround(high)) {
    throw new ConfigurationError(
      `From quantile ${percentiles.join(' to ')} '${name}' is ${low} throughout.`,
      {
        hint: 'Give percentiles further apart, [0, 1] for the whole range, or the values: categories.',
        code: 'configuration/percentiles',
      },
    );
  }
  const even = Float64Array.from({length: size}, (_, i) => low + ((high - low) * i) / (size - 1));
  // Not low + (high − low), which rounding may miss.
  even[size - 1] = high;
  return whole ? Float64Array.from(new Set(even.map(Math.round))) : even;
}

/** SciPy's `mquantiles`, Cunnane's (1978) plotting positions, which scikit-learn takes here and NumPy does not. */
function centredQuantile(sorted: Float64Array, share: number): number {
  const place = sorted.length * share + 0.4 + 0.2 * share;
  const below = Math.floor(Math.min(Math.max(place, 1), sorted.length - 1));
  const part = Math.min(Math.max(place - below, 0), 1);
  return (1 - part) * sorted[below - 1]! + part * sorted[below]!;
}
