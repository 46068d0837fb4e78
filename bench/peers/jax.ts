/**
 * jax-js on its wasm backend: forward and backward of `mlp` as one compiled function. It has no part in the other
 * networks, whose convolutions take it half a minute a step.
 */
import {blockUntilReady, defaultDevice, init, jit, nn, numpy as np, random, valueAndGrad} from '@jax-js/jax';
import type {Prepare} from './job';

const BATCH = 128;
const SIZES = [784, 512, 256, 10];

type Parameters = {kernel: np.Array; bias: np.Array}[];

export async function start(): Promise<Prepare> {
  const devices = await init('wasm');
  if (!devices.includes('wasm')) throw new Error('jax-js has no wasm backend here');
  defaultDevice('wasm');
  return job => {
    if (job.kind !== 'step' || job.workload !== 'mlp') throw new Error('not measured');
    return training();
  };
}

function training(): ReturnType<Prepare> {
  const x = random.normal(random.key(1), [BATCH, SIZES[0]!]);
  const y = nn.oneHot(
    np.array(
      Array.from({length: BATCH}, (_, i) => i % 10),
      {dtype: np.int32},
    ),
    10,
  );
  const parameters: Parameters = SIZES.slice(1).map((units, i) => ({
    kernel: random.normal(random.key(i + 2), [SIZES[i]!, units]).mul(Math.sqrt(1 / SIZES[i]!)),
    bias: np.zeros([units]),
  }));
  const step = jit(valueAndGrad(loss));
  return {
    run: async times => {
      const elapsed: number[] = [];
      for (let i = 0; i < times; i++) {
        const begun = performance.now();
        const results = step(
          parameters.map(({kernel, bias}) => ({kernel: kernel.ref, bias: bias.ref})),
          x.ref,
          y.ref,
        );
        await blockUntilReady(results);
        elapsed.push(performance.now() - begun);
      }
      return elapsed;
    },
    close: () => undefined,
  };
}

function loss(parameters: Parameters, x: np.Array, y: np.Array): np.Array {
  const last = parameters.length - 1;
  const logits = parameters.reduce((value, {kernel, bias}, i) => {
    const z = np.matmul(value, kernel).add(bias);
    return i === last ? z : nn.relu(z);
  }, x);
  return nn
    .logSoftmax(logits)
    .mul(y)
    .sum()
    .mul(-1 / BATCH);
}
