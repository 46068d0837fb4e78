/**
 * Dividing n elements into parts, at random, in order, or with the same mix of classes in each.
 */
import {ConfigurationError, DataError} from '../core';
import type {Random} from '../core';

/** How large the parts are. */
export type PartSizes = {readonly fractions: readonly number[]} | {readonly sizes: readonly number[]};

/**
 * The number of elements in each part. Fractions are rounded by largest remainder, so that the parts together
 * have the fractions' total.
 */
export function partSizes(total: number, parts: PartSizes): number[] {
  const sizes = 'sizes' in parts ? [...parts.sizes] : apportion(total, parts.fractions);
  const sum = sizes.reduce((a, b) => a + b, 0);
  if (sum > total) {
    throw new DataError(`The parts have ${sum} elements together; the dataset has ${total}.`, {
      hint: 'Give smaller sizes.',
      code: 'data/split',
    });
  }
  const empty = sizes.indexOf(0);
  if (empty >= 0) {
    throw new DataError(`Part ${empty} of the split would have no element of ${total}.`, {
      hint: 'Give it a larger share.',
      code: 'data/split',
    });
  }
  return sizes;
}

/** Refuses parts that mean nothing, whatever the dataset. */
export function checkParts(parts: PartSizes): void {
  const fractions = 'fractions' in parts;
  // Callers without types may pass neither.
  const values: readonly number[] | undefined = fractions ? parts.fractions : parts.sizes;
  const name = fractions ? 'fractions' : 'sizes';
  if (values === undefined || values.length === 0) {
    throw new ConfigurationError(`split() got no ${name}.`, {
      hint: 'Pass {fractions: [0.8, 0.2]} or {sizes: [800, 200]}.',
      code: 'configuration/split',
    });
  }
  for (const value of values) {
    if (value > 0 && (fractions ? value <= 1 : Number.isInteger(value))) continue;
    throw new ConfigurationError(`split() got ${value} among its ${name}: [${values.join(', ')}].`, {
      hint: fractions ? 'Fractions lie between 0 and 1.' : 'Sizes are positive whole numbers.',
      code: 'configuration/split',
    });
  }
  const sum = values.reduce((a, b) => a + b, 0);
  if (fractions && sum > 1 + 1e-9) {
    throw new ConfigurationError(`The fractions [${values.join(', ')}] of split() add up to ${sum}.`, {
      hint: 'They may add up to 1 at most.',
      code: 'configuration/split',
    });
  }
}

/** `total` times each fraction in whole numbers; their sum is the rounded total of the fractions. */
function apportion(total: number, fractions: readonly number[]): number[] {
  const exact = fractions.map(fraction => fraction * total);
  // Products such as 0.29 × 100 fall a hair short of the whole number that is meant.
  const sizes = exact.map(size => Math.floor(size + 1e-9));
  let left = Math.min(total, Math.round(exact.reduce((a, b) => a + b, 0))) - sizes.reduce((a, b) => a + b, 0);
  const byRemainder = exact.map((size, i) => ({i, rest: size - sizes[i]!})).sort((a, b) => b.rest - a.rest);
  for (const {i} of byRemainder) if (left-- > 0) sizes[i]!++;
  return sizes;
}

/** Consecutive parts of `order`; what is left belongs to none. */
export function cut(order: Uint32Array, sizes: readonly number[]): Uint32Array[] {
  let begin = 0;
  return sizes.map(size => order.subarray(begin, (begin += size)));
}

/**
 * Parts of the given sizes, each with the classes' shares of the whole: of each class, a part gets the exact
 * share rounded down, or one more. The order within a part is random.
 *
 * @param labels The class of each element.
 * @throws DataError if a class has fewer members than there are parts.
 */
export function stratify(labels: readonly string[], sizes: readonly number[], random: Random): Uint32Array[] {
  const classes = new Map<string, number[]>();
  for (const index of random.permutation(labels.length)) {
    const label = labels[index]!;
    const members = classes.get(label);
    if (members === undefined) classes.set(label, [index]);
    else members.push(index);
  }
  for (const [label, members] of classes) {
    if (members.length >= sizes.length) continue;
    throw new DataError(
      `Class '${label}' has ${members.length} of ${labels.length} elements, for ${sizes.length} parts.`,
      {
        hint: 'A stratified split needs at least one a part: join rare classes, or split without stratify.',
        code: 'data/stratify',
      },
    );
  }
  // What belongs to no part is one more column, so that the shares of a class add up to its members.
  const rest = labels.length - sizes.reduce((a, b) => a + b, 0);
  const members = [...classes.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, indices]) => indices);
  const table = roundTable(
    members.map(indices => indices.length),
    [...sizes, rest],
  );
  return sizes.map((size, part) => {
    const chosen = members.flatMap((indices, row) => {
      const before = table[row]!.slice(0, part).reduce((a, b) => a + b, 0);
      return indices.slice(before, before + table[row]![part]!);
    });
    return random.permutation(size).map(i => chosen[i]!);
  });
}

/**
 * Whole numbers with these row and column sums, each the product rows[r]·columns[c]/total rounded down, or one more.
 * The cells that get one more are chosen row by row in the columns that need most (Gale 1957, Ryser 1957).
 */
function roundTable(rows: readonly number[], columns: readonly number[]): number[][] {
  const total = rows.reduce((a, b) => a + b, 0);
  const table = rows.map(row => columns.map(column => Math.floor((row * column) / total)));
  const missing = columns.map((column, c) => column - table.reduce((sum, row) => sum + row[c]!, 0));
  const shortOf = (r: number): number => rows[r]! - table[r]!.reduce((a, b) => a + b, 0);
  const largestFirst = rows.map((_, r) => ({r, short: shortOf(r)})).sort((a, b) => b.short - a.short);
  for (const {r, short} of largestFirst) {
    const neediest = columns
      .map((column, c) => ({c, need: missing[c]!, remainder: (rows[r]! * column) % total}))
      .sort((a, b) => b.need - a.need || b.remainder - a.remainder);
    for (const {c} of neediest.slice(0, short)) {
      table[r]![c]!++;
      missing[c]!--;
    }
  }
  return table;
}
