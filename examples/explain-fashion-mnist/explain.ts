/**
 * What does a network see in clothes? One image that it gets right and one that it takes for something else, as six
 * explainers see them; then which of these explainers to believe.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {Adam, Trainer, oneCycle, withSeed} from 'glassbox';
import {
  GradCam,
  IntegratedGradients,
  KernelShap,
  LimeImage,
  Occlusion,
  SmoothGrad,
  curvesPlot,
  perturbationCurves,
  plotGrid,
  randomizationCheck,
  slic,
} from 'glassbox/explain';
import type {Explanation, PerturbationCurves, RandomizationStep} from 'glassbox/explain';
import {percent, tableOf} from '../explain/page';
import type {Found, Section} from '../explain/page';
import {CLASSES, SIZE, loadFashionMnist} from '../fashion-mnist/data';
import type {LabelledImages} from '../fashion-mnist/data';

const SEED = 1;
const EPOCHS = 4;
const BATCH = 32;
/** Most of these images is background: a grey level that is none. */
const BASELINE = 0;

export interface FashionMnistFound extends Found {
  readonly accuracy: number;
  /** Explanations whose values promise to sum up to the score. */
  readonly sums: readonly Explanation[];
}

export async function explainFashionMnist(): Promise<FashionMnistFound> {
  const {train, test} = loadFashionMnist();
  const model = buildModel();
  try {
    const probabilities = await trainAndPredict(model, train, test);
    return await explain(model, test, probabilities);
  } finally {
    model.dispose();
  }
}

function buildModel(): layers.LayersModel {
  const {conv2d, maxPooling2d, flatten, dense, dropout} = layers.layers;
  const convolution = {
    kernelSize: 3,
    padding: 'same',
    activation: 'relu',
    kernelInitializer: 'heNormal',
  } as const;
  return withSeed(SEED, () =>
    layers.sequential({
      layers: [
        conv2d({...convolution, name: 'convolution1', filters: 16, inputShape: [SIZE, SIZE, 1]}),
        maxPooling2d({poolSize: 2}),
        conv2d({...convolution, name: 'convolution2', filters: 32}),
        maxPooling2d({poolSize: 2}),
        flatten(),
        dropout({rate: 0.3}),
        dense({name: 'hidden', units: 64, activation: 'relu', kernelInitializer: 'heNormal'}),
        dense({name: 'classes', units: CLASSES.length, activation: 'softmax'}),
      ],
    }),
  );
}

/** @returns the probabilities of the test images, `[images][classes]` */
async function trainAndPredict(
  model: layers.LayersModel,
  train: LabelledImages,
  test: LabelledImages,
): Promise<number[][]> {
  const trainer = new Trainer(model, {
    loss: 'sparseCategoricalCrossentropy',
    optimizer: new Adam({
      learningRate: oneCycle({peak: 3e-3, steps: EPOCHS * Math.ceil(train.labels.length / BATCH)}),
    }),
    seed: SEED,
  });
  try {
    await trainer.fit([train.images, train.labels], {epochs: EPOCHS, batchSize: BATCH});
    const predicted = await trainer.predict(test.images, {batchSize: 200});
    const probabilities = (await predicted.array()) as number[][];
    predicted.dispose();
    return probabilities;
  } finally {
    trainer.dispose();
  }
}

