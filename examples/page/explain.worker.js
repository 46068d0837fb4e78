/** Trains for a moment, then explains the images that it is asked about: `{explain: place}` of the loaded ones. */
import {Adam, Trainer, explain, tf, useBackend} from '../../dist/glassbox.browser.js';
import {CLASSES, SIZE, loadImages} from './data.js';
import {buildModel} from './network.js';

const PICTURES = 24;
let ready;

self.onmessage = async ({data: {start, explain: place}}) => {
  try {
    if (start) await (ready = prepare());
    if (place !== undefined) postMessage({explained: await explainImage(await ready, place)});
  } catch (error) {
    postMessage({error: `${error.name}: ${error.message}`});
  }
};

async function prepare() {
  await useBackend('auto');
  const train = await loadImages(0, 4000);
  const test = await loadImages(9000, 9000 + PICTURES);
  const model = buildModel();
  const trainer = new Trainer(model, {
    loss: 'sparseCategoricalCrossentropy',
    optimizer: new Adam({learningRate: 3e-3}),
    seed: 1,
  });
  await trainer.fit([train.images, train.labels], {epochs: 3, batchSize: 32});
  postMessage({images: test.images.values, labels: test.labels});
  return {model, test, explainer: new explain.IntegratedGradients(model, {baseline: 0})};
}

async function explainImage({model, test, explainer}, place) {
  const size = SIZE * SIZE;
  const image = tf.tensor(test.images.values.slice(place * size, (place + 1) * size), [1, SIZE, SIZE, 1]);
  try {
    const explanation = await explainer.explain(image);
    const output = model.predict(image);
    const probabilities = await output.data();
    output.dispose();
    const [target] = explanation.targets;
    return {
      place,
      said: CLASSES[target],
      sure: probabilities[target],
      isRight: target === test.labels[place],
      svg: explanation.plot('heatmap', {width: 640, title: `Why “${CLASSES[target]}”?`}),
    };
  } finally {
    image.dispose();
  }
}
