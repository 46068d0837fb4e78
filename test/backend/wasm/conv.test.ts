import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {convolution, fullPadding, randomConv} from './convReference';
import type {ConvCase} from './convReference';
import {convGradients, depthwiseGradients, outputSize} from './reference';
import {expectNear, runKernel, sizeOf, values} from './support';

const cases: Record<string, ConvCase> = {
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
  'channels that fill no panel': {x: [2, 9, 8, 17], out: 33, size: [3, 3], strides: [1, 1], pad: 'same'},
  'one channel to sixteen': {x: [5, 6, 7, 1], out: 16, size: [3, 3], strides: [1, 1], pad: 'valid'},
  'sixteen channels to five': {x: [2, 7, 5, 16], out: 5, size: [2, 3], strides: [2, 2], pad: 'same'},
  'many tiny images': {x: [301, 2, 3, 3], out: 5, size: [2, 2], strides: [1, 1], pad: 'same'},
  'a dilation': {x: [2, 9, 11, 3], out: 4, size: [3, 3], strides: [1, 1], dilations: [2, 3], pad: 'same'},
  'a dilated row': {x: [3, 1, 23, 3], out: 4, size: [1, 3], strides: [1, 1], dilations: [1, 4], pad: 'valid'},
  'more images than a chunk': {x: [37, 13, 11, 2], out: 3, size: [3, 3], strides: [2, 1], pad: 'same'},
};

beforeAll(async () => {
  await useBackend('wasm');
});

describe('conv2d', () => {
  const check = (test: ConvCase, random: Random): void => {
    const filter = [...test.size, test.x[3]!, test.out];
    const [x, w, bias] = [test.x, filter, [test.out]].map(shape => values(random, sizeOf(shape)));
    const output = [test.x[0]!, ...outputSize(test.x, test), test.out];
    const {strides, dilations = [1, 1], pad} = test;
    const attrs = {strides, dilations, pad: fullPadding(pad), dataFormat: 'NHWC'};
    const plain = runKernel('Conv2D', {x: [x!, test.x], filter: [w!, filter]}, attrs);
    expect(plain.shape).toEqual(output);
    expectNear(plain.values, convolution(x!, test.x, w!, filter, test));
    const clamps = {linear: Infinity, relu: Infinity, relu6: 6};
    const sums = convolution(x!, test.x, w!, filter, test, bias);
    for (const [activation, top] of Object.entries(clamps)) {
      const fused = runKernel(
        'FusedConv2D',
        {x: [x!, test.x], filter: [w!, filter], bias: [bias!, [test.out]]},
        {...attrs, activation},
      );
      const floor = activation === 'linear' ? -Infinity : 0;
      expectNear(
        fused.values,
        sums.map(value => Math.min(top, Math.max(floor, value))),
      );
    }
  };

  for (const [name, test] of Object.entries(cases))
    it(`is right for ${name}`, () => check(test, new Random(4, name)));

  it('is right for 60 random geometries', () => {
    const random = new Random(5, 'conv');
    for (let i = 0; i < 60; i++) check(randomConv(random, 20, true), random);
  });

  it('shows a NaN in those outputs alone that see it', () => {
    const x = new Float32Array(6 * 6 * 2).fill(1);
    x[(2 * 6 + 4) * 2] = NaN;
    const w = new Float32Array(3 * 3 * 2 * 3).fill(1);
    const {values: y} = runKernel(
      'Conv2D',
      {x: [x, [1, 6, 6, 2]], filter: [w, [3, 3, 2, 3]]},
      {strides: 1, pad: 'same', dilations: 1, dataFormat: 'NHWC'},
    );
    for (let row = 0; row < 6; row++)
      for (let column = 0; column < 6; column++) {
        const sees = Math.abs(row - 2) <= 1 && Math.abs(column - 4) <= 1;
        expect(Number.isNaN(y[(row * 6 + column) * 3]!)).toBe(sees);
      }
  });
});

describe('the gradients of conv2d', () => {
  const check = (test: ConvCase, random: Random): void => {
    const filter = [...test.size, test.x[3]!, test.out];
    const output = [test.x[0]!, ...outputSize(test.x, test), test.out];
    const [x, w, dy] = [test.x, filter, output].map(shape => values(random, sizeOf(shape)));
    const expected = convGradients(x!, test.x, w!, filter, dy!, test);
    const {strides, dilations = [1, 1], pad} = test;
    const attrs = {strides, dilations, pad: fullPadding(pad), dataFormat: 'NHWC'};
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
    for (let i = 0; i < 60; i++) check(randomConv(random, 20, true), random);
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
  const check = (test: ConvCase, random: Random): void => {
    const filter = [...test.size, test.x[3]!, test.out];
    const output = [test.x[0]!, ...outputSize(test.x, test), test.x[3]! * test.out];
    const [x, w, dy] = [test.x, filter, output].map(shape => values(random, sizeOf(shape)));
    const expected = depthwiseGradients(x!, test.x, w!, filter, dy!, test);
    const attrs = {strides: test.strides, pad: fullPadding(test.pad), dilations: test.dilations ?? [1, 1]};
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
    for (let i = 0; i < 60; i++) check(randomConv(random, 3, false), random);
  });
});
