/**
 * `npx tsx bench/profileStep.ts <workload> [steps]`: self time of every kernel in one training step.
 */
import * as tf from '@tensorflow/tfjs-core';
import {useBackend} from 'glassbox';
import {TrainerLoop} from './trainerLoop';
import {workloadNamed} from './workloads';

const [name = 'mlp', count = '5'] = process.argv.slice(2);
const steps = Number(count);
await useBackend('wasm');
const loop = new TrainerLoop(workloadNamed(name));
await loop.run(3);
const plain = median(await loop.run(steps));

const times = new Map<string, {ms: number; calls: number}>();
let nested = 0;
for (const kernel of tf.getKernelsForBackend(tf.getBackend())) {
  const {kernelFunc, kernelName} = kernel;
  kernel.kernelFunc = call => {
    const outside = nested;
    nested = 0;
    const begun = performance.now();
    try {
      return kernelFunc(call);
    } finally {
      const total = performance.now() - begun;
      const entry = times.get(kernelName) ?? {ms: 0, calls: 0};
      entry.ms += total - nested;
      entry.calls++;
      times.set(kernelName, entry);
      nested = outside + total;
    }
  };
}
const profiled = median(await loop.run(steps));

console.log(`${name}: ${plain.toFixed(2)} ms a step; ${profiled.toFixed(2)} ms while profiled\n`);
const sorted = [...times].sort(([, a], [, b]) => b.ms - a.ms);
let inside = 0;
for (const [kernel, {ms, calls}] of sorted) {
  inside += ms / steps;
  console.log(
    `${kernel.padEnd(36)} ${(ms / steps).toFixed(3).padStart(9)} ms ${(calls / steps).toFixed(1).padStart(7)} calls`,
  );
}
console.log(`${'outside of kernels'.padEnd(36)} ${(profiled - inside).toFixed(3).padStart(9)} ms`);

await loop.close();

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}
