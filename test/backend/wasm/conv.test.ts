import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {convGradients, depthwiseGradients, outputSize} from './reference';
import type {Padding, Window} from './reference';
import {expectNear, runKernel, sizeOf, values} from './support';

interface Case extends Window {
  x: number[];
  out: number;
}

const cases: Record<string, Case> = {
  'one pixel': {x: [1, 1, 1, 1], out: 1, size: [1, 1], strides: [1, 1], pad: 'valid'},
  'same padding': {x: [2, 7, 5, 3], out: 4, size: [3, 3], strides: [1, 1], pad: 'same'},
  'an even filter': {x: [2, 7, 5, 3], out: 2, size: [2, 4], strides: [1, 1], pad: 'same'},
  'no padding': {x: [3, 7, 11, 2], out: 5, size: [3, 5], strides: [1, 1], pad: 'valid'},
  'a 1 × 1 filter': {x: [2, 5, 5, 13], out: 7, size: [1, 1], strides: [1, 1], pad: 'same'},
  'a 1 × 1 filter with a stride': {x: [2, 7, 5, 3], out: 4, size: [1, 1], strides: [2, 3], pad: 'valid'},
  'stride 2, same': {x: [2, 8, 7, 3], out: 4, size: [3, 3], strides: [2, 2], pad: 'same'},
  'stride 2, valid, with unused rows': {x: [2, 8, 9, 3], out: 4, size: [3, 2], strides: [2, 3], pad: 'valid'},
  'a stride in one direction only': {x: [1, 9, 6, 2], out: 3, size: [3, 3], strides: [1, 2], pad: 'same'},
  'a stride larger than the filter': {x: [1, 11, 11, 2], out: 3, size: [2, 2], strides: [4, 3], pad: 'valid'},
  'a filter larger than the image': {x: [1, 3, 3, 2], out: 2, size: [5, 5], strides: [1, 1], pad: 'same'},
  'a padding of its own': {x: [2, 5, 5, 2], out: 2, size: [3, 3], strides: [1, 1], pad: 1},
  'more padding than the filter needs': {
    x: [1, 5, 4, 2],
    out: 2,
    size: [2, 2],
    strides: [1, 1],
    pad: [
      [3, 2],
      [0, 4],
    ],
  },
  'uneven padding with a stride': {
    x: [2, 7, 6, 2],
    out: 3,
    size: [3, 3],
    strides: [2, 2],
    pad: [
      [2, 0],
      [3, 1],
    ],
  },
  'more padding than filter, with a stride': {
    x: [1, 5, 5, 2],
    out: 2,
    size: [2, 2],
    strides: [2, 2],
    pad: [
      [4, 5],
      [1, 6],
    ],
  },
  'one long row': {x: [2, 1, 17, 3], out: 4, size: [1, 5], strides: [1, 2], pad: 'same'},
  'an image of more columns than a chunk': {
    x: [1, 3, 2500, 1],
    out: 2,
    size: [3, 3],
    strides: [1, 1],
    pad: 'same',
  },
  'more rows than a chunk': {x: [2, 97, 61, 2], out: 3, size: [3, 3], strides: [1, 1], pad: 'same'},
  'more images than a chunk': {x: [37, 13, 11, 2], out: 3, size: [3, 3], strides: [2, 1], pad: 'same'},
};

const full = (pad: Padding) => (Array.isArray(pad) ? [[0, 0], ...pad, [0, 0]] : pad);

beforeAll(async () => {
  await useBackend('wasm');
});

