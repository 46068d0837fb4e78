/** Training on WebGPU in Node as on every other backend, and what is left when the device goes. */
import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {BackupAndRestore} from '../../src/callbacks';
import {MemoryStore} from '../../src/checkpoint';
import {DeviceLostError} from '../../src/core';
import {Trainer} from '../../src/trainer';
import type {Callback, FitResult} from '../../src/trainer';
import {curveOf, memoryOver} from '../suite/smallNetwork';
import {blobs, classifier} from '../trainer/fixtures';
import {missing, useWebgpu} from './softwareGpu';

const {x, y} = blobs(40);

describe.skipIf(missing !== undefined)('WebGPU in Node', () => {
  it('evaluates a model with penalties, which it must read without waiting', async () => {
    const evaluate = async (): Promise<number> => {
      const model = classifier();
      const trainer = new Trainer(model, {loss: 'sparseCategoricalCrossentropy', seed: 1});
      const logs = await trainer.evaluate([x, y]);
      trainer.dispose();
      model.dispose();
      return logs['loss']!;
    };
    await useBackend('wasm');
    const expected = await evaluate();
    await useWebgpu();
    expect(await evaluate()).toBeCloseTo(expected, 4);
  });

  it('starts from the same weights as wasm by a seed, and has losses that agree to 1e-3 over 50 steps', async () => {
    await useBackend('wasm');
    const expected = await curveOf(3);
    await useWebgpu();
    const found = await curveOf(3);
    expect(found.first).toEqual(expected.first);
    expect(found.losses).toHaveLength(50);
    found.losses.forEach((loss, step) => expect(Math.abs(loss - expected.losses[step]!)).toBeLessThan(1e-3));
  });

  it('has tensors and the memory of the device flat over 500 steps', async () => {
    await useWebgpu();
    const [warm, ...later] = (await memoryOver(500)).slice(4);
    expect(warm!.device).toHaveLength(2);
    expect(later).toHaveLength(20);
    for (const moment of later) expect(moment).toEqual(warm);
  });

  describe('whose device is lost in the middle of training', () => {
    /** 4 epochs of 5 batches, backed up after every 3; the history's losses. */
    async function train(store: MemoryStore, callbacks: Callback[] = []): Promise<FitResult> {
      const model = classifier();
      const trainer = new Trainer(model, {
        loss: 'sparseCategoricalCrossentropy',
        metrics: ['accuracy'],
        optimizer: 'adam',
        callbacks: [new BackupAndRestore({store, everyBatches: 3}), ...callbacks],
        seed: 3,
      });
      try {
        return await trainer.fit([x, y], {epochs: 4, batchSize: 8, validation: [x, y]});
      } finally {
        trainer.dispose();
        model.dispose();
      }
    }
    let whole: FitResult;
    beforeAll(async () => {
      await useBackend('wasm');
      whole = await train(new MemoryStore());
    });

    const ways: Record<string, (at: {batches: number}) => void | Promise<void>> = {
      'between two batches': ({batches}) => {
        if (batches === 11) destroyDevice();
      },
      'while a batch is computed': ({batches}) => {
        if (batches === 11) setTimeout(destroyDevice);
      },
      'right after a backup': ({batches}) => {
        if (batches === 12) destroyDevice();
      },
    };

    it.each(Object.keys(ways))('%s: fit fails with a typed error, and resumes on wasm', async way => {
      await useWebgpu();
      const store = new MemoryStore();
      const before = tf.memory().numTensors;
      const failure: unknown = await train(store, [{order: 200, onTrainBatchEnd: ways[way]!}]).catch(
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(DeviceLostError);
      expect(tf.memory().numTensors).toBe(before);

      await useBackend('wasm');
      const resumed = await train(store);
      expect(resumed.steps).toBe(whole.steps);
      for (const [name, values] of Object.entries(whole.history)) {
        expect(resumed.history[name]).toHaveLength(values.length);
        values.forEach((value, i) => expect(resumed.history[name]![i]).toBeCloseTo(value, 3));
      }
    });
  });
});

function destroyDevice(): void {
  (tf.backend() as unknown as {device: {destroy(): void}}).device.destroy();
}
