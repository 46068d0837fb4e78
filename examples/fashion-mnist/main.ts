/**
 * The main job, end to end: real images, a convolutional network, training with a live bar, a report on images that
 * training never saw, and the model saved. Run it by `npm run demo`.
 */
import {ProgressBar, classificationReport, useBackend} from 'glassbox';
import {fileSystem} from 'glassbox/node';
import {CLASSES, loadFashionMnist} from './data';
import {buildModel, train} from './train';

const SEED = 1;
const FOLDER = 'runs/fashion-mnist';

const backend = await useBackend('auto');
console.log(
  `Backend ${backend.name}, ${backend.threads} thread${backend.threads === 1 ? '' : 's'}, ${backend.repairs.length} repairs of tfjs`,
);

const data = loadFashionMnist();
const model = buildModel(SEED);
console.log(
  `${model.countParams().toLocaleString('en')} weights; 7,500 images to train on, 500 to validate on, 2,000 to test on\n`,
);

const started = performance.now();
const {trainer, result} = await train(model, data, {seed: SEED, callbacks: [new ProgressBar()]});
const seconds = Math.round((performance.now() - started) / 1000);
console.log(`\n${result.epochs} epochs and ${result.steps} updates in ${seconds} s (${result.stopReason})\n`);

const probabilities = await trainer.predict(data.test.images, {batchSize: 200});
console.log(String(await classificationReport(data.test.labels, probabilities, {labels: CLASSES})));
probabilities.dispose();

await model.save(fileSystem(FOLDER));
console.log(`Saved the model to ${FOLDER}`);
