/** Who disposes which tensor: whatever ends a pass, only what the reader was given is left. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {Dataset} from '../../src/data';
import {pause, range, read} from './helpers';

let before = 0;
beforeAll(async () => {
  await tf.setBackend('cpu');
});
beforeEach(() => {
  before = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(before);
});

/** A stream of two tensors an element that remembers how it was ended. */
function tensorStream(count: number): {data: Dataset<{x: tf.Tensor; y: tf.Tensor}>; closed: () => number} {
  let closed = 0;
  const data = Dataset.fromIterable(async function* () {
    try {
      for (let i = 0; i < count; i++) {
        if (i % 4 === 0) await pause();
        yield {x: tf.fill([2, 3], i), y: tf.scalar(i)};
      }
    } finally {
      closed++;
    }
  });
  return {data, closed: () => closed};
}

describe('a pipeline that stops early', () => {
  it('gives back what shuffle, batch, take and prefetch hold (tfjs-data leaves 256, 26 and 10 tensors here)', async () => {
    const {data} = tensorStream(300);
    await read(data.shuffle({buffer: 256}).batch(32).take(2));
    await read(data.prefetch(4), {}, 3);
    await read(data.batch(16).prefetch(2).take(2));
    await read(data.batch(16), {}, 1);
  });

  it('closes the source once, however it is left', async () => {
    for (const stop of ['take', 'break', 'return twice'] as const) {
      const {data, closed} = tensorStream(50);
      const piped = data.shuffle({buffer: 8}).prefetch(3).batch(2);
      if (stop === 'take') await read(piped.take(2));
      else if (stop === 'break') {
        for await (const batch of piped) {
          tf.dispose([batch.x, batch.y]);
          break;
        }
      } else {
        const iterator = piped.iterate();
        const item = await iterator.next();
        tf.dispose(Object.values(item.value!));
        await iterator.return();
        expect(await iterator.return()).toEqual({done: true, value: undefined});
        expect(await iterator.next()).toEqual({done: true, value: undefined});
      }
      expect(closed(), stop).toBe(1);
    }
  });

  it('never opens the source when it is left before the first element', async () => {
    let opened = 0;
    const data = Dataset.fromIterable(() => {
      opened++;
      return [1];
    });
    await data.batch(2).iterate().return();
    await read(data.take(0));
    expect(opened).toBe(0);
  });

  it('waits for concurrent maps at work and disposes their results', async () => {
    let running = 0;
    const {data} = tensorStream(20);
    const piped = data.map(
      async ({x}) => {
        running++;
        await pause(5);
        running--;
        return tf.square(x);
      },
      {concurrency: 6},
    );
    const iterator = piped.iterate();
    tf.dispose((await iterator.next()).value);
    expect(running).toBeGreaterThan(0);
    await iterator.return();
    expect(running).toBe(0);
  });
});

describe('filter, skip and zip', () => {
  it('dispose what they leave out', async () => {
    const {data} = tensorStream(12);
    const even = data.filter(({y}) => tf.square(y).dataSync()[0]! % 2 === 0).skip(1);
    const values = (await read(even)) as {y: {values: number[]}}[];
    expect(values.map(({y}) => y.values[0])).toEqual([2, 4, 6, 8, 10]);
  });

  it('stop with the shortest part and give the others back', async () => {
    const long = tensorStream(30);
    const short = tensorStream(3);
    const zipped = Dataset.zip({long: long.data.prefetch(5), short: short.data});
    expect(await read(zipped)).toHaveLength(3);
    expect([long.closed(), short.closed()]).toEqual([1, 1]);
  });
});

