/**
 * Trains in a worker, so that the page answers clicks. It is told `{start: {epochs, images}}` and `{stop: true}`, and
 * says `{backend}`, `{progress}` and at the end `{result}` or `{error}`.
 */
import {Adam, ProgressBar, Trainer, useBackend} from '../../dist/glassbox.browser.js';
import {loadImages} from './data.js';
import {buildModel} from './network.js';

let stopping = new AbortController();

self.onmessage = ({data: {start, stop}}) => {
  if (stop) stopping.abort();
  if (start) {
    stopping = new AbortController();
    train(start).catch(error => postMessage({error: `${error.name}: ${error.message}`}));
  }
};

async function train({epochs, images}) {
  const backend = await useBackend('auto');
  postMessage({backend: {name: backend.name, threads: backend.threads}});
  const data = await loadImages(0, images);
  const test = await loadImages(9000, 10000);
  const model = buildModel();
  const trainer = new Trainer(model, {
    loss: 'sparseCategoricalCrossentropy',
    optimizer: new Adam({learningRate: 3e-3}),
    metrics: ['accuracy'],
    // Stopping by a callback ends training in order: what was learned is kept.
    callbacks: [
      new ProgressBar({onUpdate: progress => postMessage({progress})}),
      {name: 'Stop', onTrainBatchEnd: context => stopping.signal.aborted && context.stop('stopped')},
    ],
    seed: 1,
  });
  const {stopReason, steps} = await trainer.fit([data.images, data.labels], {epochs, batchSize: 32});
  const {accuracy} = await trainer.evaluate([test.images, test.labels], {batchSize: 200});
  model.dispose();
  postMessage({result: {stopReason, steps, accuracy}});
}
