/** A pass can start anywhere and end anywhere, for any pipeline. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {beforeAll, describe, expect, it} from 'vitest';
import {Random} from '../../src/core';
import {Dataset} from '../../src/data';
import {pause, range, read, readIterator} from './helpers';

type Pipeline = Dataset<unknown>;

const LIMIT = 24;

const sources: Record<string, (n: number) => Pipeline> = {
  numbers: n => Dataset.fromArrays(range(n)),
  rows: n =>
    Dataset.fromArrays({
      x: {values: Float32Array.from(range(2 * n)), shape: [n, 2]},
      y: Int32Array.from(range(n)),
    }),
  stream: n => Dataset.fromIterable(() => range(n)),
  sizedStream: n => Dataset.fromIterable(() => range(n), {size: n}),
  asyncTensors: n =>
    Dataset.fromIterable(async function* () {
      for (let i = 0; i < n; i++) {
        if (i % 3 === 0) await pause();
        yield {x: tf.tensor1d([i, -i]), y: i};
      }
    }),
};

/** Any element into a number that depends on all of it. */
function digest(element: unknown): number {
  if (typeof element === 'number') return element;
  if (typeof element === 'string') return element.length;
  if (element instanceof tf.Tensor)
    return [...element.dataSync()].reduce((sum, value) => sum * 1.5 + value, element.rank);
  if (ArrayBuffer.isView(element))
    return [...(element as Float32Array)].reduce((sum, value) => sum * 1.5 + value, 1);
  return Object.values(element as object).reduce<number>((sum, value) => sum * 1.25 + digest(value), 0);
}

const stages: Record<string, (data: Pipeline, random: Random) => Pipeline> = {
  shuffle: data => (data.size === Infinity ? data : data.shuffle()),
  seededShuffle: (data, random) => (data.size === Infinity ? data : data.shuffle({seed: random.integer(9)})),
  bufferedShuffle: (data, random) => data.shuffle({buffer: 1 + random.integer(6)}),
  batch: (data, random) => data.batch(1 + random.integer(4), {dropRemainder: random.uniform() < 0.3}),
  map: data =>
    data.map((element, {random, index, epoch}) => [digest(element), random.uniform(), index, epoch]),
  asyncMap: (data, random) =>
    data.map(
      async (element, context) => {
        const value = tf.scalar(digest(element));
        if (context.index % 2 === 0) await pause();
        return {value, noise: context.random.normal()};
      },
      {concurrency: 1 + random.integer(4)},
    ),
  filter: data => data.filter((element, {random}) => random.uniform() < 0.8 || digest(element) < 2),
  take: (data, random) => data.take(random.integer(12)),
  skip: (data, random) => data.skip(random.integer(4)),
  repeat: (data, random) => data.repeat(random.integer(4)),
  endless: data => data.repeat(),
  prefetch: (data, random) => data.prefetch(1 + random.integer(5)),
  cache: data => (data.size === Infinity ? data : data.cache()),
  zipWithItself: data => Dataset.zip([data, data.map((_, {index}) => index)]),
  zipArrays: data => Dataset.zip({a: Dataset.fromArrays(Uint8Array.from(range(9))).shuffle(), b: data}),
};

/** A random pipeline; a stage that refuses what it stands on (a full shuffle of a stream) is left out. */
function build(random: Random): {name: string; make: () => Pipeline} {
  const pick = <V>(record: Record<string, V>): [string, V] => {
    const entries = Object.entries(record);
    return entries[random.integer(entries.length)]!;
  };
  const [sourceName, source] = pick(sources);
  const size = 1 + random.integer(11);
  const chosen = range(1 + random.integer(5)).map(() => ({stage: pick(stages), seed: random.bits()}));
  const make = (): Pipeline => {
    let data = source(size);
    for (const {stage, seed} of chosen) {
      try {
        data = stage[1](data, new Random(seed));
      } catch (error) {
        if (!(error as Error).message.startsWith('shuffle()')) throw error;
      }
    }
    return data;
  };
  return {name: `${sourceName}(${size}) → ${chosen.map(({stage}) => stage[0]).join(' → ')}`, make};
}

/** Whether a pipeline is empty in a way that it refuses at the first element. */
async function firstPass(data: Pipeline, epoch: number): Promise<unknown[] | undefined> {
  try {
    return await read(data, {epoch, seed: 5}, LIMIT);
  } catch (error) {
    if ((error as {code?: string}).code === 'data/empty') return undefined;
    throw error;
  }
}

