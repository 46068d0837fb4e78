import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {at, depthwiseGradients, forEachTap, outputSize} from './reference';
import type {Padding, Window} from './reference';
import {expectNear, runKernel, sizeOf, values} from './support';

beforeAll(async () => {
  await useBackend('wasm');
});

interface Case extends Window {
  x: [number, number, number, number];
  times: number;
}

/** A depthwise convolution as it is defined. */
function depthwise(x: ArrayLike<number>, w: ArrayLike<number>, test: Case): Float64Array {
  const [height, width] = outputSize(test.x, test);
  const filter = filterShape(test);
  const shape = [test.x[0], height, width, test.x[3] * test.times];
  const y = new Float64Array(sizeOf(shape));
  forEachTap(test.x, test, (b, oy, ox, i, j, yy, xx) => {
    for (let c = 0; c < test.x[3]; c++)
      for (let q = 0; q < test.times; q++)
        y[at(shape, b, oy, ox, c * test.times + q)]! +=
          x[at(test.x, b, yy, xx, c)]! * w[at(filter, i, j, c, q)]!;
  });
  return y;
}

function filterShape({size, x, times}: Case): number[] {
  return [...size, x[3], times];
}

function attrsOf({strides, pad, dilations = [1, 1]}: Case) {
  const explicit = Array.isArray(pad) ? [[0, 0], ...pad, [0, 0]] : pad;
  return {strides, pad: explicit, dilations, dataFormat: 'NHWC'};
}

/** The kernels' answers, and what they should be. */
function expectRight(test: Case, seed: Random): void {
  const [height, width] = outputSize(test.x, test);
  const filter = filterShape(test);
  const dyShape = [test.x[0], height, width, test.x[3] * test.times];
  const [x, w] = [values(seed, sizeOf(test.x)), values(seed, sizeOf(filter))];
  const dy = values(seed, sizeOf(dyShape));
  const attrs = attrsOf(test);
  const y = runKernel('DepthwiseConv2dNative', {x: [x, test.x], filter: [w, filter]}, attrs);
  expect(y.shape).toEqual(dyShape);
  expectNear(y.values, depthwise(x, w, test), 3e-6);
  const {dx, dw} = depthwiseGradients(x, test.x, w, filter, dy, test);
  const toInput = runKernel(
    'DepthwiseConv2dNativeBackpropInput',
    {dy: [dy, dyShape], filter: [w, filter]},
    {...attrs, inputShape: test.x},
  );
  expect(toInput.shape).toEqual(test.x);
  expectNear(toInput.values, dx, 3e-6);
  const toFilter = runKernel(
    'DepthwiseConv2dNativeBackpropFilter',
    {x: [x, test.x], dy: [dy, dyShape]},
    {...attrs, filterShape: filter},
  );
  expect(toFilter.shape).toEqual(filter);
  expectNear(toFilter.values, dw, 3e-6);
}

