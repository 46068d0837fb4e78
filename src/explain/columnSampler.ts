/**
 * How LIME draws values of one feature of a table, and what its linear model sees of them (Ribeiro, Singh and
 * Guestrin 2016).
 */
import type {Random} from '../core';
import {meanAndStd, quantile, sortedColumn} from './matrix';
import type {Matrix} from './matrix';

/** One feature around an example. */
export interface ColumnSampler {
  /** A value for the model, and what the linear model sees of it. */
  draw(value: number, random: Random): readonly [value: number, seen: number];
  /** What the linear model sees of the example's own value. */
  seen(value: number): number;
  /** What the feature is called, where it has this value. */
  name(value: number): string;
  /** Why the value is unlike the training data, if it is. */
  strangeness(value: number): string | undefined;
}

/** Draws from the normal distribution of the training data; the linear model sees standardised values. */
export function normalColumn(data: Matrix, column: number, name: string, around: boolean): ColumnSampler {
  const sorted = sortedColumn(data, column);
  const {mean, std} = meanAndStd(sorted);
  // A feature that never changes stays what it is.
  const scale = std === 0 ? 1 : std;
  const seen = (value: number): number => (value - mean) / scale;
  return {
    draw(value, random) {
      const drawn = random.normal() * std + (around ? value : mean);
      return [drawn, seen(drawn)];
    },
    seen,
    name: () => name,
    strangeness: outside(sorted),
  };
}

/**
 * Cuts the feature at the quartiles of the training data, and draws a quarter and then a value from the normal
 * distribution of that quarter, truncated; the linear model sees whether it is the example's quarter.
 */
export function quartileColumn(data: Matrix, column: number, name: string): ColumnSampler {
  const sorted = sortedColumn(data, column);
  const cuts = [...new Set([0.25, 0.5, 0.75].map(share => quantile(sorted, share)))];
  const binOf = (value: number): number => {
    const bin = cuts.findIndex(cut => value <= cut);
    return bin < 0 ? cuts.length : bin;
  };
  const bins = Array.from({length: cuts.length + 1}, (_, bin) => {
    const values = sorted.filter(value => binOf(value) === bin);
    return {
      ...meanAndStd(values),
      share: values.length / sorted.length,
      least: bin === 0 ? sorted[0]! : cuts[bin - 1]!,
      most: bin === cuts.length ? sorted.at(-1)! : cuts[bin]!,
    };
  });
  const chooseBin = byShares(bins.map(({share}) => share));
  const printed = printCuts(cuts);
  return {
    draw(value, random) {
      const bin = chooseBin(random);
      return [truncatedNormal(bins[bin]!, random), bin === binOf(value) ? 1 : 0];
    },
    seen: () => 1,
    name(value) {
      const bin = binOf(value);
      if (bin === 0) return `${name} <= ${printed[0]}`;
      if (bin === cuts.length) return `${name} > ${printed[bin - 1]}`;
      return `${printed[bin - 1]} < ${name} <= ${printed[bin]}`;
    },
    strangeness: outside(sorted),
  };
}

/** Draws categories as often as the training data has them; the linear model sees whether it is the example's. */
export function categoricalColumn(
  data: Matrix,
  column: number,
  name: string,
  categories: readonly string[] | undefined,
): ColumnSampler {
  const sorted = sortedColumn(data, column);
  const counts = new Map<number, number>();
  for (const value of sorted) counts.set(value, (counts.get(value) ?? 0) + 1);
  const values = [...counts.keys()];
  const choose = byShares([...counts.values()].map(count => count / sorted.length));
  return {
    draw(value, random) {
      const drawn = values[choose(random)]!;
      return [drawn, drawn === value ? 1 : 0];
    },
    seen: () => 1,
    name: value => `${name}=${categories?.[value] ?? String(value)}`,
    strangeness: value => (counts.has(value) ? undefined : 'which the training data never has'),
  };
}

function outside(sorted: Float64Array): (value: number) => string | undefined {
  const [least, most] = [sorted[0]!, sorted.at(-1)!];
  // Examples are float32: a training value is not outside for being rounded.
  const slack = 1e-6 * Math.max(Math.abs(least), Math.abs(most));
  return value =>
    value < least - slack || value > most + slack
      ? `outside the training data's ${short(least)} to ${short(most)}`
      : undefined;
}

const short = (value: number): string => String(Number(value.toPrecision(4)));

/** Two decimals as LIME prints, or as many as tell the cuts apart. */
function printCuts(cuts: readonly number[]): readonly string[] {
  for (let digits = 2; digits < 12; digits++) {
    const printed = cuts.map(cut => cut.toFixed(digits));
    const sayAll = printed.every((text, i) => cuts[i] === 0 || Number(text) !== 0);
    if (sayAll && new Set(printed).size === cuts.length) return printed;
  }
  return cuts.map(String);
}

/** Draws a place, each as often as its share says. */
function byShares(shares: readonly number[]): (random: Random) => number {
  return random => {
    let left = random.uniform();
    const place = shares.findIndex(share => (left -= share) < 0);
    return place < 0 ? shares.length - 1 : place;
  };
}

interface Bin {
  readonly mean: number;
  readonly std: number;
  readonly least: number;
  readonly most: number;
}

function truncatedNormal({mean, std, least, most}: Bin, random: Random): number {
  if (most === least || std === 0) return std === 0 ? mean : least;
  // A bin's mean lies inside it, and its deviation is at most half its width: most draws fall inside.
  for (let attempt = 0; attempt < 1000; attempt++) {
    const drawn = mean + std * random.normal();
    if (drawn >= least && drawn <= most) return drawn;
  }
  return mean;
}
