/**
 * A training program that kills itself (SIGKILL) in the middle of batch `killAt`, and writes weights and history to
 * `output` if it lives: node --import tsx killable.ts <backup folder> <output> [killAt]
 */
import {writeFileSync} from 'node:fs';
import {useBackend} from '../../src/backend';
import {
  BackupAndRestore,
  EarlyStopping,
  ExponentialMovingAverage,
  GradientAccumulation,
} from '../../src/callbacks';
import {DirectoryStore} from '../../src/node';
import {Adam} from '../../src/optimizers';
import {warmup, cosine} from '../../src/schedules';
import {Trainer} from '../../src/trainer';
import {blobs, classifier, weightsOf} from './fixtures';

const [folder, output, killAt = 'never'] = process.argv.slice(2) as [string, string, string?];
await useBackend('wasm');
const {x, y} = blobs(34);
const held = blobs(16, 2);
const model = classifier();
const trainer = new Trainer(model, {
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
  optimizer: new Adam({learningRate: warmup(cosine({initial: 0.05, steps: 12}), {steps: 3})}),
  callbacks: [
    new GradientAccumulation({steps: 2}),
    new ExponentialMovingAverage({decay: 0.9}),
    new EarlyStopping({monitor: 'val_loss', patience: 5, restoreBest: true}),
    new BackupAndRestore({store: new DirectoryStore(folder), everyBatches: 1}),
    {
      onMicroBatchEnd({batches}) {
        if (String(batches) === killAt) process.kill(process.pid, 'SIGKILL');
      },
    },
  ],
  seed: 3,
});
const {history, stopReason} = await trainer.fit([x, y], {
  epochs: 3,
  batchSize: 7,
  validation: [held.x, held.y],
});
writeFileSync(output, JSON.stringify({history, stopReason, weights: await weightsOf(model)}));
