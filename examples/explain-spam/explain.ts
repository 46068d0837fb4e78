/**
 * Why is this mail spam? A small network that looks at words, tested on mails that it has not seen; then one of these
 * mails word by word, as three explainers see it, and sentence by sentence.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {AdamW, Trainer, withSeed} from 'glassbox';
import {IntegratedGradients, KernelShap, LimeText} from 'glassbox/explain';
import type {Explanation} from 'glassbox/explain';
import {percent} from '../explain/page';
import type {Found} from '../explain/page';
import {SPAM, Vocabulary, loadMails} from './data';
import type {Mails} from './data';

/** Splits of the mails: the first one's network is explained, the others say how far its accuracy can be trusted. */
const SEEDS = [1, 2, 3, 4, 5];
/** Words of a mail that the network reads. */
const LENGTH = 300;

export interface SpamFound extends Found {
  /** The mean over the splits, of mails not trained on. */
  readonly accuracy: number;
  /** Explanations whose values promise to sum up to the score. */
  readonly sums: readonly Explanation[];
}

export async function explainSpam(): Promise<SpamFound> {
  const filters: SpamFilter[] = [];
  try {
    for (const seed of SEEDS) filters.push(await trainFilter(seed));
    return await explain(
      filters[0]!,
      filters.map(({accuracy}) => accuracy),
    );
  } finally {
    for (const {model} of filters) model.dispose();
  }
}

interface SpamFilter {
  readonly model: layers.LayersModel;
  readonly vocabulary: Vocabulary;
  readonly test: Mails;
  readonly accuracy: number;
}

/** The mean of the words' embeddings, and a sigmoid of it. */
async function trainFilter(seed: number): Promise<SpamFilter> {
  const {embedding, globalAveragePooling1d, dense} = layers.layers;
  const {train, test} = loadMails(seed);
  const vocabulary = new Vocabulary(train.texts, LENGTH);
  const model = withSeed(seed, () =>
    layers.sequential({
      layers: [
        embedding({inputDim: vocabulary.size, outputDim: 16, inputLength: LENGTH}),
        globalAveragePooling1d({}),
        dense({units: 1, activation: 'sigmoid'}),
      ],
    }),
  );
  const trainer = new Trainer(model, {
    loss: 'binaryCrossentropy',
    optimizer: new AdamW({learningRate: 0.01, weightDecay: 0.01}),
    metrics: ['accuracy'],
    seed,
  });
  const pair = ({texts, labels}: Mails): [tf.Tensor, tf.Tensor] => [
    tf.tensor2d(vocabulary.encode(texts)),
    tf.tensor2d(labels, [labels.length, 1]),
  ];
  const [training, testing] = [pair(train), pair(test)];
  try {
    await trainer.fit(training, {epochs: 20, batchSize: 16});
    const {accuracy = NaN} = await trainer.evaluate(testing);
    return {model, vocabulary, test, accuracy};
  } finally {
    trainer.dispose();
    tf.dispose([training, testing]);
  }
}

