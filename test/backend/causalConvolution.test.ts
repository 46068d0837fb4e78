import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';

const steps = 7;
const x = Float64Array.from({length: steps * 2}, (_, i) => Math.sin(i + 1));
const kernel = Float64Array.from({length: 3 * 2}, (_, i) => Math.cos(i));

/** y[t] = Σ kernel[j, c] · x[t − (2 − j)·dilation, c], by hand in float64: no step sees a later one. */
function byHand(dilation: number): number[] {
  return Array.from({length: steps}, (_, t) => {
    let sum = 0;
    for (let j = 0; j < 3; j++) {
      const at = t - (2 - j) * dilation;
      for (let c = 0; c < 2 && at >= 0; c++) sum += kernel[j * 2 + c]! * x[at * 2 + c]!;
    }
    return sum;
  });
}

const make = (config: object = {}): layers.layers.Layer =>
  layers.layers.conv1d({
    filters: 1,
    kernelSize: 3,
    padding: 'causal',
    useBias: false,
    inputShape: [steps, 2],
    ...config,
  });

describe('Conv1D with causal padding', () => {
  it('throws in plain tfjs', async () => {
    await tf.setBackend((await import('@tensorflow/tfjs-backend-cpu'), 'cpu'));
    expect(() => layers.sequential({layers: [make()]}).predict(tf.zeros([1, steps, 2]))).toThrow(/CAUSAL/);
  });

  it.each(['cpu', 'wasm'] as const)(
    'sees no later step on repaired %s, dilated and strided too',
    async name => {
      await useBackend(name);
      for (const dilationRate of [1, 2]) {
        const model = layers.sequential({layers: [make({dilationRate})]});
        model.setWeights([tf.tensor3d([...kernel], [3, 2, 1])]);
        expect(model.outputShape).toEqual([null, steps, 1]);
        const y = model.predict(tf.tensor3d([...x], [1, steps, 2])) as tf.Tensor;
        expect(y.shape).toEqual([1, steps, 1]);
        const expected = byHand(dilationRate);
        y.dataSync<'float32'>().forEach((value, t) => expect(value).toBeCloseTo(expected[t]!, 5));
      }
      const strided = layers.sequential({layers: [make({strides: 2})]});
      strided.setWeights([tf.tensor3d([...kernel], [3, 2, 1])]);
      expect(strided.outputShape).toEqual([null, 4, 1]);
      const y = (strided.predict(tf.tensor3d([...x], [1, steps, 2])) as tf.Tensor).dataSync<'float32'>();
      [...y].forEach((value, i) => expect(value).toBeCloseTo(byHand(1)[2 * i]!, 5));
    },
  );

  it('trains: its gradient is that of finite differences', async () => {
    await useBackend('wasm');
    const layer = make();
    const model = layers.sequential({layers: [layer]});
    const variable = model.trainableWeights[0]!.read() as tf.Variable;
    const input = tf.tensor3d([...x], [1, steps, 2]);
    const loss = (): tf.Scalar =>
      tf.sum<tf.Scalar>(tf.square(model.apply(input, {training: true}) as tf.Tensor));
    const gradient = Object.values(tf.variableGrads(loss, [variable]).grads)[0]!.dataSync<'float32'>();
    const start = variable.dataSync<'float32'>().slice();
    const at = (i: number, by: number): number => {
      variable.assign(
        tf.tensor(
          start.map((value, j) => (i === j ? value + by : value)),
          [3, 2, 1],
        ),
      );
      return loss().dataSync<'float32'>()[0]!;
    };
    gradient.forEach((value, i) => expect(value).toBeCloseTo((at(i, 1e-2) - at(i, -1e-2)) / 2e-2, 2));
  });
});
