import * as tf from '@tensorflow/tfjs-core';
import {ConfigurationError, DataError, Random, asGiven, checkNames} from '../core';
import {checkScores} from './explainer';
import type {ExplainOptions} from './explainer';
import {Explanation} from './explanation';
import {resolveTargets, toTensor} from './inputs';
import {TextMasker} from './maskers';
import type {TextMaskerOptions} from './maskers';
import type {ScoresLike} from './model';
import {scoresOf} from './perturbation';
import type {Scores} from './perturbation';
import {SURROGATE_OPTIONS, attributedBy, checkSurrogateOptions, fitSurrogate} from './surrogate';
import {maskDistance, nearness, warnOfPoorFit} from './surrogate';
import type {Neighbourhood, SurrogateOptions} from './surrogate';
import {callInScope} from './tfjsInternals';
import {checkSignal, nextTurn} from './turns';

/** What scores texts: with a tokenizer and a model, `texts => model.predict(encode(texts))`. */
export type TextModel = (texts: readonly string[]) => ScoresLike | Promise<ScoresLike>;

export interface LimeTextOptions extends SurrogateOptions, TextMaskerOptions {
  /** How many texts with hidden words to look at. Default 5000. */
  samples?: number;
  /** How near such a text must be to count, where 100 is as far as can be. Default 25. */
  kernelWidth?: number;
  /** Texts that go through the model at a time. Default 100. */
  batchSize?: number;
  /** Default 0. Same seed, same explanation. */
  seed?: number;
}

const OPTIONS = [
  ...['samples', 'kernelWidth', 'batchSize', 'seed', 'unit', 'together', 'baseline'],
  ...SURROGATE_OPTIONS,
];

/** A text, and what the model says of it with some of its words hidden. */
interface Looked {
  readonly names: readonly string[];
  readonly neighbourhood: Neighbourhood;
  readonly scores: Scores;
}

/**
 * Which words (or sentences) of a text speak for a score: a linear model of what the model says while words are
 * hidden (LIME: Ribeiro, Singh and Guestrin 2016). The attributions are `[texts, words]`, zero after a text's last;
 * `explanation.featureNamesOf(i)` has the words.
 *
 * @throws ConfigurationError for an unknown or impossible option, DataError for a text without words.
 *
 * @example
 * const mood = (texts: readonly string[]) => texts.map(text => (text.includes('good') ? 1 : 0) - (text.includes('bad') ? 1 : 0));
 * const explanation = await new LimeText(mood, {samples: 500}).explain('a good book with a bad end', {target: 0});
 * explanation.featureNamesOf(0); // ['a', 'good', 'book', 'with', 'bad', 'end']
 * explanation.surrogates?.[0]?.coefficients[0]?.name; // 'good'
 */
export class LimeText {
  constructor(
    private readonly model: TextModel,
    private readonly options: LimeTextOptions = {},
  ) {
    checkNames('LimeText', options, OPTIONS);
    checkSurrogateOptions('LimeText', options);
    if (typeof model !== 'function') {
      throw new ConfigurationError(`LimeText takes a function of texts, and was given ${asGiven(model)}.`, {
        hint: 'Write new LimeText(texts => model.predict(encode(texts))).',
        code: 'configuration/model',
      });
    }
  }

  /** @param input one text, or several */
  async explain(input: string | readonly string[], options: ExplainOptions = {}): Promise<Explanation> {
    checkNames('explain()', options, ['target', 'signal']);
    const {target, signal} = options;
    checkSignal(signal);
    const texts = [input].flat() as readonly string[];
    if (texts.length === 0 || texts.some(text => typeof text !== 'string')) {
      throw new DataError(`There is no text to explain in ${asGiven(input)}.`, {
        hint: 'Give a text, or an array of texts.',
        code: 'data/empty',
      });
    }
    const looked: Looked[] = [];
    for (const [i, text] of texts.entries()) looked.push(await this.lookAround(text, i, signal));
    signal?.throwIfAborted();
    const {outputs} = looked[0]!.scores;
    const own = Float32Array.from(looked.flatMap(({scores}) => [...scores.data.subarray(0, outputs)]));
    const warnings = new Set<string>();
    const names = looked.map(({names}) => names);
    const width = Math.max(...names.map(({length}) => length));
    const classes = resolveTargets(target, own, outputs).map(targets => {
      const fits = looked.map(({neighbourhood, scores}, i) =>
        fitSurrogate(neighbourhood, scoresOf(scores, targets[i]!), {numFeatures: 10, ...this.options}),
      );
      warnOfPoorFit(fits, message => void warnings.add(message));
      return {
        targets,
        outputs: Float32Array.from(targets, (of, i) => own[i * outputs + of]!),
        ...attributedBy(fits, width, names),
      };
    });
    return new Explanation({
      method: 'LimeText',
      classes,
      inputs: [],
      evaluations: {
        forward: looked.reduce((sum, {neighbourhood}) => sum + neighbourhood.weights.length, 0),
        backward: 0,
      },
      exampleFeatureNames: names,
      warnings: [...warnings],
    });
  }

  private async lookAround(text: string, place: number, signal: AbortSignal | undefined): Promise<Looked> {
    const {
      samples = 5000,
      kernelWidth = 25,
      batchSize = 100,
      seed = 0,
      unit,
      together,
      baseline,
    } = this.options;
    const masker = new TextMasker(text, {
      ...(unit !== undefined && {unit}),
      ...(together !== undefined && {together}),
      ...(baseline !== undefined && {baseline}),
    });
    const features = masker.features.length;
    if (features === 0) {
      throw new DataError(`Text ${place} has no words: '${text}'.`, {
        hint: 'Leave it out.',
        code: 'data/empty',
      });
    }
    const random = new Random(seed, 'LimeText', place);
    const rows = new Uint8Array(samples * features).fill(1);
    const weights = new Float64Array(samples).fill(1);
    // The first row hides nothing; the others any number of words.
    for (let i = 1; i < samples; i++) {
      const hidden = 1 + random.integer(features);
      for (const feature of random.permutation(features).subarray(0, hidden))
        rows[i * features + feature] = 0;
      weights[i] = nearness(100 * maskDistance(features - hidden, features), kernelWidth);
    }
    let data = new Float32Array(0);
    let outputs = 1;
    for (let first = 0; first < samples; first += batchSize) {
      await nextTurn(signal);
      const count = Math.min(batchSize, samples - first);
      const texts = Array.from({length: count}, (_, i) =>
        masker.mask(rows.subarray((first + i) * features, (first + i + 1) * features)),
      );
      const scores = await readScores(this.model, texts);
      outputs = scores.length / count;
      if (first === 0) data = new Float32Array(samples * outputs);
      data.set(scores, first * outputs);
    }
    return {names: masker.features, neighbourhood: {rows, features, weights}, scores: {data, outputs}};
  }
}

async function readScores(model: TextModel, texts: readonly string[]): Promise<Float32Array> {
  const given = await callInScope(() => model(texts));
  const tensor = toTensor(given, 'What the model gives');
  try {
    const scores = Float32Array.from(await tensor.data());
    const outputs = scores.length / texts.length;
    if (outputs === 0 || !Number.isInteger(outputs)) {
      throw new ConfigurationError(`The model gives ${scores.length} scores for ${texts.length} texts.`, {
        hint: 'It must give [texts] or [texts, outputs].',
        code: 'configuration/model',
      });
    }
    checkScores(scores, at => `'${texts[Math.floor(at / outputs)]}'`);
    return scores;
  } finally {
    tensor.dispose();
    if (given instanceof tf.Tensor) given.dispose();
  }
}
