/** Element types, which the type check of this file asserts, beside the values that they describe. */
import type {Tensor} from '@tensorflow/tfjs-core';
import {describe, expect, expectTypeOf, it} from 'vitest';
import {Dataset} from '../../src/data';
import type {ArrayStructure, Batched, HostArray} from '../../src/data';

describe('the element type', () => {
  it('is a number for flat arrays and a host array for all others, in the structure of the source', async () => {
    const data = Dataset.fromArrays({
      image: {values: new Float32Array(4), shape: [2, 2]},
      rows: [[1], [2]],
      pair: [new Float32Array(2), [3, 4]],
    });
    expectTypeOf(data).toEqualTypeOf<Dataset<{image: HostArray; rows: HostArray; pair: [number, number]}>>();
    expect((await data.toArray())[1]!.pair).toEqual([0, 4]);
  });

  it('follows through zip and batch', async () => {
    const data = Dataset.zip({x: Dataset.fromArrays([1, 2]), y: Dataset.fromArrays([Uint8Array.of(3, 4)])});
    expectTypeOf(data).toEqualTypeOf<Dataset<{x: number; y: [number]}>>();
    expectTypeOf<Batched<{x: number; y: [number]}>>().toEqualTypeOf<{x: Tensor; y: [Tensor]}>();
    expect(await data.toArray()).toEqual([
      {x: 1, y: [3]},
      {x: 2, y: [4]},
    ]);
  });

  it('is unknown where the structure is known at run time only, and every dataset is one of unknown', () => {
    const arrays = [1, 2] as ArrayStructure;
    const data = Dataset.fromArrays(arrays);
    expectTypeOf(data).toEqualTypeOf<Dataset<unknown>>();
    const any: Dataset<unknown> = Dataset.fromArrays([1, 2]);
    expect([data.size, any.batch(2).size]).toEqual([2, 1]);
  });
});
