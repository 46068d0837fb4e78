/**
 * Kernels that tfjs's WASM backend lacks.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {useBackend} from '../../src/backend';

let tfjsName = '';

beforeAll(async () => {
  tfjsName = (await useBackend('wasm')).tfjsName;
});

const counts = (): number[] => [tf.memory().numTensors, tf.engine().backend.numDataIds()];
let before: number[] = [];

beforeEach(async () => {
  await tf.setBackend(tfjsName);
  before = counts();
});

afterEach(() => {
  expect(counts()).toEqual(before);
});

/** Asserts that plain tfjs refuses `compute` on WASM, then gives its numbers on the repaired backend. */
async function onlyRepaired(compute: () => Tensor): Promise<number[]> {
  await tf.setBackend('wasm');
  expect(() => tf.tidy(compute)).toThrow();
  await tf.setBackend(tfjsName);
  return tf.tidy(() => Array.from(compute().dataSync()));
}

function close(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  expected.forEach((value, i) => expect(found[i]).toBeCloseTo(value, 5));
}

test('every kernel of the CPU backend exists', () => {
  const names = (backend: string): string[] =>
    tf.getKernelsForBackend(backend).map(({kernelName}) => kernelName);
  const has = new Set(names(tfjsName));
  expect(names('cpu').filter(name => !has.has(name))).toEqual([]);
  const hadBefore = new Set(names('wasm'));
  expect(names('cpu').filter(name => !hadBefore.has(name))).not.toEqual([]);
});

describe('complex numbers', () => {
  const z = (): Tensor => tf.complex([1, -2, 3], [4, 5, -6]);

  test('come apart again', async () => {
    expect(await onlyRepaired(() => tf.real(z()))).toEqual([1, -2, 3]);
    expect(tf.tidy(() => Array.from(tf.imag(z()).dataSync()))).toEqual([4, 5, -6]);
    expect(tf.tidy(() => Array.from(z().dataSync()))).toEqual([1, 4, -2, 5, 3, -6]);
  });

  test('have an absolute value', async () => {
    close(await onlyRepaired(() => tf.abs(tf.complex([3, -5], [4, 12]))), [5, 13]);
  });

  test('are added, multiplied, joined and cast', () => {
    tf.tidy(() => {
      expect(Array.from(tf.add(z(), z()).dataSync())).toEqual([2, 8, -4, 10, 6, -12]);
      // (1 + 4i)², (-2 + 5i)², (3 - 6i)²
      expect(Array.from(tf.mul(z(), z()).dataSync())).toEqual([-15, 8, -21, -20, -27, -36]);
      expect(Array.from(tf.sub(z(), z()).dataSync())).toEqual([0, 0, 0, 0, 0, 0]);
      expect(Array.from(tf.concat([z(), z()]).dataSync())).toHaveLength(12);
      expect(Array.from(tf.cast(tf.tensor1d([1, 2]), 'complex64').dataSync())).toEqual([1, 0, 2, 0]);
      expect(Array.from(tf.cast(z(), 'float32').dataSync())).toEqual([1, -2, 3]);
      expect(Array.from(tf.zerosLike(z()).dataSync())).toEqual([0, 0, 0, 0, 0, 0]);
      expect(Array.from(tf.reshape(tf.clone(z()), [3, 1]).dataSync())).toEqual([1, 4, -2, 5, 3, -6]);
    });
  });

  test('survive the disposal of what they were made from', () => {
    const [real, imag] = [tf.tensor1d([1]), tf.tensor1d([2])];
    const made = tf.complex(real, imag);
    const clone = made.clone();
    tf.dispose([real, imag, made]);
    expect(Array.from(clone.dataSync())).toEqual([1, 2]);
    clone.dispose();
  });
});

describe('Fourier transforms', () => {
  test('of four points are as worked out by hand', async () => {
    // [1, 2, 3, 4] has the transform [10, -2 + 2i, -2, -2 - 2i].
    const found = await onlyRepaired(() => tf.fft(tf.complex([1, 2, 3, 4], [0, 0, 0, 0])));
    close(found, [10, 0, -2, 2, -2, 0, -2, -2]);
  });

  test('are undone by their inverse, for any length and in batches', () => {
    const real = [1, 2, 3, 4, 5, 7];
    const back = tf.tidy(() =>
      tf.real(tf.ifft(tf.fft(tf.complex(tf.tensor(real, [2, 3]), tf.zeros([2, 3]))))).dataSync(),
    );
    close(Array.from(back), real);
  });

  test('of real numbers work too', () => {
    const found = tf.tidy(() => tf.irfft(tf.rfft(tf.tensor2d([[1, 2, 3, 4]]))).dataSync());
    close(Array.from(found), [1, 2, 3, 4]);
  });
});

