/**
 * The demo's test accuracy over several seeds: `npm run demo:seeds`, or with seeds of your own behind `--`.
 */
import {useBackend} from 'glassbox';
import {loadFashionMnist} from './data';
import {buildModel, train} from './train';

const given = process.argv.slice(2).map(Number);
const seeds = given.length > 0 ? given : [1, 2, 3];

await useBackend('auto');
const data = loadFashionMnist();
const accuracies: number[] = [];
for (const seed of seeds) {
  const model = buildModel(seed);
  const started = performance.now();
  const {trainer, result} = await train(model, data, {seed});
  const {accuracy = NaN} = await trainer.evaluate([data.test.images, data.test.labels], {batchSize: 200});
  accuracies.push(accuracy);
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(
    `seed ${seed}: ${(100 * accuracy).toFixed(2)} % test accuracy after ${result.epochs} epochs, ${seconds} s`,
  );
  trainer.dispose();
  model.dispose();
}
const mean = accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length;
console.log(`mean of ${seeds.length}: ${(100 * mean).toFixed(2)} %`);
