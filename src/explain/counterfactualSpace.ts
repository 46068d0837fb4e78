/** Where a counterfactual may lie: what may change, how far, and how much a change counts. */
import {ConfigurationError, DataError, unknownName} from '../core';
import type {Random} from '../core';
import type {FeatureChange} from './counterfactuals';
import {quantile, sortedColumn} from './matrix';
import type {Matrix} from './matrix';

/** No float32 is much larger. */
const FARTHEST = 3e38;

/** A feature, by its name or its column. */
export type FeatureReference = string | number;

/** What may change. */
export interface CounterfactualLimits {
  /** Features that stay as they are. */
  immutable?: readonly FeatureReference[];
  /** `[least, most]` of features, by name or column. Others stay within the background's values, if there is one. */
  ranges?: Readonly<Record<string, readonly [number, number]>>;
  /** Features that are whole numbers. */
  integers?: readonly FeatureReference[];
  /** One-hot columns, by the name of what they say together: exactly one of them stays 1. */
  categorical?: Readonly<Record<string, readonly FeatureReference[]>>;
}

export interface Group {
  readonly name: string;
  readonly columns: readonly number[];
  readonly isFixed: boolean;
}

/** The bounds of one example's counterfactuals. */
export interface Bounds {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** See the head of this file. */
export class CounterfactualSpace {
  readonly names: readonly string[];
  readonly groups: readonly Group[];
  readonly isWhole: readonly boolean[];
  /** A change by this much has the distance 1: the median absolute deviation of the background. */
  readonly scale: Float64Array;
  /** The group that a column belongs to. */
  readonly groupOf: readonly (Group | undefined)[];
  private readonly isFixed: readonly boolean[];
  private readonly ranges: ReadonlyMap<number, readonly [number, number]>;
  /** The background's least and most. */
  private readonly spans: readonly (readonly [number, number])[];

  /** @throws ConfigurationError for a feature that does not exist, or limits that nothing meets. */
  constructor(
    readonly width: number,
    limits: CounterfactualLimits,
    featureNames: readonly string[] | undefined,
    readonly background: Matrix | undefined,
  ) {
    const {immutable = [], ranges = {}, integers = [], categorical = {}} = limits;
    const columns = Array.from({length: width}, (_, column) => column);
    this.names = columns.map(column => featureNames?.[column] ?? `feature ${column}`);
    const groupNames = Object.keys(categorical);
    const fixed = new Set(
      [immutable]
        .flat()
        .flatMap(name => (groupNames.includes(String(name)) ? String(name) : this.placeOf(name, groupNames))),
    );
    this.groups = Object.entries(categorical).map(([name, members]) => {
      const places = members.map(member => this.placeOf(member));
      return {name, columns: places, isFixed: fixed.has(name) || places.some(place => fixed.has(place))};
    });
    this.groupOf = columns.map(column => this.groups.find(group => group.columns.includes(column)));
    this.isFixed = columns.map(column => fixed.has(column) || this.groupOf[column]?.isFixed === true);
    const whole = new Set(integers.map(name => this.placeOf(name)));
    this.isWhole = columns.map(column => whole.has(column));
    this.ranges = new Map(
      Object.entries(ranges).map(([name, range]) => [this.placeOf(name), this.rangeOf(name, range)]),
    );
    for (const {name, columns: members} of this.groups) {
      const taken = members.find(
        (column, i) =>
          this.groupOf[column]?.name !== name ||
          members.indexOf(column) !== i ||
          whole.has(column) ||
          this.ranges.has(column),
      );
      if (members.length > 1 && taken === undefined) continue;
      throw new ConfigurationError(
        `The categorical '${name}' of Counterfactual ${taken === undefined ? 'has fewer than two columns' : `lists '${this.names[taken]}', which is in another group, twice in it, an integer or in a range`}.`,
        {hint: 'Give two or more one-hot columns, each for one group.', code: 'configuration/group'},
      );
    }
    const sorted = columns.map(column =>
      background === undefined ? undefined : sortedColumn(background, column),
    );
    this.scale = Float64Array.from(sorted, values => (values === undefined ? 1 : deviation(values)));
    this.spans = sorted.map(values => [values?.[0] ?? -FARTHEST, values?.at(-1) ?? FARTHEST]);
  }

  /** @throws DataError for an example that is outside the limits itself. */
  check(x: Float32Array, example: number): void {
    const refuse = (what: string, hint: string): never => {
      throw new DataError(`Example ${example} has ${what}.`, {hint, code: 'data/limits'});
    };
    x.forEach((value, column) => {
      const said = `${this.names[column]} = ${Number(value.toPrecision(6))}`;
      if (this.isWhole[column] && !Number.isInteger(value))
        refuse(`${said}, which is not whole`, 'Leave it out of integers.');
      const [low, high] = this.ranges.get(column) ?? [-Infinity, Infinity];
      if (value >= Math.fround(low) && value <= Math.fround(high)) return;
      refuse(`${said}, outside its range ${low} to ${high}`, 'Give a range that holds the example.');
    });
    for (const {name, columns} of this.groups) {
      const ones = columns.filter(column => x[column] === 1).length;
      const zeros = columns.filter(column => x[column] === 0).length;
      if (ones === 1 && zeros === columns.length - 1) continue;
      refuse(`no single 1 among the columns of '${name}'`, 'One-hot columns hold one 1, and zeros.');
    }
  }

