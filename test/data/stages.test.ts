/** What each stage means. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {beforeAll, describe, expect, it} from 'vitest';
import {Dataset} from '../../src/data';
import {pause, range, read} from './helpers';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('shuffle', () => {
  it('brings every element to every place equally often', async () => {
    const data = Dataset.fromArrays(range(5)).shuffle();
    const counts = range(5).map(() => new Array<number>(5).fill(0));
    const epochs = 2000;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = await data.toArray({epoch});
      order.forEach((element, place) => counts[place]![element]!++);
    }
    const expected = epochs / 5;
    const chiSquared = counts.flat().reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 16 degrees of freedom: 39.3 is passed once in a thousand.
    expect(chiSquared).toBeLessThan(39.3);
  });

  it('through a buffer gives streams and arrays the same order, and none before its buffer allows', async () => {
    const values = range(200);
    const stream = await read(Dataset.fromIterable(() => values).shuffle({buffer: 16, seed: 2}));
    expect(await read(Dataset.fromArrays(values).shuffle({buffer: 16, seed: 2}))).toEqual(stream);
    expect(await read(Dataset.fromArrays(values).repeat().shuffle({buffer: 16, seed: 2}), {}, 180)).toEqual(
      stream.slice(0, 180),
    );
    expect(new Set(stream)).toEqual(new Set(values));
    stream.forEach((element, place) => expect(element).toBeLessThan(place + 16));
    expect(stream).not.toEqual(values);
  });

  it('says that the pipeline is shuffled', () => {
    const data = Dataset.fromArrays(range(3));
    expect(data.batch(2).shuffled).toBe(false);
    expect(data.shuffle().batch(2).prefetch(1).shuffled).toBe(true);
    expect(Dataset.zip([data, data.shuffle()]).shuffled).toBe(true);
  });
});

describe('random access', () => {
  it('is there over arrays and caches, and not over streams, filters and endless data', () => {
    const arrays = Dataset.fromArrays(range(3));
    const stream = Dataset.fromIterable(() => range(3), {size: 3});
    const reachable = [
      arrays,
      arrays
        .map(x => x)
        .batch(2)
        .prefetch(1),
      stream.cache(),
      arrays.repeat(3),
    ];
    const streams = [stream, arrays.filter(() => true), arrays.repeat(), Dataset.zip([arrays, stream])];
    expect(reachable.map(data => data.randomAccess)).toEqual([true, true, true, true]);
    expect(streams.map(data => data.randomAccess)).toEqual([false, false, false, false]);
  });
});

describe('take, skip and repeat', () => {
  it('are what they say', async () => {
    const data = Dataset.fromArrays(range(5));
    expect(await read(data.take(2))).toEqual([0, 1]);
    expect(await read(data.take(9))).toEqual(range(5));
    expect(await read(data.skip(3))).toEqual([3, 4]);
    expect(await read(data.skip(9))).toEqual([]);
    expect(await read(data.take(2).repeat(3))).toEqual([0, 1, 0, 1, 0, 1]);
    expect(await read(data.repeat().skip(4), {}, 3)).toEqual([4, 0, 1]);
    expect(await read(data.repeat(0))).toEqual([]);
  });

  it('know their sizes', () => {
    const data = Dataset.fromArrays(range(5));
    const sizes = [
      data.take(2),
      data.skip(2),
      data.skip(9),
      data.repeat(3),
      data.repeat(),
      data.repeat().take(7),
    ];
    expect(sizes.map(piped => piped.size)).toEqual([2, 3, 0, 15, Infinity, 7]);
    const stream = Dataset.fromIterable(() => range(5));
    expect([stream.take(2).size, stream.repeat().size, stream.batch(2).size]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(data.filter(() => true).size).toBeUndefined();
    expect(Dataset.zip([data, data.take(3).repeat()]).size).toBe(5);
  });

  it('an endless repeat of nothing is an error, not a hang', async () => {
    const nothing = Dataset.fromArrays(range(5))
      .filter(x => x > 9)
      .repeat();
    await expect(read(nothing)).rejects.toMatchObject({code: 'data/empty'});
  });
});

describe('map', () => {
  it('tells the function the position and the epoch', async () => {
    const data = Dataset.fromArrays([5, 6]).map((x, {index, epoch}) => [x, index, epoch]);
    expect(await read(data, {epoch: 3, start: 1})).toEqual([[6, 1, 3]]);
  });

  it('runs as many calls at a time as allowed, and keeps the order', async () => {
    let running = 0;
    let most = 0;
    const data = Dataset.fromArrays(range(12)).map(
      async x => {
        most = Math.max(most, ++running);
        await pause(x % 2 === 0 ? 4 : 1);
        running--;
        return x;
      },
      {concurrency: 3},
    );
    expect(await read(data)).toEqual(range(12));
    expect(most).toBe(3);
    expect(new Set(await read(data.shuffle()))).toEqual(new Set(range(12)));
    expect(most).toBe(3);
  });
});

describe('zip', () => {
  it('puts tuples and records together, with types from each part', async () => {
    const labels = Dataset.fromArrays({id: Uint8Array.of(1, 2)});
    const values = Dataset.fromArrays([[0.5, 1.5]]);
    const [batch] = await read(
      Dataset.zip([labels, values])
        .filter(() => true)
        .batch(2),
    );
    expect(batch).toEqual([
      {id: {dtype: 'int32', shape: [2], values: [1, 2]}},
      [{dtype: 'float32', shape: [2], values: [0.5, 1.5]}],
    ]);
    expect(await read(Dataset.zip({a: labels, b: values}))).toEqual([
      {a: {id: 1}, b: [0.5]},
      {a: {id: 2}, b: [1.5]},
    ]);
  });

  it('shuffles branches of one shape alike under the seed of the pass', async () => {
    const branch = Dataset.fromArrays(range(30)).shuffle();
    for (const [a, b] of (await read(Dataset.zip([branch, branch]), {seed: 8})) as number[][])
      expect(a).toBe(b);
  });
});

describe('cache', () => {
  /** A stream that counts how often it is read, and uses one buffer for all elements. */
  function counted(): {data: Dataset<{buffer: Float32Array; tensor: tf.Tensor}>; passes: () => number} {
    let passes = 0;
    const data = Dataset.fromIterable(function* () {
      passes++;
      const buffer = new Float32Array(1);
      for (let i = 0; i < 4; i++) {
        buffer[0] = i;
        yield {buffer, tensor: tf.tensor1d([i, i * i])};
      }
    });
    return {data, passes: () => passes};
  }

  it('reads its source once, after one complete pass, and keeps copies', async () => {
    const before = tf.memory().numTensors;
    const {data, passes} = counted();
    const cached = data.cache();
    await read(cached, {}, 2);
    expect(passes()).toBe(1);
    const first = await read(cached);
    expect(await read(cached)).toEqual(first);
    expect(await read(cached, {start: 3})).toEqual(first.slice(3));
    expect(passes()).toBe(2);
    expect((first as {buffer: number[]}[]).map(({buffer}) => buffer[0])).toEqual([0, 1, 2, 3]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('brings a stream within reach of shuffle and split', async () => {
    const {data, passes} = counted();
    const cached = data.cache().map(({tensor}) => tensor.dataSync()[0]!);
    const [a, b] = cached.split({sizes: [3, 1]});
    expect(a!.size).toBeUndefined();
    const all = [...(await read(a!)), ...(await read(b!))];
    expect(all).toHaveLength(4);
    expect(new Set(all)).toEqual(new Set(range(4)));
    expect(await read(cached.shuffle({seed: 1}))).toHaveLength(4);
    expect(passes()).toBe(1);
  });

  it('holds what epoch 0 gives, whichever epoch comes first', async () => {
    const noisy = (): Dataset<number> =>
      Dataset.fromArrays(range(6)).map((x, {random}) => x + random.uniform());
    const late = await read(noisy().cache(), {epoch: 4, seed: 3});
    const early = noisy().cache();
    expect(await read(early, {epoch: 0, seed: 3})).toEqual(late);
    expect(await read(early, {epoch: 9, seed: 3})).toEqual(late);
    expect(await read(early, {epoch: 0, seed: 4})).not.toEqual(late);
    expect(late).toEqual(await read(noisy(), {epoch: 0, seed: 3}));
  });
});

describe('fromIterable', () => {
  it('calls its function for each pass', async () => {
    let calls = 0;
    const data = Dataset.fromIterable(() => [++calls]).repeat(2);
    expect(await read(data)).toEqual([1, 2]);
    expect(await read(data)).toEqual([3, 4]);
  });

  it('reads arrays, generators, sets and asynchronous streams', async () => {
    expect(await read(Dataset.fromIterable(() => new Set([1, 2])))).toEqual([1, 2]);
    const stream = (): ReadableStream<number> =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(7);
          controller.close();
        },
      });
    expect(await read(Dataset.fromIterable(stream))).toEqual([7]);
  });

  it('refuses an iterator that comes a second time', async () => {
    const generator = (function* () {
      yield 1;
    })();
    const data = Dataset.fromIterable(() => generator);
    expect(await read(data)).toEqual([1]);
    await expect(read(data)).rejects.toMatchObject({name: 'DataError', code: 'data/not-restartable'});
  });

  it('refuses another number of elements than it was told', async () => {
    await expect(read(Dataset.fromIterable(() => range(3), {size: 4}))).rejects.toThrow(
      /4 elements and ended after 3/,
    );
    await expect(read(Dataset.fromIterable(() => range(3), {size: 2}))).rejects.toThrow(
      /2 elements and gives more/,
    );
    expect(await read(Dataset.fromIterable(() => range(3), {size: 9}).take(2))).toEqual([0, 1]);
  });

  it('refuses what cannot be iterated', async () => {
    await expect(read(Dataset.fromIterable(() => 5 as never))).rejects.toMatchObject({code: 'data/source'});
  });
});