describe('the gradients of conv2d', () => {
  const check = (test: Case, random: Random): void => {
    const filter = [...test.size, test.x[3]!, test.out];
    const output = [test.x[0]!, ...outputSize(test.x, test), test.out];
    const [x, w, dy] = [test.x, filter, output].map(shape => values(random, sizeOf(shape)));
    const expected = convGradients(x!, test.x, w!, filter, dy!, test);
    const attrs = {strides: test.strides, pad: full(test.pad), dataFormat: 'NHWC'};
    const dw = runKernel(
      'Conv2DBackpropFilter',
      {x: [x!, test.x], dy: [dy!, output]},
      {...attrs, filterShape: filter},
    );
    expect(dw.shape).toEqual(filter);
    expectNear(dw.values, expected.dw);
    const dx = runKernel(
      'Conv2DBackpropInput',
      {dy: [dy!, output], filter: [w!, filter]},
      {...attrs, inputShape: test.x},
    );
    expect(dx.shape).toEqual(test.x);
    expectNear(dx.values, expected.dx);
  };

  for (const [name, test] of Object.entries(cases))
    it(`are right for ${name}`, () => check(test, new Random(1, name)));

  it('are right for 60 random geometries', () => {
    const random = new Random(7, 'conv');
    for (let i = 0; i < 60; i++) check(randomCase(random, 6), random);
  });

  it('refuse channels first, and leave nothing behind', () => {
    expect(() =>
      runKernel(
        'Conv2DBackpropFilter',
        {x: [new Float32Array(8), [1, 2, 2, 2]], dy: [new Float32Array(8), [1, 2, 2, 2]]},
        {strides: 1, pad: 'same', dataFormat: 'NCHW', filterShape: [1, 1, 2, 2]},
      ),
    ).toThrow(/NHWC/);
  });
});

describe('the gradients of depthwise convolution', () => {
  const check = (test: Case, random: Random): void => {
    const filter = [...test.size, test.x[3]!, test.out];
    const output = [test.x[0]!, ...outputSize(test.x, test), test.x[3]! * test.out];
    const [x, w, dy] = [test.x, filter, output].map(shape => values(random, sizeOf(shape)));
    const expected = depthwiseGradients(x!, test.x, w!, filter, dy!, test);
    const attrs = {strides: test.strides, pad: full(test.pad), dilations: test.dilations ?? [1, 1]};
    const dw = runKernel(
      'DepthwiseConv2dNativeBackpropFilter',
      {x: [x!, test.x], dy: [dy!, output]},
      {...attrs, filterShape: filter},
    );
    expect(dw.shape).toEqual(filter);
    expectNear(dw.values, expected.dw);
    const dx = runKernel(
      'DepthwiseConv2dNativeBackpropInput',
      {dy: [dy!, output], filter: [w!, filter]},
      {...attrs, inputShape: test.x},
    );
    expect(dx.shape).toEqual(test.x);
    expectNear(dx.values, expected.dx);
  };

  for (const [name, test] of Object.entries(cases))
    it(`are right for ${name}`, () => check(test, new Random(2, name)));

  it('are right with a dilation', () => {
    check(
      {x: [2, 9, 8, 3], out: 2, size: [3, 3], strides: [1, 1], dilations: [2, 3], pad: 'same'},
      new Random(3),
    );
    check(
      {x: [2, 9, 8, 3], out: 1, size: [2, 3], strides: [1, 1], dilations: [3, 2], pad: 'valid'},
      new Random(3),
    );
  });

  it('are right for 60 random geometries', () => {
    const random = new Random(8, 'depthwise');
    for (let i = 0; i < 60; i++) check(randomCase(random, 3), random);
  });
});

function randomCase(random: Random, channels: number): Case {
  const between = (low: number, high: number): number => low + random.integer(high - low + 1);
  const size: [number, number] = [between(1, 4), between(1, 4)];
  // A single number for all sides is tried with square windows above: tfjs gets the others' widths wrong.
  const pads: Padding[] = [
    'same',
    'valid',
    [
      [between(0, 3), between(0, 3)],
      [between(0, 3), between(0, 3)],
    ],
  ];
  return {
    x: [between(1, 3), between(size[0], 11), between(size[1], 11), between(1, channels)],
    out: between(1, channels),
    size,
    strides: [between(1, 3), between(1, 3)],
    pad: pads[random.integer(pads.length)]!,
  };
}