describe('a pass of any pipeline', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  const random = new Random(2024, 'pipelines');
  const pipelines = range(250).map(() => build(random));

  it('goes on from any position with exactly what remains, and leaves no tensor wherever it stops', async () => {
    const before = tf.memory().numTensors;
    let compared = 0;
    for (const {name, make} of pipelines) {
      const data = make();
      for (const epoch of [0, 3]) {
        const whole = await firstPass(data, epoch);
        if (whole === undefined) continue;
        for (let start = 0; start <= whole.length; start += 1 + (start % 3)) {
          // A dataset of its own: nothing may depend on what was read before.
          const iterator = make().iterate({epoch, seed: 5, start});
          const rest = await readIterator(iterator, whole.length - start);
          expect(rest, `${name}, epoch ${epoch}, from ${start}`).toEqual(whole.slice(start));
          expect(iterator.position, name).toBe(whole.length);
          compared += rest.length;
        }
        expect(tf.memory().numTensors, name).toBe(before);
      }
    }
    expect(compared).toBeGreaterThan(5000);
  }, 60_000);

  it('has as many elements as `size` says', async () => {
    let known = 0;
    for (const {name, make} of pipelines) {
      const data = make();
      if (data.size === undefined || data.size > 200) continue;
      known++;
      expect((await firstPass(data, 1))?.length, name).toBe(Math.min(data.size, LIMIT));
    }
    expect(known).toBeGreaterThan(100);
  }, 60_000);
});

describe('the epoch and the seed', () => {
  it('change the order of a shuffle without a seed of its own, and nothing else does', async () => {
    const data = Dataset.fromArrays(range(50)).shuffle();
    const first = await read(data, {epoch: 0, seed: 1});
    expect(await read(data, {epoch: 0, seed: 1})).toEqual(first);
    expect(await read(data, {epoch: 1, seed: 1})).not.toEqual(first);
    expect(await read(data, {epoch: 0, seed: 2})).not.toEqual(first);
    expect(new Set(first)).toEqual(new Set(range(50)));
  });

  it('leave a shuffle with its own seed to the epoch', async () => {
    const data = Dataset.fromArrays(range(50)).shuffle({seed: 3});
    expect(await read(data, {seed: 1})).toEqual(await read(data, {seed: 2}));
    expect(await read(data, {epoch: 0})).not.toEqual(await read(data, {epoch: 1}));
  });

  it('give each round of a repeat its own order', async () => {
    const values = await read(Dataset.fromArrays(range(20)).shuffle().repeat(2));
    expect(values.slice(0, 20)).not.toEqual(values.slice(20));
    expect(new Set(values.slice(20))).toEqual(new Set(range(20)));
  });

  it('give two shuffles and two maps in a pipeline different draws', async () => {
    const noise = Dataset.fromArrays(range(4))
      .map((_, {random}) => [random.uniform()])
      .map(([a], {random}) => [a!, random.uniform()]);
    for (const [a, b] of (await read(noise)) as number[][]) expect(a).not.toBe(b);
  });

  it('give a random map the same draws whatever its concurrency', async () => {
    const source = Dataset.fromArrays(range(20));
    const jitter = async (x: number, {random}: {random: Random}): Promise<number> => {
      await pause(x % 3);
      return x + random.normal();
    };
    const serial = await read(source.map(jitter), {epoch: 2, seed: 9});
    expect(await read(source.map(jitter, {concurrency: 7}), {epoch: 2, seed: 9})).toEqual(serial);
  });
});

describe('jumping into a pass over arrays', () => {
  it('reads no element before the position, through shuffle, repeat, map, zip and batch', async () => {
    const seen: number[] = [];
    const data = Dataset.zip([Dataset.fromArrays(range(1000)).shuffle(), Dataset.fromArrays(range(1000))])
      .map(pair => {
        seen.push(pair[0]);
        return pair;
      })
      .batch(10)
      .repeat();
    await read(data, {start: 100_042}, 1);
    expect(seen).toHaveLength(10);
  });

  it('keeps rows as views of the source, without a copy', async () => {
    const values = Float32Array.from(range(6));
    const data = Dataset.fromArrays({values, shape: [3, 2]}).skip(1);
    const [row] = await data.toArray();
    expect(row!.values.buffer).toBe(values.buffer);
    expect([...row!.values]).toEqual([2, 3]);
  });
});
