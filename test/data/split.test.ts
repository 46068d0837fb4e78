/** Parts of a dataset: disjoint, of the right size, with the right mix, and the same every time. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {beforeAll, describe, expect, it} from 'vitest';
import {Random} from '../../src/core';
import {Dataset} from '../../src/data';
import {range, read} from './helpers';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

interface Labelled {
  id: number;
  label: number;
}

/** Elements whose labels come in blocks, as sorted data has them. */
function labelled(counts: readonly number[]): Dataset<Labelled> {
  const labels = counts.flatMap((count, label) => new Array<number>(count).fill(label));
  return Dataset.fromArrays({id: range(labels.length), label: Uint8Array.from(labels)});
}

describe('split', () => {
  it.each([
    [10, [1 / 3, 1 / 3, 1 / 3], [4, 3, 3]],
    [10_000, [0.75, 0.05, 0.2], [7500, 500, 2000]],
    [100, [0.29, 0.57, 0.14], [29, 57, 14]],
    [7, [0.5, 0.5], [4, 3]],
    [10, [0.8], [8]],
    [9, [0.25, 0.25], [3, 2]],
  ])('of %i into %j gives %j', (total, fractions, sizes) => {
    const parts = Dataset.fromArrays(range(total)).split({fractions});
    expect(parts.map(part => part.size)).toEqual(sizes);
  });

  it('gives each element to one part, in random order, the same whatever the pass', async () => {
    const parts = Dataset.fromArrays(range(40)).split({sizes: [30, 10], seed: 5});
    const [a, b] = (await Promise.all(parts.map(part => read(part)))) as [number[], number[]];
    expect(new Set([...a, ...b])).toEqual(new Set(range(40)));
    expect(a).not.toEqual([...a].sort((x, y) => x - y));
    expect(await read(parts[0]!, {epoch: 3, seed: 8})).toEqual(a);
    const other = Dataset.fromArrays(range(40)).split({sizes: [30, 10], seed: 6});
    expect(new Set(await read(other[1]!))).not.toEqual(new Set(b));
  });

  it('keeps the order when told to', async () => {
    const [past, future] = Dataset.fromArrays(range(10)).split({fractions: [0.7, 0.3], shuffle: false});
    expect(await read(past!)).toEqual(range(7));
    expect(await read(future!)).toEqual([7, 8, 9]);
  });

  it('leaves out what the parts do not ask for', async () => {
    const [part] = Dataset.fromArrays(range(10)).split({fractions: [0.3]});
    expect(new Set(await read(part!)).size).toBe(3);
  });

  it('gathers batches of a part straight from the arrays, with their types', async () => {
    const [part] = labelled([6, 6]).split({sizes: [4], seed: 1});
    const elements = (await read(part!)) as Labelled[];
    const [batch] = await read(part!.batch(4));
    expect(batch).toEqual({
      id: {dtype: 'float32', shape: [4], values: elements.map(({id}) => id)},
      label: {dtype: 'int32', shape: [4], values: elements.map(({label}) => label)},
    });
  });

  it('can be split again, and stay apart', async () => {
    const [rest, test] = Dataset.fromArrays(range(20)).split({sizes: [15, 5]});
    const [train, validation] = rest!.split({sizes: [10, 5]});
    const all = await Promise.all([train!, validation!, test!].map(part => read(part)));
    expect(new Set(all.flat())).toEqual(new Set(range(20)));
  });
});