  /** Within which float32 numbers the columns may change, one-hot columns aside: those stay as in `row`. */
  boundsOf(x: Float32Array, row: Float32Array): Bounds {
    const bounds = {low: new Float64Array(this.width), high: new Float64Array(this.width)};
    for (let column = 0; column < this.width; column++) {
      const value = x[column]!;
      let [low, high] = this.isFixed[column]
        ? [value, value]
        : (this.ranges.get(column) ?? this.spans[column]!);
      if (this.groupOf[column] !== undefined) low = high = row[column]!;
      else if (this.isWhole[column]) [low, high] = [Math.ceil(low), Math.floor(high)];
      // The example itself is always allowed, whatever the background holds.
      const own = this.groupOf[column] === undefined ? value : low;
      bounds.low[column] = Math.min(own, -floatBelow(-low));
      bounds.high[column] = Math.max(own, floatBelow(high));
    }
    return bounds;
  }

  /** `row` moved to where an example's counterfactuals may lie. */
  admit(row: Float32Array, x: Float32Array): Float32Array {
    const admitted = row.slice();
    for (const {columns, isFixed} of this.groups) {
      const one = columns.reduce((best, column) => (row[column]! > row[best]! ? column : best));
      columns.forEach(column => (admitted[column] = isFixed ? x[column]! : column === one ? 1 : 0));
    }
    const {low, high} = this.boundsOf(x, admitted);
    return admitted.map((value, column) =>
      Math.min(high[column]!, Math.max(low[column]!, this.isWhole[column] ? Math.round(value) : value)),
    );
  }

  /** Σ |change| / scale, and 1 for each category that changed. */
  distance(x: Float32Array, row: Float32Array): number {
    let distance = 0;
    for (let column = 0; column < this.width; column++) {
      const change = Math.abs(row[column]! - x[column]!);
      // Two columns change where a category does.
      distance += this.groupOf[column] === undefined ? change / this.scale[column]! : change / 2;
    }
    return distance;
  }

  /** What differs, by what it adds to the distance. */
  changes(x: Float32Array, row: Float32Array): FeatureChange[] {
    const changes: FeatureChange[] = [];
    for (const {name, columns} of this.groups) {
      const named = (values: Float32Array): string =>
        this.names[columns.find(column => values[column] === 1)!]!;
      const [from, to] = [named(x), named(row)];
      if (from !== to) changes.push({feature: name, from, to, distance: 1});
    }
    for (let column = 0; column < this.width; column++) {
      const [from, to] = [x[column]!, row[column]!];
      if (from === to || this.groupOf[column] !== undefined) continue;
      changes.push({feature: this.names[column]!, from, to, distance: (to - from) / this.scale[column]!});
    }
    return changes.sort((a, b) => Math.abs(b.distance) - Math.abs(a.distance));
  }

  /** Whether whole numbers are whole. */
  isAllowed(row: Float32Array): boolean {
    return this.isWhole.every((whole, column) => !whole || Number.isInteger(row[column]));
  }

  /** A row whose values come from the background, each from another example; without one from around the example. */
  draw(x: Float32Array, random: Random): Float32Array {
    const {background} = this;
    if (background === undefined) return x.map((value, i) => value + 2 * this.scale[i]! * random.normal());
    const drawn = new Float32Array(this.width);
    for (let column = 0; column < this.width; column++) {
      drawn[column] = background.data[random.integer(background.rows) * this.width + column]!;
    }
    return drawn;
  }

  private rangeOf(name: string, range: readonly [number, number]): readonly [number, number] {
    const [low, high] = Array.isArray(range) ? range : [NaN, NaN];
    const whole = this.isWhole[this.placeOf(name)];
    if (low <= high && (!whole || Math.ceil(low) <= Math.floor(high)))
      return [Math.max(low, -FARTHEST), Math.min(high, FARTHEST)];
    throw new ConfigurationError(`The range of '${name}' is ${JSON.stringify(range)}: nothing is in it.`, {
      hint: 'Give [least, most].',
      code: 'configuration/range',
    });
  }

  private placeOf(feature: FeatureReference, others: readonly string[] = []): number {
    const named = typeof feature === 'string' ? this.names.indexOf(feature) : -1;
    // The keys of a record are texts, so a number may come as one.
    const place = named >= 0 ? named : String(feature).trim() === '' ? -1 : Number(feature);
    if (this.names[place] !== undefined) return place;
    throw unknownName('feature', String(feature), [...this.names, ...others]);
  }
}

/** The median of |value − median|; where that is zero the mean of it, and 1 for what never changes. */
function deviation(sorted: Float64Array): number {
  const median = quantile(sorted, 0.5);
  const deviations = sorted.map(value => Math.abs(value - median)).sort();
  const mean = deviations.reduce((sum, value) => sum + value / sorted.length, 0);
  return quantile(deviations, 0.5) || mean || 1;
}

/** The largest float32 that is not above a number. */
function floatBelow(value: number): number {
  const near = Math.fround(value);
  if (near <= value) return near;
  const bits = new Int32Array(Float32Array.of(near).buffer);
  if (near === 0) return -1.4e-45;
  bits[0]! += near > 0 ? -1 : 1;
  return new Float32Array(bits.buffer)[0]!;
}
