/**
 * Why does a network call a mass malignant? One case step by step, then what it looks at over the whole test set, and
 * how far explainers agree.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {AdamW, EarlyStopping, Trainer, withSeed} from 'glassbox';
import {
  Counterfactual,
  DeepShap,
  Explanation,
  GradientShap,
  IntegratedGradients,
  KernelShap,
  LimeTabular,
  PermutationImportance,
  Saliency,
  compareExplainers,
} from 'glassbox/explain';
import type {Comparison} from 'glassbox/explain';
import {percent, tableOf} from '../explain/page';
import type {Found} from '../explain/page';
import {MALIGNANT, loadBreastCancer} from './data';
import type {BreastCancer, Masses} from './data';

const SEED = 1;

export interface BreastCancerFound extends Found {
  readonly accuracy: number;
  /** Explanations whose values promise to sum up to the score. */
  readonly sums: readonly Explanation[];
}

export async function explainBreastCancer(): Promise<BreastCancerFound> {
  const data = loadBreastCancer(SEED);
  const model = buildModel();
  const x = tf.tensor2d(data.test.features);
  const background = tf.tensor2d(data.train.features.slice(0, 100));
  try {
    const accuracy = await train(model, data);
    return {...(await explain(model, data, {x, background}, accuracy)), accuracy};
  } finally {
    tf.dispose([x, background]);
    model.dispose();
  }
}

function buildModel(): layers.LayersModel {
  const {dense} = layers.layers;
  return withSeed(SEED, () =>
    layers.sequential({
      layers: [
        dense({inputShape: [30], units: 32, activation: 'relu'}),
        dense({units: 16, activation: 'relu'}),
        dense({units: 1, activation: 'sigmoid'}),
      ],
    }),
  );
}

/** Trains until validation no longer improves. @returns the share of test cases that are right */
async function train(model: layers.LayersModel, data: BreastCancer): Promise<number> {
  const pair = ({features, labels}: Masses): [tf.Tensor, tf.Tensor] => [
    tf.tensor2d(features),
    tf.tensor2d(labels, [labels.length, 1]),
  ];
  const [training, validation, test] = [pair(data.train), pair(data.validation), pair(data.test)];
  const trainer = new Trainer(model, {
    loss: 'binaryCrossentropy',
    optimizer: new AdamW({learningRate: 3e-3, weightDecay: 0.1}),
    metrics: ['accuracy'],
    callbacks: [new EarlyStopping({monitor: 'val_loss', patience: 8, restoreBest: true})],
    seed: SEED,
  });
  try {
    await trainer.fit(training, {epochs: 60, batchSize: 32, validation});
    return (await trainer.evaluate(test)).accuracy!;
  } finally {
    trainer.dispose();
    tf.dispose([training, validation, test]);
  }
}

interface Tensors {
  /** The test set. */
  readonly x: tf.Tensor2D;
  /** A hundred training rows: what "nothing known" looks like. */
  readonly background: tf.Tensor2D;
}

