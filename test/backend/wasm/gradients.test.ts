import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {Random} from '../../../src/core';
import {convGradients, depthwiseGradients, outputSize} from './reference';
import type {Window} from './reference';
import {expectNear, sizeOf, values} from './support';

beforeAll(async () => {
  await useBackend('wasm');
});

/** The gradients of Σ dy·f(inputs), as numbers. */
function gradientsOf(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: [Float32Array, number[]][],
  dy: Float32Array,
) {
  const before = tf.memory().numTensors;
  const gradients = tf.tidy(() =>
    tf
      .grads((...tensors: tf.Tensor[]) => {
        const y = f(...tensors);
        return tf.sum(tf.mul(y, tf.tensor(dy, y.shape)));
      })(inputs.map(([numbers, shape]) => tf.tensor(numbers, shape)))
      .map(gradient => Float32Array.from(gradient.dataSync())),
  );
  expect(tf.memory().numTensors).toBe(before);
  return gradients;
}

describe('dilated convolutions have gradients', () => {
  const cases: (Window & {x: number[]; out: number})[] = [
    {x: [2, 9, 8, 3], out: 2, size: [3, 3], strides: [1, 1], dilations: [2, 3], pad: 'same'},
    {x: [2, 9, 8, 3], out: 1, size: [2, 3], strides: [1, 1], dilations: [3, 2], pad: 'valid'},
    {x: [1, 1, 11, 2], out: 3, size: [1, 3], strides: [1, 1], dilations: [1, 4], pad: 'same'},
    {x: [2, 5, 5, 2], out: 2, size: [2, 2], strides: [1, 1], dilations: [2, 2], pad: 4},
  ];
  const pad = (test: Window) => test.pad as 'same' | 'valid' | number;
  it.each(cases)('$x, taps $size, dilations $dilations, $pad', test => {
    const random = new Random(1);
    const filter = [...test.size, test.x[3]!, test.out];
    const [height, width] = outputSize(test.x, test);
    const [x, w] = [values(random, sizeOf(test.x)), values(random, sizeOf(filter))];
    const inputs: [Float32Array, number[]][] = [
      [x, test.x],
      [w, filter],
    ];
    const dy = values(random, test.x[0]! * height * width * test.out);
    const plain = convGradients(x, test.x, w, filter, dy, test);
    const conv = (a: tf.Tensor, b: tf.Tensor) =>
      tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, pad(test), 'NHWC', test.dilations);
    const [dx, dw] = gradientsOf(conv, inputs, dy);
    expectNear(dx!, plain.dx);
    expectNear(dw!, plain.dw);
    const wide = values(random, test.x[0]! * height * width * test.x[3]! * test.out);
    const deep = depthwiseGradients(x, test.x, w, filter, wide, test);
    const depthwise = (a: tf.Tensor, b: tf.Tensor) =>
      tf.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, pad(test), 'NHWC', test.dilations);
    const [dx2, dw2] = gradientsOf(depthwise, inputs, wide);
    expectNear(dx2!, deep.dx);
    expectNear(dw2!, deep.dw);
  });

  it('in a model, and no gradient is computed that nobody asked for', () => {
    const model = layers.sequential({
      layers: [layers.layers.conv2d({filters: 2, kernelSize: 3, inputShape: [5, 5, 1]})],
    });
    const weights = model.trainableWeights.map(weight => weight.read() as tf.Variable);
    const x = tf.variable(tf.ones([1, 5, 5, 1]));
    const gradientKernels = (variables: tf.Variable[]) =>
      kernelsOf(() =>
        tf.variableGrads(() => tf.sum<tf.Scalar>(model.apply(x) as tf.Tensor), variables),
      ).filter(name => /Conv2D.*(Gradient|Backprop)/.test(name));
    const [ofFilter, ofBias] = ['GlassboxConv2DFilterGradient', 'GlassboxConv2DBiasGradient'];
    expect(gradientKernels(weights).sort()).toEqual([ofBias, ofFilter]);
    expect(gradientKernels([...weights, x])).toContain('GlassboxConv2DInputGradient');
    x.dispose();
    model.dispose();
  });
});

/** The kernels that `f` runs, those of gradients among them. */
function kernelsOf(f: () => unknown): string[] {
  const names: string[] = [];
  const run = tf.engine().runKernel.bind(tf.engine());
  tf.engine().runKernel = (name: string, ...rest: [tf.NamedTensorMap]) => {
    names.push(name);
    return run(name, ...rest);
  };
  try {
    tf.tidy(() => void f());
  } finally {
    tf.engine().runKernel = run;
  }
  return names;
}

describe('gradients of gradients', () => {
  // f = Σ_j (Σ_i x_ij²)², so ∂f/∂x_ij = 4·s_j·x_ij; the gradient of Σ of that is 4·s_j + 8·x_ij·Σ_i x_ij.
  it('pass sums and means', () => {
    const x = values(new Random(2), 6);
    const sums = [0, 1, 2].map(j => x[j]! ** 2 + x[3 + j]! ** 2);
    const totals = [0, 1, 2].map(j => x[j]! + x[3 + j]!);
    const expected = Array.from(x, (v, i) => 4 * sums[i % 3]! + 8 * v * totals[i % 3]!);
    const second = tf.tidy(() => {
      const first = tf.grad((t: tf.Tensor) => tf.sum(tf.square(tf.sum(tf.square(t), 0))));
      return tf
        .grad((t: tf.Tensor) => tf.sum(first(t)))(tf.tensor(x, [2, 3]))
        .dataSync();
    });
    expectNear(second, expected);
  });
});

describe('the gradient of tile', () => {
  it('sums the copies, for five axes too', () => {
    const [shape, reps] = [
      [2, 1, 3, 1, 2],
      [1, 4, 2, 3, 1],
    ];
    const x = new Float32Array(12);
    const dy = values(new Random(3), 12 * 24);
    const [dx] = gradientsOf(t => tf.tile(t, reps), [[x, shape]], dy);
    const expected = new Float64Array(12);
    const out = shape.map((n, axis) => n * reps[axis]!);
    dy.forEach((g, i) => {
      let rest = i;
      let stride = 1;
      let target = 0;
      for (let axis = 4; axis >= 0; axis--) {
        target += (Math.floor(rest % out[axis]!) % shape[axis]!) * stride;
        rest = Math.floor(rest / out[axis]!);
        stride *= shape[axis]!;
      }
      expected[target]! += g;
    });
    expectNear(dx!, expected);
  });
});

describe('comparisons', () => {
  it('pass a gradient of zero', () => {
    const x = new Float32Array([-1, 0.5, 2]);
    const [dx] = gradientsOf(
      t => tf.mul(t, tf.cast(tf.greater(t, 0), 'float32')),
      [[x, [3]]],
      new Float32Array(3).fill(1),
    );
    expect(Array.from(dx!)).toEqual([0, 1, 1]);
  });
});