describe('a stratified split', () => {
  it('gives each part the exact share of each class, rounded down or one more', async () => {
    const random = new Random(11, 'stratify');
    for (let trial = 0; trial < 60; trial++) {
      const counts = range(2 + random.integer(5)).map(() => 4 + random.integer(40));
      const total = counts.reduce((a, b) => a + b, 0);
      const shares = range(2 + random.integer(3)).map(() => 0.2 + random.uniform());
      const whole = shares.reduce((a, b) => a + b, 0) + (trial % 2 === 0 ? 0 : 0.5);
      const fractions = shares.map(share => share / whole);
      const plainParts = labelled(counts).split({fractions});
      const parts = labelled(counts).split({fractions, stratify: ({label}) => label, seed: trial});
      const seen = new Set<number>();
      for (const [i, part] of parts.entries()) {
        const elements = (await read(part)) as Labelled[];
        expect(elements).toHaveLength(plainParts[i]!.size!);
        counts.forEach((count, label) => {
          const share = (count * elements.length) / total;
          const found = elements.filter(element => element.label === label).length;
          expect([Math.floor(share), Math.floor(share) + 1]).toContain(found);
        });
        for (const {id} of elements) seen.add(id);
      }
      expect(seen.size).toBe(parts.reduce((sum, part) => sum + part.size!, 0));
    }
  });

  it('mixes the classes within a part', async () => {
    const [part] = labelled([20, 20]).split({fractions: [0.5, 0.5], stratify: ({label}) => label});
    const labels = ((await read(part!)) as Labelled[]).map(({label}) => label);
    expect(labels.filter(label => label === 0)).toHaveLength(10);
    expect(labels.slice(0, 10)).not.toEqual(new Array(10).fill(labels[0]));
  });

  it('takes one-hot rows of a tensor as classes', async () => {
    const y = tf.tensor2d([
      [1, 0],
      [1, 0],
      [1, 0],
      [1, 0],
      [0, 1],
      [0, 1],
    ]);
    const before = tf.memory().numTensors;
    const [part] = Dataset.fromArrays([[1, 2, 3, 4, 5, 6], y]).split({
      sizes: [3, 3],
      stratify: ([, label]) => label,
    });
    const values = ((await read(part!)) as [number, unknown][]).map(([x]) => x);
    expect(values.filter(x => x > 4)).toHaveLength(1);
    expect(tf.memory().numTensors).toBe(before);
    y.dispose();
  });

  it('refuses a class with fewer members than parts: at once where the labels are in memory', () => {
    const make = (): unknown =>
      labelled([10, 1]).split({fractions: [0.5, 0.5], stratify: ({label}) => label});
    expect(make).toThrow(/Class '1' has 1 of 11 elements, for 2 parts/);
    expect(make).toThrow(expect.objectContaining({name: 'DataError', code: 'data/stratify'}));
  });

  it('refuses it at the first pass where they are not, and disposes what it read', async () => {
    const before = tf.memory().numTensors;
    const data = Dataset.fromIterable(() => range(5))
      .cache()
      .map(i => ({x: tf.scalar(i), label: i === 0 ? 'rare' : 'common'}));
    const [part] = data.split({fractions: [0.5, 0.5], stratify: ({label}) => label});
    await expect(part!.toArray()).rejects.toThrow(/Class 'rare' has 1/);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('kFold', () => {
  it('validates on each element once, and trains on the others', async () => {
    const folds = Dataset.fromArrays(range(11)).kFold(4, {seed: 2});
    expect(folds.map(({validation}) => validation.size)).toEqual([3, 3, 3, 2]);
    const validated: unknown[] = [];
    for (const {train, validation} of folds) {
      const [inside, outside] = [await read(train), await read(validation)];
      expect(new Set([...inside, ...outside])).toEqual(new Set(range(11)));
      expect(inside).toHaveLength(11 - outside.length);
      validated.push(...outside);
    }
    expect(new Set(validated)).toEqual(new Set(range(11)));
  });

  it('keeps the classes’ shares when stratified', async () => {
    const folds = labelled([20, 10]).kFold(5, {stratify: ({label}) => label});
    for (const {train, validation} of folds) {
      const ones = async (data: Dataset<Labelled>): Promise<number> =>
        (await data.toArray()).filter(({label}) => label === 1).length;
      expect([validation.size, await ones(validation), await ones(train)]).toEqual([6, 2, 8]);
    }
  });
});

describe('parts that mean nothing are refused:', () => {
  const data = Dataset.fromArrays(range(10));
  it.each([
    ['fractions over 1', () => data.split({fractions: [0.8, 0.3]}), 'ConfigurationError', /add up to 1\.1/],
    ['a negative fraction', () => data.split({fractions: [-0.1]}), 'ConfigurationError', /-0\.1/],
    ['no fractions', () => data.split({fractions: []}), 'ConfigurationError', /no fractions/],
    ['nothing at all', () => data.split({} as never), 'ConfigurationError', /no fractions|no sizes/],
    ['a broken size', () => data.split({sizes: [2.5]}), 'ConfigurationError', /2\.5/],
    [
      'sizes over the whole',
      () => data.split({sizes: [8, 3]}),
      'DataError',
      /11 elements together; the dataset has 10/,
    ],
    ['an empty part', () => data.split({fractions: [0.99, 0.01]}), 'DataError', /Part 1 .* no element of 10/],
    ['one fold', () => data.kFold(1), 'ConfigurationError', /folds is 1/],
    ['more folds than elements', () => data.kFold(11), 'DataError', /Part 10/],
    [
      'a stream',
      () => Dataset.fromIterable(() => [1]).split({sizes: [1]}),
      'ConfigurationError',
      /cache\(\)/,
    ],
    ['endless data', () => data.repeat().kFold(2), 'ConfigurationError', /endless/],
    ['shuffled data', () => data.shuffle().split({sizes: [1]}), 'ConfigurationError', /split\(\) first/],
    [
      'stratify without a function',
      () => data.split({sizes: [1], stratify: 3 as never}),
      'ConfigurationError',
      /function/,
    ],
    [
      'stratify in order',
      () => data.kFold(2, {stratify: x => x, shuffle: false}),
      'ConfigurationError',
      /cannot both/,
    ],
    [
      'a class that is none',
      () => data.split({sizes: [1], stratify: (() => undefined) as never}),
      'DataError',
      /undefined/,
    ],
    ['a seed of NaN', () => data.split({sizes: [1], seed: NaN}), 'ConfigurationError', /seed of split\(\)/],
  ])('%s', (_, make, name, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({name}));
  });
});