async function explain(
  model: layers.LayersModel,
  test: LabelledImages,
  probabilities: readonly (readonly number[])[],
): Promise<FashionMnistFound> {
  const guesses = probabilities.map(row => row.indexOf(Math.max(...row)));
  const accuracy = guesses.filter((guess, i) => guess === test.labels[i]).length / guesses.length;
  const sure = (i: number): boolean => probabilities[i]![guesses[i]!]! > 0.8;
  const right = guesses.findIndex(
    (guess, i) => guess === test.labels[i] && CLASSES[guess] === 'Sneaker' && sure(i),
  );
  const wrong = guesses.findIndex((guess, i) => guess !== test.labels[i] && sure(i));

  const integrated = new IntegratedGradients(model, {baseline: BASELINE, head: 'output'});
  const explainers = {
    IntegratedGradients: integrated,
    SmoothGrad: new SmoothGrad(integrated, {samples: 16, seed: SEED}),
    // With signs: where all of the layer speaks against the class, nothing would be left.
    GradCam: new GradCam(model, {relu: false}),
    Occlusion: new Occlusion(model, {window: [6, 6, 1], strides: [2, 2, 1], baseline: BASELINE}),
    LimeImage: new LimeImage(model, {segments: 40, hideColor: BASELINE, seed: SEED}),
  };
  const names = [...Object.keys(explainers), 'KernelShap'];
  const sums: Explanation[] = [];
  const lines: string[] = [];
  const sections: Section[] = [];
  for (const at of [right, wrong]) {
    const pixels = test.images.values.slice(at * SIZE * SIZE, (at + 1) * SIZE * SIZE);
    const image = tf.tensor4d(pixels, [1, SIZE, SIZE, 1]);
    // Segments instead of pixels: 2^1024 coalitions are too many.
    const {labels} = slic({data: pixels, height: SIZE, width: SIZE, channels: 1}, {segments: 40});
    const shap = new KernelShap(model, {
      baseline: BASELINE,
      featureMask: tf.util.toNestedArray([SIZE, SIZE, 1], labels) as number[][][],
      samples: 1000,
      seed: SEED,
    });
    const target = guesses[at]!;
    const found: Explanation[] = [];
    const curves: PerturbationCurves[] = [];
    for (const explainer of [...Object.values(explainers), shap]) {
      const explanation = await explainer.explain(image, {target});
      found.push(explanation);
      curves.push(await perturbationCurves(model, image, explanation, {baseline: BASELINE}));
    }
    image.dispose();
    sums.push(found[0]!, found.at(-1)!);

    const guess = CLASSES[target]!;
    const truth = CLASSES[test.labels[at]!]!;
    const isRight = guess === truth;
    const chance = percent(probabilities[at]![target]!);
    const order = names
      .map((name, i) => ({name, gap: curves[i]!.insertion.auc[0]! - curves[i]!.deletion.auc[0]!}))
      .sort((a, b) => b.gap - a.gap);
    lines.push(
      `${isRight ? 'Right' : 'Wrong'}: ${guess}, ${chance}${isRight ? '' : `, but it is a ${truth}`}; best explained by ${order[0]!.name}`,
    );
    sections.push({
      title: isRight ? `Rightly taken for a ${guess}` : `A ${truth} taken for a ${guess}`,
      text:
        `The network says ${guess} with ${chance}. Red pixels speak for it, blue ones against. ` +
        (isRight ? 'Gradient methods see edges, the others parts.' : 'The red parts are what misled it.'),
      plots: [
        plotGrid(
          found.map((explanation, i) => explanation.plot('heatmap', {title: names[i]!, width: 400})),
          {columns: 2, width: 900},
        ),
      ],
    });
    sections.push({
      title: 'Does the score fall as the reddest pixels go?',
      text:
        `The probability of ${guess} as pixels are blacked out, the reddest first, and as they come into a black ` +
        'image. A good explanation falls early and rises early: the best have the largest area between the two.',
      plots: [
        curvesPlot(Object.fromEntries(names.map((name, i) => [name, curves[i]!.deletion])), {
          title: 'Deletion',
        }),
        curvesPlot(Object.fromEntries(names.map((name, i) => [name, curves[i]!.insertion])), {
          title: 'Insertion',
        }),
        tableOf(
          ['', 'deletion', 'insertion', 'between'],
          order.map(({name, gap}) => {
            const {deletion, insertion} = curves[names.indexOf(name)]!;
            return [name, ...[deletion.auc[0]!, insertion.auc[0]!, gap].map(decimals)];
          }),
        ),
      ],
    });
  }
  const steps = await checkSanity(model, test, right);
  sections.push(sanitySection(steps));
  return {
    title: 'What the network sees in clothes',
    intro:
      `A network with two convolutions learned ten kinds of clothing from 7,500 images. It is right in ` +
      `${percent(accuracy)} of ${guesses.length.toLocaleString('en')} images that it has not seen.`,
    accuracy,
    lines: [
      `Test accuracy ${percent(accuracy)}`,
      ...lines,
      `Rank correlation with an explanation after all layers were shuffled: ${decimals(steps.at(-1)!.similarity)}`,
    ],
    sums,
    sections,
  };
}

async function checkSanity(
  model: layers.LayersModel,
  test: LabelledImages,
  at: number,
): Promise<RandomizationStep[]> {
  const image = tf.tensor4d(test.images.values.slice(at * SIZE * SIZE, (at + 1) * SIZE * SIZE), [
    1,
    SIZE,
    SIZE,
    1,
  ]);
  try {
    return await randomizationCheck(model, copy => new IntegratedGradients(copy), image, {seed: SEED});
  } finally {
    image.dispose();
  }
}

function sanitySection(steps: readonly RandomizationStep[]): Section {
  return {
    title: 'Does the explanation depend on what was learned?',
    text:
      'The layers are shuffled from the last to the first (Adebayo 2018), and the image is explained by integrated ' +
      'gradients again. An explanation of what was learned is gone then: its rank correlation with the first one ' +
      'falls towards 0. Sizes without signs stay more alike, since black pixels have none.',
    plots: [
      tableOf(
        ['shuffled down to', 'similarity', 'of sizes'],
        steps.map(({layer, similarity, absoluteSimilarity}) => [
          layer,
          decimals(similarity),
          decimals(absoluteSimilarity),
        ]),
      ),
    ],
  };
}

/** Two of them, and no negative zero. */
function decimals(value: number): string {
  return value
    .toFixed(2)
    .replace(/^-(0\.00)$/, '$1')
    .replace('-', '−');
}