describe('depthwise convolution and its gradients are right', () => {
  const channels = [1, 3, 4, 5, 17, 64];
  it.each(channels)('for %i channels, three by three', count => {
    const random = new Random(1, 'channels', count);
    for (const stride of [1, 2])
      for (const pad of ['same', 'valid'] as const)
        expectRight({x: [2, 11, 14, count], times: 1, size: [3, 3], strides: [stride, stride], pad}, random);
  });
  const cases: Record<string, Case> = {
    'one pixel': {x: [1, 1, 1, 1], times: 1, size: [1, 1], strides: [1, 1], pad: 'valid'},
    'a filter larger than the image': {x: [2, 2, 3, 5], times: 1, size: [5, 5], strides: [1, 1], pad: 'same'},
    'five by five': {x: [2, 12, 13, 8], times: 1, size: [5, 5], strides: [1, 1], pad: 'same'},
    'five by five, stride 2': {x: [2, 12, 13, 20], times: 1, size: [5, 5], strides: [2, 2], pad: 'same'},
    'seven taps in a row': {x: [2, 1, 19, 6], times: 1, size: [1, 7], strides: [1, 1], pad: 'same'},
    'two channels from each': {x: [2, 7, 9, 3], times: 2, size: [3, 3], strides: [1, 1], pad: 'same'},
    'three channels from each': {x: [2, 7, 9, 4], times: 3, size: [3, 2], strides: [2, 1], pad: 'valid'},
    dilation: {x: [2, 13, 12, 4], times: 1, size: [3, 3], strides: [1, 1], dilations: [2, 3], pad: 'same'},
    'dilation in columns': {
      ...{x: [2, 5, 30, 4], times: 1, size: [3, 3], strides: [1, 1]},
      ...{dilations: [1, 2], pad: 'valid'},
    },
    'strides beyond the filter': {x: [2, 13, 12, 6], times: 1, size: [2, 2], strides: [3, 4], pad: 'same'},
    'a padding of its own': {
      ...{x: [2, 9, 9, 4], times: 1, size: [3, 3], strides: [1, 1]},
      pad: [
        [2, 0],
        [1, 3],
      ],
    },
    'padding wider than the filter': {x: [1, 4, 4, 4], times: 1, size: [3, 3], strides: [1, 1], pad: 5},
    'a batch in several chunks': {x: [9, 24, 24, 16], times: 1, size: [3, 3], strides: [1, 1], pad: 'same'},
  };
  it.each(Object.entries(cases))('for %s', (name, test) => {
    expectRight(test, new Random(2, name));
  });

  it('for shapes drawn at random', () => {
    const random = new Random(3);
    // tfjs takes a padding in one number to mean square filters and strides.
    const around: Padding = [
      [1, 1],
      [1, 1],
    ];
    const draw = (least: number, most: number) => least + random.integer(most - least + 1);
    for (let i = 0; i < 60; i++) {
      const dilated = random.uniform() < 0.3;
      const test: Case = {
        x: [draw(1, 3), draw(4, 14), draw(4, 20), draw(1, 18)],
        times: random.uniform() < 0.7 ? 1 : draw(2, 3),
        size: [draw(1, 4), draw(1, 4)],
        strides: dilated ? [1, 1] : [draw(1, 3), draw(1, 3)],
        dilations: dilated ? [draw(1, 3), draw(1, 3)] : [1, 1],
        pad: (['same', 'valid', around] as const)[random.integer(3)]!,
      };
      if (outputSize(test.x, test).some(size => size < 1)) continue;
      expectRight(test, random);
    }
  });
});

describe('depthwise convolution', () => {
  const test: Case = {x: [2, 10, 12, 8], times: 1, size: [3, 3], strides: [1, 1], pad: 'same'};
  const random = new Random(4);
  const x = values(random, sizeOf(test.x)).map(value => 5 * value);
  const w = values(random, sizeOf(filterShape(test)));

  it.each(['linear', 'relu', 'relu6', 'elu'])('adds a bias and applies %s', activation => {
    const bias = values(random, 8);
    const out = runKernel(
      'FusedDepthwiseConv2D',
      {x: [x, test.x], filter: [w, filterShape(test)], bias: [bias, [8]]},
      {...attrsOf(test), activation},
    );
    const apply: Record<string, (v: number) => number> = {
      linear: v => v,
      relu: v => Math.max(v, 0),
      relu6: v => Math.min(Math.max(v, 0), 6),
      elu: v => (v > 0 ? v : Math.expm1(v)),
    };
    const expected = depthwise(x, w, test).map((v, i) => apply[activation]!(v + bias[i % 8]!));
    expectNear(out.values, expected, 3e-6);
  });

  it('shows not-a-number and infinity where their taps reach, and nowhere else', () => {
    const image = new Float32Array(sizeOf(test.x)).fill(1);
    image[at(test.x, 0, 0, 0, 2)] = NaN;
    image[at(test.x, 0, 9, 11, 3)] = Infinity;
    const ones = new Float32Array(w.length).fill(1);
    const y = runKernel(
      'DepthwiseConv2dNative',
      {x: [image, test.x], filter: [ones, filterShape(test)]},
      attrsOf(test),
    );
    expectNear(y.values, depthwise(image, ones, test));
    const dw = runKernel(
      'DepthwiseConv2dNativeBackpropFilter',
      {x: [image, test.x], dy: [new Float32Array(image.length).fill(1), test.x]},
      {...attrsOf(test), filterShape: filterShape(test)},
    );
    expectNear(
      dw.values,
      depthwiseGradients(image, test.x, ones, filterShape(test), new Float32Array(image.length).fill(1), test)
        .dw,
    );
  });

  it('answers as without the engine', async () => {
    const run = () => {
      const [image, filter] = [tf.tensor4d(x, test.x), tf.tensor4d(w, [3, 3, 8, 1])];
      const f = (a: tf.Tensor, b: tf.Tensor) =>
        tf.square(tf.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, 2, 'same'));
      return tf.tidy(() =>
        tf
          .grads(f)([image, filter])
          .map(gradient => Array.from(gradient.dataSync())),
      );
    };
    const [dx, dw] = run();
    await useBackend('wasm', {engine: false});
    const [plainDx, plainDw] = run();
    await useBackend('wasm');
    expectNear(dx!, plainDx!);
    expectNear(dw!, plainDw!);
  });
});