async function explain(
  {model, vocabulary, test}: SpamFilter,
  accuracies: readonly number[],
): Promise<SpamFound> {
  const predict = (texts: readonly string[]): tf.Tensor =>
    tf.tidy(() => model.predict(tf.tensor2d(vocabulary.encode(texts))) as tf.Tensor);
  const scores = await scoresOf(predict, test.texts);
  const accuracy = accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length;

  const mistakes = test.labels.filter((label, i) => scores[i]! > 0.5 !== (label === SPAM)).length;

  // A short mail of each kind that the filter is sure of.
  const spam = pick(test, (label, i) => label === SPAM && scores[i]! > 0.8);
  const ham = pick(test, (label, i) => label !== SPAM && scores[i]! < 0.2);
  const probability = (explanation: Explanation): string => percent(explanation.outputs[0]!);

  // Words at their embeddings, from a mail of nothing but padding.
  const gradients = new IntegratedGradients(model, {baseline: 0, head: 'output'});
  const spamWords = await gradients.explain(vocabulary.encode([spam]));
  const hamWords = await gradients.explain(vocabulary.encode([ham]));
  // The filter as a function of texts: LIME leaves words out, and looks at what it then says.
  const lime = await new LimeText(predict, {samples: 1000, seed: 1}).explain(spam);
  // Words of a sentence come and go together; what is padding stays.
  const sentences = spam.split(/(?<=[.!?])\s+/).filter(text => vocabulary.tokens(text).length > 0);
  const owners = sentences.flatMap((text, i) => vocabulary.tokens(text).map(() => i)).slice(0, LENGTH);
  const shap = await new KernelShap(model, {
    baseline: 0,
    featureMask: [[...owners, ...Array<number>(LENGTH - owners.length).fill(sentences.length)]],
    perFeature: true,
    featureNames: [...sentences, '(padding)'],
  }).explain(vocabulary.encode([spam]));

  const heaviest = (explanation: Explanation): string[] =>
    explanation.surrogates![0]!.coefficients.slice(0, 3).map(({name}) => `“${name}”`);
  return {
    title: 'Why spam?',
    intro:
      `A small network reads the first ${LENGTH} words of an e-mail: the mean of their embeddings, and a sigmoid. Over ` +
      `${SEEDS.length} splits it is right in ${percent(accuracy)} of mails that it was not trained on ` +
      `(${percent(Math.min(...accuracies))} to ${percent(Math.max(...accuracies))}). The first split is explained.`,
    accuracy,
    lines: [
      `Test accuracy ${percent(accuracy)}: the mean of ${SEEDS.length} splits; ${mistakes} of ${test.labels.length} wrong in the one explained`,
      `A spam mail: ${probability(spamWords)} spam. LIME says because of ${heaviest(lime).join(', ')}`,
      `A wanted mail: ${probability(hamWords)} spam`,
    ],
    sums: [spamWords, hamWords, shap],
    sections: [
      {
        title: 'A spam mail, word by word',
        text:
          'Integrated gradients at the embeddings. Red words raise the probability of spam, blue ones lower it; the ' +
          'words as they stand in the mail, as the network takes them apart.',
        plots: [
          spamWords.plot('text', {
            tokens: vocabulary.tokens(spam),
            title: `Probability of spam: ${probability(spamWords)}`,
          }),
        ],
      },
      {
        title: 'The words that count in it',
        text:
          'LIME knows nothing of the network but what it says of a thousand copies of the mail that lack some words. ' +
          'The same word is one feature wherever it stands.',
        plots: [lime.plot('bar', {title: 'LIME: what each word adds'})],
      },
      {
        title: 'Sentence by sentence',
        text:
          'Shapley values of whole sentences: from the score of an empty mail to that of this one. They sum up ' +
          'exactly.',
        plots: [shap.plot('waterfall', {title: `Probability of spam: ${probability(shap)}`})],
      },
      {
        title: 'A wanted mail',
        text:
          'Blue words speak against spam. Where hosts and words of mailing lists are among them, the filter has learned ' +
          'where the wanted mail of this collection came from: it would do worse elsewhere.',
        plots: [
          hamWords.plot('text', {
            tokens: vocabulary.tokens(ham),
            title: `Probability of spam: ${probability(hamWords)}`,
          }),
        ],
      },
    ],
  };
}

/** The scores of texts, a number each. */
async function scoresOf(predict: (texts: readonly string[]) => tf.Tensor, texts: readonly string[]) {
  const scores = predict(texts);
  try {
    return await scores.data();
  } finally {
    scores.dispose();
  }
}

/** The first mail of that kind that is neither too short to be of interest nor too long for a page. */
function pick({texts, labels}: Mails, isWanted: (label: number, at: number) => boolean): string {
  const found = texts.find((text, i) => text.length > 300 && text.length < 700 && isWanted(labels[i]!, i));
  if (found === undefined) throw new Error('No mail of the test set is of that kind.');
  return found;
}