describe('einsum', () => {
  test('multiplies matrices', async () => {
    const a = (): Tensor => tf.tensor2d([1, 2, 3, 4], [2, 2]);
    expect(await onlyRepaired(() => tf.einsum('ij,jk->ik', a(), a()))).toEqual([7, 10, 15, 22]);
  });

  test('takes whole numbers', () => {
    const a = tf.tensor2d([1, 2, 3, 4], [2, 2], 'int32');
    const product = tf.einsum('ij,kj->ik', a, a);
    expect(product.dtype).toBe('int32');
    expect(Array.from(product.dataSync())).toEqual([5, 11, 11, 25]);
    tf.dispose([a, product]);
  });

  test('of one operand that comes back as it is, is another tensor', () => {
    const a = tf.tensor1d([1, 2]);
    const same = tf.einsum('i->i', a);
    a.dispose();
    expect(Array.from(same.dataSync())).toEqual([1, 2]);
    same.dispose();
  });

  test('refuses sizes that do not fit, and leaves nothing behind', () => {
    expect(() => tf.tidy(() => tf.einsum('ij,jk->ik', tf.ones([2, 3]), tf.ones([2, 3])))).toThrow(
      'Expected dimension',
    );
  });
});

describe('strings and ragged tensors', () => {
  test('text is replaced by a pattern', async () => {
    const replace = (): Tensor => tf.string.staticRegexReplace(tf.tensor1d(['abc', 'cab']), 'a', 'x', true);
    await tf.setBackend('wasm');
    expect(() => tf.tidy(replace)).toThrow("Kernel 'StaticRegexReplace' not registered");
    await tf.setBackend(tfjsName);
    expect(tf.tidy(() => Array.from(replace().dataSync<'string'>()))).toEqual(['xbc', 'cxb']);
  });

  test('ragged ranges are listed', () => {
    tf.tidy(() => {
      const {rtNestedSplits, rtDenseValues} = tf.raggedRange(
        tf.tensor1d([0, 5]),
        tf.tensor1d([3, 7]),
        tf.tensor1d([1, 1]),
      );
      expect(Array.from((rtNestedSplits as Tensor).dataSync())).toEqual([0, 3, 5]);
      expect(Array.from((rtDenseValues as Tensor).dataSync())).toEqual([0, 1, 2, 5, 6]);
    });
  });

  test('ragged rows are gathered', () => {
    tf.tidy(() => {
      const {outputNestedSplits, outputDenseValues} = tf.raggedGather(
        [tf.tensor1d([0, 2, 3], 'int32')],
        tf.tensor1d([10, 20, 30]),
        tf.tensor1d([1, 0], 'int32'),
        1,
      );
      expect(Array.from(outputNestedSplits[0]!.dataSync())).toEqual([0, 1, 3]);
      expect(Array.from(outputDenseValues.dataSync())).toEqual([30, 10, 20]);
    });
  });

  test('an error of a delegated kernel leaves nothing behind', () => {
    expect(() =>
      tf.tidy(() => {
        tf.raggedGather(
          [tf.tensor1d([0, 2, 3], 'int32')],
          tf.tensor1d([10, 20, 30]),
          tf.tensor1d([7], 'int32'),
          1,
        );
      }),
    ).toThrow();
  });
});

test('a drawing reaches the canvas', async () => {
  const drawn: number[][] = [];
  class FakeImageData {
    constructor(readonly data: Uint8ClampedArray) {}
  }
  const context = {putImageData: (image: FakeImageData) => drawn.push(Array.from(image.data))};
  const canvas = {getContext: () => context, width: 0, height: 0};
  const globals: {ImageData?: unknown} = globalThis;
  globals.ImageData = FakeImageData;
  try {
    const image = tf.tensor2d([0, 1], [1, 2]);
    tf.engine().runKernel(
      'Draw',
      {image},
      {
        canvas: canvas,
        options: {},
      },
    );
    expect(drawn).toEqual([[0, 0, 0, 255, 255, 255, 255, 255]]);
    image.dispose();
  } finally {
    delete globals.ImageData;
  }
});