async function explain(
  model: layers.LayersModel,
  data: BreastCancer,
  {x, background}: Tensors,
  accuracy: number,
): Promise<Omit<BreastCancerFound, 'accuracy'>> {
  const {featureNames, test} = data;
  // One case that the network takes for malignant, and rightly so.
  const malignant = test.labels.flatMap((label, i) => (label === MALIGNANT ? [i] : []));
  const at = malignant[0]!;
  const one = tf.slice(x, [at, 0], [1, 30]);
  const shap = await new KernelShap(model, {background, featureNames, seed: SEED}).explain(one);
  // LIME names conditions such as 'worst area > 1,050': it had better see the measurements themselves.
  const predict = (rows: tf.Tensor) => model.predict(data.standardize(rows)) as tf.Tensor;
  const lime = await new LimeTabular(predict, {
    trainingData: data.train.measured,
    featureNames,
    seed: SEED,
  }).explain([test.measured[at]!]);

  // The whole test set, by its logits: probabilities hide what is near zero and one.
  const all = await new DeepShap(model, {background, featureNames}).explain(x);
  const mean = all.aggregate().data;
  const top = [...mean.keys()].sort((a, b) => mean[b]! - mean[a]!).map(i => featureNames[i]!);

  // The least change with which the network would say benign, in the units of the measurements too.
  const change = await new Counterfactual(predict, {
    background: data.train.measured,
    featureNames,
    seed: SEED,
  }).explain([test.measured[at]!]);
  const importance = await new PermutationImportance(model, {
    metric: 'mse',
    featureNames,
    seed: SEED,
  }).explain(
    test.features,
    test.labels.map(label => [label]),
  );

  const few = tf.slice(background, [0, 0], [20, 30]);
  const explainers = {
    KernelShap: new KernelShap(model, {background: few, head: 'logits', samples: 500, seed: SEED}),
    DeepShap: new DeepShap(model, {background}),
    GradientShap: new GradientShap(model, {background, seed: SEED}),
    IntegratedGradients: new IntegratedGradients(model),
    Saliency: new Saliency(model, {absolute: false}),
  };
  const cases = tf.tensor2d(malignant.slice(0, 12).map(row => test.features[row]!));
  const compared = await compareExplainers(explainers, model, cases, {samples: 4, seed: SEED});
  tf.dispose([one, few, cases]);

  const ours = inUnits(shap, [test.measured[at]!]);
  const everyone = inUnits(all, test.measured);
  const score = shap.outputs[0]!;
  const base = shap.baseValues![0]!;
  const title = `Probability of malignant: ${percent(score)}`;
  return {
    title: 'Why malignant?',
    intro:
      `A network with two hidden layers tells malignant from benign breast masses by 30 measurements of their cell ` +
      `nuclei. It is right in ${percent(accuracy)} of ${test.labels.length} cases that it has not seen.`,
    lines: [
      `Test accuracy ${percent(accuracy)}`,
      `One case: ${percent(score)} malignant, where an average case has ${percent(base)}`,
      `What the network looks at most: ${top.slice(0, 3).join(', ')}`,
      `Explainers, the best first: ${compared.ranking.join(', ')}`,
    ],
    sums: [shap, all],
    sections: [
      {
        title: 'One case, step by step',
        text:
          `From the average probability over a hundred training cases, ${percent(base)}, each measurement takes the ` +
          `probability up or down, to ${percent(score)}. KernelShap shares out the difference as Shapley values.`,
        plots: [ours.plot('waterfall', {title})],
      },
      {
        title: 'The same on one line',
        text: 'What raises the probability pushes from the left, what lowers it from the right.',
        plots: [ours.plot('force', {title})],
      },
      {
        title: 'What LIME says of it',
        text:
          'A linear model of the network around this case. It does not see values but quarters of the training data, ' +
          'so it names conditions.',
        plots: [
          lime.plot('bar', {title: `LIME: R² of the linear model ${lime.surrogates![0]!.score.toFixed(2)}`}),
        ],
      },
      {
        title: 'What would have to change',
        text:
          `The nearest case that the network would call benign, with ` +
          `${percent(change.examples[0]!.score.after)} malignant: what it changes, in median absolute deviations of ` +
          'the training cases. All other measurements stay as they are.',
        plots: [change.plot({title: 'From malignant to benign'})],
      },
      {
        title: 'All test cases',
        text:
          'A point for each case, at what the measurement adds to the logit (DeepShap). Red points to the right: high ' +
          'values speak for malignant.',
        plots: [everyone.plot('beeswarm', {title: `What moves ${test.labels.length} cases`})],
      },
      {
        title: 'What counts most',
        text: 'The mean size of what each measurement adds, whichever way.',
        plots: [everyone.plot('bar', {title: 'Mean over the test cases'})],
      },
      {
        title: 'What the network needs',
        text:
          'How much the squared error on the test set rises when a measurement is shuffled among the cases. Measurements that ' +
          'say the same, such as radius and area, stand in for each other: each alone looks less important.',
        plots: [importance.plot({title: 'Rise of the squared error'})],
      },
      {
        title: `How ${top[0]!} counts`,
        text: `Each case at its ${top[0]!}, coloured by its ${top[1]!}: where colours part, the two interact.`,
        plots: [everyone.plot('dependence', {title: top[0]!, feature: top[0]!, colorBy: top[1]!})],
      },
      {
        title: 'Do explainers agree?',
        text:
          'Five explainers on twelve malignant cases, the best first. Deletion: how high the probability stays as what ' +
          'matters most is taken away (low is good); insertion: as it comes in (high is good); infidelity and ' +
          'sensitivity: low is good. The last column is the rank correlation with the others.',
        plots: [comparisonTable(compared)],
      },
    ],
  };
}

/** Plots show the values that went into the model: here, those before standardising. */
function inUnits(explanation: Explanation, measured: readonly (readonly number[])[]): Explanation {
  const [standardised] = explanation.data.inputs;
  const inputs = [{data: Float32Array.from(measured.flat()), shape: standardised!.shape}];
  return new Explanation({...explanation.data, inputs});
}

function comparisonTable({ranking, evaluations, agreement}: Comparison<string>): string {
  const rows = ranking.map(name => {
    const {deletionAuc, insertionAuc, infidelity = NaN, sensitivity = NaN} = evaluations[name]!;
    const others = agreement.filter(({between}) => between.includes(name)).map(({spearman}) => spearman);
    const agreeing = others.reduce((sum, value) => sum + value, 0) / others.length;
    const numbers = [deletionAuc, insertionAuc, infidelity, sensitivity, agreeing];
    return [name, ...numbers.map(value => String(Number(value.toPrecision(2))))];
  });
  return tableOf(['', 'deletion', 'insertion', 'infidelity', 'sensitivity', 'agreement'], rows);
}