describe('map', () => {
  it('disposes the tensors of the element that the result does not hold, and keeps those that it does', async () => {
    const {data} = tensorStream(2);
    const swapped = data.map(({x, y}) => ({same: x, other: tf.add(y, tf.scalar(1))}));
    for await (const {same, other} of swapped) {
      expect([same.isDisposed, other.isDisposed]).toEqual([false, false]);
      tf.dispose([same, other]);
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  it('keeps what an asynchronous function made before it waited, and tidies the rest of it', async () => {
    const {data} = tensorStream(3);
    const doubled = data.map(async ({x}) => {
      const unused = tf.square(x);
      const two = tf.scalar(2);
      await pause();
      expect([unused.isDisposed, two.isDisposed]).toEqual([false, false]);
      const product = tf.mul(x, two);
      return product;
    });
    const values = (await read(doubled)) as {values: number[]}[];
    expect(values.map(({values: [first]}) => first)).toEqual([0, 2, 4]);
  });

  it.each([1, 4])('gives an error out once, with %i at a time, and leaves nothing', async concurrency => {
    for (const asynchronous of [false, true]) {
      const {data, closed} = tensorStream(20);
      const fail = (x: tf.Tensor): tf.Tensor => {
        const squared = tf.square(x);
        if (x.dataSync()[0] === 5) throw new Error('five');
        return squared;
      };
      const piped = data.map<tf.Tensor>(asynchronous ? async ({x}) => fail(x) : ({x}) => fail(x), {
        concurrency,
      });
      const iterator = piped.batch(2).prefetch(2).iterate();
      for (let i = 0; i < 2; i++) tf.dispose((await iterator.next()).value);
      await expect(iterator.next()).rejects.toThrow('five');
      expect(await iterator.next()).toEqual({done: true, value: undefined});
      expect(closed()).toBe(1);
      expect(tf.memory().numTensors).toBe(before);
    }
  });
});

describe('errors', () => {
  it('of a source come after the elements before them, once', async () => {
    const data = Dataset.fromIterable(async function* () {
      yield tf.scalar(1);
      yield tf.scalar(2);
      throw new Error('broken');
    });
    for (const piped of [
      data.prefetch(8),
      data.map(x => x, {concurrency: 8}),
      data.shuffle({buffer: 1}),
      data.repeat(),
    ]) {
      const iterator = piped.iterate();
      tf.dispose((await iterator.next()).value);
      if (piped.shuffled)
        await expect(iterator.next().then(item => tf.dispose(item.value))).resolves.toBeUndefined();
      else tf.dispose((await iterator.next()).value);
      await expect(iterator.next()).rejects.toThrow('broken');
      expect((await iterator.next()).done).toBe(true);
    }
  });

  it('in a batch, a zip, a filter and toArray leave nothing', async () => {
    const ragged = Dataset.fromIterable(function* () {
      yield {a: tf.scalar(1), b: tf.zeros([2])};
      yield {a: tf.scalar(1), b: tf.zeros([3])};
    });
    await expect(ragged.batch(2).toArray()).rejects.toThrow(/differ in shape at 'b': \[3\] and \[2\]/);
    const failing = (): Dataset<tf.Tensor> =>
      Dataset.fromIterable(function* () {
        yield tf.scalar(1);
        throw new Error('source');
      });
    await expect(Dataset.zip([tensorStream(5).data, failing()]).toArray()).rejects.toThrow('source');
    await expect(failing().cache().shuffle().toArray()).rejects.toThrow('source');
    const filtered = tensorStream(5).data.filter(() => {
      throw new Error('predicate');
    });
    await expect(filtered.toArray()).rejects.toThrow('predicate');
  });
});

describe('tensors of arrays', () => {
  it('stay the caller’s, and may be disposed once the first pass has begun', async () => {
    const x = tf.tensor2d([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const data = Dataset.fromArrays([x, [7, 8, 9]]);
    const first = await read(data.batch(3));
    expect(x.isDisposed).toBe(false);
    x.dispose();
    expect(await read(data.batch(3))).toEqual(first);
  });

  it('are refused once disposed', async () => {
    const x = tf.tensor1d([1]);
    const data = Dataset.fromArrays({x});
    x.dispose();
    await expect(data.toArray()).rejects.toMatchObject({name: 'DataError', code: 'data/disposed'});
  });
});

describe('the iterator', () => {
  it('answers overlapping calls in order', async () => {
    const iterator = Dataset.fromArrays(range(4))
      .map(async x => {
        await pause(3 - x);
        return x;
      })
      .iterate();
    const items = await Promise.all(range(5).map(() => iterator.next()));
    expect(items.map(item => item.value)).toEqual([0, 1, 2, 3, undefined]);
  });

  it('reads ahead while the reader is busy, and not further than prefetch says', async () => {
    let made = 0;
    const data = Dataset.fromIterable(async function* () {
      for (;;) {
        await pause();
        yield made++;
      }
    });
    const iterator = data.prefetch(3).iterate();
    await iterator.next();
    await pause(30);
    expect(made).toBe(4);
    await iterator.return();
  });
});