describe('arguments that mean nothing are refused at once:', () => {
  const data = Dataset.fromArrays(range(4));
  const stream = Dataset.fromIterable(() => range(4));
  it.each([
    ['batch(0)', () => data.batch(0), /batch size is 0.*at least 1/],
    ['batch(1.5)', () => data.batch(1.5), /batch size is 1\.5/],
    ['take(-1)', () => data.take(-1), /take\(\) is -1/],
    ['skip(NaN)', () => data.skip(NaN), /skip\(\) is NaN/],
    ['skip(Infinity)', () => data.skip(Infinity), /skip\(\) is Infinity/],
    ['repeat(-2)', () => data.repeat(-2), /repeat\(\) is -2.*Infinity/],
    ['prefetch(0)', () => data.prefetch(0), /prefetch\(\) is 0/],
    ['a buffer of 0', () => data.shuffle({buffer: 0}), /buffer.*is 0/],
    ['a seed of 0.5', () => data.shuffle({seed: 0.5}), /seed of shuffle\(\) is 0\.5.*whole/],
    ['a full shuffle of a stream', () => stream.shuffle(), /shuffle\({buffer: 1024}\)/],
    ['a full shuffle of endless data', () => data.repeat().shuffle(), /stream or endless/],
    ['map without a function', () => data.map(3 as never), /map\(\) takes a function, got number/],
    ['filter without a function', () => data.filter(null as never), /filter\(\) takes a function, got null/],
    ['no concurrency', () => data.map(x => x, {concurrency: 0}), /concurrency of map\(\) is 0/],
    ['an endless cache', () => data.repeat().cache(), /never be complete/],
    ['zip of nothing', () => Dataset.zip([]), /zip\(\) takes/],
    ['zip of an array', () => Dataset.zip([data, [1, 2]] as never), /zip\(\) takes/],
    [
      'an iterable in place of a function',
      () => Dataset.fromIterable([1, 2] as never),
      /fromIterable\(\(\) => iterable\)/,
    ],
    [
      'a negative size',
      () => Dataset.fromIterable(() => [], {size: -1}),
      /size given to fromIterable\(\) is -1/,
    ],
    ['a negative epoch', () => data.iterate({epoch: -1}), /epoch of iterate\(\) is -1/],
    ['a broken start', () => data.iterate({start: 0.5}), /start of iterate\(\) is 0\.5/],
    ['a broken seed', () => data.iterate({seed: NaN}), /seed of iterate\(\) is NaN/],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({name: 'ConfigurationError'}));
  });

  it('toArray of endless data', async () => {
    await expect(data.repeat().toArray()).rejects.toMatchObject({name: 'ConfigurationError'});
  });
});
