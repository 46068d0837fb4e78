/** What a checkpoint notes of the backend. */
import {expect, test} from 'vitest';
import {useBackend} from '../../src/backend';
import {decodeState, disposeState, encodeState, MemoryStore} from '../../src/checkpoint';
import {ModelCheckpoint} from '../../src/callbacks';
import {Trainer} from '../../src/trainer';
import {blobs, classifier} from './fixtures';

async function checkpointOf(): Promise<Uint8Array> {
  const store = new MemoryStore();
  const {x, y} = blobs(20);
  const callbacks = [new ModelCheckpoint({store, name: 'last'})];
  const trainer = new Trainer(classifier(), {loss: 'sparseCategoricalCrossentropy', callbacks, seed: 1});
  await trainer.fit([x, y], {epochs: 1});
  return (await store.read('last'))!;
}

test.each(['wasm', 'cpu'] as const)('a training on %s notes it, and whether sums were fused', async name => {
  await useBackend(name);
  const record = decodeState(await checkpointOf());
  expect(record).toMatchObject({backend: {name, relaxedSimd: false}});
  disposeState(record);
});

test('a run goes on on another backend, and one whose record does not say where it was made goes on too', async () => {
  await useBackend('cpu');
  const checkpoint = await checkpointOf();
  const record = decodeState(checkpoint) as Record<string, never>;
  const {backend: _, ...older} = record;
  const olderCheckpoint = await encodeState(older);
  disposeState(record);
  await useBackend('wasm');
  const {x, y} = blobs(20);
  for (const resumeFrom of [checkpoint, olderCheckpoint]) {
    const trainer = new Trainer(classifier(), {loss: 'sparseCategoricalCrossentropy', seed: 1});
    const {stopReason, history} = await trainer.fit([x, y], {epochs: 2, resumeFrom});
    expect(stopReason).toBe('completed');
    expect(history['loss']).toHaveLength(2);
  }
});