describe('matrix products of a tensor in two shapes', () => {
  const products = (): number[][] => {
    const b = tf.tensor1d([1, 2, 3, 4, 5, 6]);
    return [
      tf.matMul(tf.ones([1, 3]), tf.reshape(b, [3, 2])),
      tf.matMul(tf.ones([1, 2]), tf.reshape(b, [2, 3])),
      tf.matMul(tf.ones([1, 3]), tf.reshape(b, [3, 2])),
    ].map(product => Array.from(product.dataSync()));
  };

  test('are wrong in tfjs and right here', async () => {
    const expected = [
      [9, 12],
      [5, 7, 9],
      [9, 12],
    ];
    await tf.setBackend('wasm');
    expect(tf.tidy(products)).not.toEqual(expected);
    await tf.setBackend(tfjsName);
    expect(tf.tidy(products)).toEqual(expected);
  });

  test('are right when fused with a bias, too', () => {
    tf.tidy(() => {
      const b = tf.tensor1d([1, 2, 3]);
      const wide = tf.fused.matMul({a: tf.ones([1, 1]), b: tf.reshape(b, [1, 3]), bias: tf.ones([3])});
      const tall = tf.fused.matMul({a: tf.ones([1, 3]), b: tf.reshape(b, [3, 1]), bias: tf.ones([1])});
      expect(Array.from(wide.dataSync())).toEqual([2, 3, 4]);
      expect(Array.from(tall.dataSync())).toEqual([7]);
    });
  });
});

test('a clone shares its data, and outlives the original', async () => {
  const tensor = tf.tensor1d([1, 2]);
  const buckets = tf.engine().backend.numDataIds();
  const clone = tensor.clone();
  expect(tf.engine().backend.numDataIds()).toBe(buckets);
  tensor.dispose();
  expect(Array.from(clone.dataSync())).toEqual([1, 2]);
  await tf.setBackend('wasm');
  const copied = clone.clone();
  expect(tf.engine().backend.numDataIds()).toBe(buckets + 1);
  tf.dispose([clone, copied]);
});

test('tensorScatterUpdate leaves its input alone on CPU', async () => {
  const update = (): number[] =>
    tf.tidy(() => {
      const x = tf.tensor1d([1, 2, 3]);
      tf.tensorScatterUpdate(x, tf.tensor2d([[0]], [1, 1], 'int32'), tf.tensor1d([9]));
      return Array.from(x.dataSync());
    });
  await tf.setBackend('cpu');
  expect(update()).toEqual([9, 2, 3]);
  await useBackend('cpu');
  expect(update()).toEqual([1, 2, 3]);
  await tf.setBackend(tfjsName);
});

describe('numbers that are not finite', () => {
  test('pass through the maximum of windows', () => {
    tf.tidy(() => {
      const x = tf.tensor5d([1, NaN, -Infinity, 2, 5, 6, 7, Infinity], [2, 1, 2, 2, 1]);
      expect(Array.from(tf.maxPool3d(x, [1, 2, 2], 1, 'valid').dataSync())).toEqual([NaN, Infinity]);
    });
  });

  test('pass through the gradients', () => {
    tf.tidy(() => {
      const dy = tf.tensor1d([NaN, Infinity, 1]);
      const f = (x: Tensor): Tensor =>
        tf.mul(tf.gatherND(x, tf.tensor2d([[2], [0], [1]], [3, 1], 'int32')), dy);
      expect(
        Array.from(
          tf
            .grad(f)(tf.ones([3]))
            .dataSync(),
        ),
      ).toEqual([Infinity, 1, NaN]);
    });
  });
});

describe('second derivatives', () => {
  test.each([
    ['cumprod', (x: Tensor) => tf.cumprod(x, 0)],
    ['einsum', (x: Tensor) => tf.einsum('i,i->i', x, x)],
    ['stridedSlice', (x: Tensor) => tf.stridedSlice(tf.square(x), [0], [3], [2])],
    ['topk', (x: Tensor) => tf.topk(tf.square(x), 2).values],
    ['gatherND', (x: Tensor) => tf.gatherND(tf.square(x), tf.tensor2d([[2], [0]], [2, 1], 'int32'))],
  ])('of %s equal the finite differences of the first', (_, f) => {
    const sum = (x: Tensor): Tensor => tf.sum(f(x));
    const first = (x: readonly number[]): number =>
      tf.tidy(() => tf.sum(tf.grad(sum)(tf.tensor1d([...x]))).dataSync()[0]!);
    const point = [0.5, 1.5, 2.5];
    const second = tf.tidy(() =>
      Array.from(
        tf
          .grad(x => tf.sum(tf.grad(sum)(x)))(tf.tensor1d(point))
          .dataSync(),
      ),
    );
    point.forEach((x, i) => {
      const up = first(point.with(i, x + 0.05));
      const down = first(point.with(i, x - 0.05));
      expect(second[i]).toBeCloseTo((up - down) / 0.1, 2);
    });
  });
});
