/**
 * What every explainer returns: numbers, in plain arrays, that say how much each part of the input adds to a score.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, asGiven, unknownName} from '../core';
import {groupFeatures} from './grouping';
import {exampleOf, inputOf, positionsOf} from './narrow';
import type {FeatureParts} from './parts';
import {plotExplanation} from './plots';
import type {PlotKind, PlotOptions} from './plots';
import type {Surrogate} from './surrogate';
import {explanationFromJSON, explanationToJSON} from './explanationJson';

/** Numbers in a shape, row by row; the first size is the batch. */
export interface Values {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** How one score of each example came about. */
export interface ClassScores {
  /** Which score is explained, for each example. */
  readonly targets: readonly number[];
  /** The attributions, one entry for each input of the model (or for the layer looked at). */
  readonly attributions: readonly Values[];
  /** The score itself, `[batch]`. */
  readonly outputs: Float32Array;
  /** What the attributions start from, `[batch]`: the score of the baseline, where the method has one. */
  readonly baseValues?: Float32Array;
  /** `[batch]`: Σ attributions − (output − base value), for methods that promise it to be zero. */
  readonly deltas?: Float32Array;
  /** The standard errors of the attributions, for methods that draw samples. */
  readonly standardErrors?: readonly Values[];
  /** The simple model around each example, for methods that fit one. */
  readonly surrogates?: readonly Surrogate[];
}

/** What an explainer found. */
export interface ExplanationData {
  /** The explainer's name, `'IntegratedGradients'`. */
  readonly method: string;
  /** One entry for each class explained. */
  readonly classes: readonly ClassScores[];
  /** The inputs explained: what plots show beside the attributions. */
  readonly inputs: readonly Values[];
  /** How many rows went through the model forward, and backward. */
  readonly evaluations: {readonly forward: number; readonly backward: number};
  /** Names of the features, where they are a vector. */
  readonly featureNames?: readonly string[];
  /** Names that differ from example to example, `[batch][features]`: the words of a text, `'age <= 30'`. */
  readonly exampleFeatureNames?: readonly (readonly string[])[];
  /** Which numbers are one feature and share its attribution, where a feature mask says so. */
  readonly parts?: FeatureParts;
  /** Whether attributions are of pairs of features, `[batch, features, features]`. */
  readonly arePairs?: boolean;
  /** The segment of each pixel, `[batch, height, width]`, for methods that hide segments of images. */
  readonly segments?: Values;
  /** What the reader should know, such as a sum that is off, and what to do about it. */
  readonly warnings?: readonly string[];
}

/** How `aggregate` sums up a feature over the examples. */
export type Aggregation = 'meanAbsolute' | 'mean' | 'maxAbsolute';

/**
 * An explanation of one score for each example, or of several (`forClass`). It holds plain numbers: there is
 * nothing to dispose.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.square(x), 1);
 * const explanation = await new Saliency(score).explain(tf.tensor2d([[1, 2]]));
 * explanation.values; // [2, 4]
 * explanation.shape; // [1, 2]
 */
export class Explanation {
  /** @param index which of the classes this explanation speaks of */
  constructor(
    readonly data: ExplanationData,
    private readonly index = 0,
  ) {
    if (data.classes[index] === undefined) {
      throw new ConfigurationError(`There is no explained class at place ${index}.`);
    }
  }

  get method(): string {
    return this.data.method;
  }

  /** The score explained, for each example. */
  get targets(): readonly number[] {
    return this.scores.targets;
  }

  /** The attributions of the model's only (or first) input, row by row in `shape`. */
  get values(): Float32Array {
    return this.attributions[0]!.data;
  }

  /** The shape of `values`; its first size is the batch. */
  get shape(): readonly number[] {
    return this.attributions[0]!.shape;
  }

  /** The attributions for each input of the model. */
  get attributions(): readonly Values[] {
    return this.scores.attributions;
  }

  /** The scores explained, `[batch]`. */
  get outputs(): Float32Array {
    return this.scores.outputs;
  }

  /** The scores of the baseline, `[batch]`, where the method has one. */
  get baseValues(): Float32Array | undefined {
    return this.scores.baseValues;
  }

  /** `[batch]`: by how much the attributions miss output − base value, where the method promises that sum. */
  get deltas(): Float32Array | undefined {
    return this.scores.deltas;
  }

  /** The standard errors of the attributions, where the method draws samples. */
  get standardErrors(): readonly Values[] | undefined {
    return this.scores.standardErrors;
  }

  /** How many rows went through the model forward, and backward. */
  get evaluations(): {readonly forward: number; readonly backward: number} {
    return this.data.evaluations;
  }

  get featureNames(): readonly string[] | undefined {
    return this.data.featureNames;
  }

  /** The names of an example's features: its own, where they differ, or those of all. */
  featureNamesOf(example: number): readonly string[] | undefined {
    return this.data.exampleFeatureNames?.[example] ?? this.featureNames;
  }

  /** The simple model fitted around each example, where the method is LIME. */
  get surrogates(): readonly Surrogate[] | undefined {
    return this.scores.surrogates;
  }

  get warnings(): readonly string[] {
    return this.data.warnings ?? [];
  }

  /** How many examples are explained. */
  get batch(): number {
    return this.scores.outputs.length;
  }

  /** The attributions of one input as a tensor, which the caller disposes. */
  tensor(input = 0): Tensor {
    const {data, shape} = this.attributions[input]!;
    return tf.tensor(data, [...shape]);
  }

  /**
   * The explanation of another class, where several were explained (`target: 'all'`).
   *
   * @throws ConfigurationError for a class that was not.
   */
  forClass(target: number): Explanation {
    const index = this.data.classes.findIndex(({targets}) => targets.every(value => value === target));
    if (index >= 0) return new Explanation(this.data, index);
    throw new ConfigurationError(`Class ${asGiven(target)} was not explained.`, {
      hint: "Explain it: explain(x, {target: 'all'}), or {target: " + `${target}}.`,
      code: 'configuration/target',
    });
  }

  /**
   * What one input adds, where the model has several: plots and sums then speak of it alone. It has no base value.
   *
   * @throws ConfigurationError for an input that does not exist.
   *
   * @example
   * const score = ([a, b]: tf.Tensor[]) => tf.sum(tf.mul(a!, b!), 1);
   * const explanation = await new Saliency(score).explain([tf.tensor2d([[1, 2]]), tf.tensor2d([[3, 4]])]);
   * explanation.forInput(1).values; // [1, 2]
   */
  forInput(index: number): Explanation {
    return new Explanation(inputOf(this.data, index), this.index);
  }

  /**
   * One attribution for each word, pixel or step: the sum over the last axis, which is a word's embedding or a pixel's
   * channels. Vectors stay as they are; there are no standard errors of sums.
   *
   * @throws ConfigurationError for pairs, or features of a mask.
   *
   * @example
   * const {embedding, flatten, dense} = layers.layers;
   * const model = layers.sequential({
   *   layers: [embedding({inputDim: 9, outputDim: 4, inputLength: 3}), flatten(), dense({units: 1})],
   * });
   * const explanation = await new IntegratedGradients(model).explain(tf.tensor2d([[5, 2, 7]]));
   * explanation.shape; // [1, 3, 4]
   * explanation.perPosition().shape; // [1, 3]
   */
  perPosition(): Explanation {
    return new Explanation(positionsOf(this.data), this.index);
  }

  /** The explanation of one example alone, as a batch of one. */
  example(index: number): Explanation {
    return new Explanation(exampleOf(this.data, index), this.index);
  }

  /**
   * The attributions of groups of features, summed: what one-hot columns say together. Features in no group stay.
   *
   * @param groups for each group its name and its columns
   * @throws ShapeError for inputs that are no vectors, ConfigurationError for a column that does not exist or is in two groups.
   *
   * @example
   * const score = (x: tf.Tensor) => tf.sum(tf.square(x), 1);
   * const explanation = await new InputXGradient(score).explain(tf.tensor2d([[3, 0, 1]]));
   * const grouped = explanation.group({city: [1, 2]});
   * grouped.featureNames; // ['feature 0', 'city']
   * grouped.values; // [18, 2]
   */
  group(groups: Readonly<Record<string, readonly number[]>>): Explanation {
    return new Explanation(groupFeatures(this.data, this.shape, groups), this.index);
  }

  /**
   * How much each feature of an input matters over all examples, in the shape of one example.
   *
   * @param how `'meanAbsolute'` as in SHAP's bar plot, `'mean'` with signs, or `'maxAbsolute'`
   */
  aggregate(how: Aggregation = 'meanAbsolute', input = 0): Values {
    const {data, shape} = this.attributions[input]!;
    const size = data.length / this.batch;
    const result = new Float64Array(size);
    data.forEach((value, i) => {
      const at = i % size;
      if (how === 'mean') result[at]! += value / this.batch;
      else if (how === 'meanAbsolute') result[at]! += Math.abs(value) / this.batch;
      else if (how === 'maxAbsolute') result[at] = Math.max(result[at]!, Math.abs(value));
      else throw unknownName('aggregation', String(how), ['meanAbsolute', 'mean', 'maxAbsolute']);
    });
    return {data: Float32Array.from(result), shape: shape.slice(1)};
  }

  /**
   * A picture: SVG text, which needs no other file and is readable in light and dark pages.
   *
   * @param kind default: a heat map for images, words for texts, for vectors a beeswarm of many examples, a waterfall of
   * one (bars if the method has no base value)
   * @throws ConfigurationError, ShapeError or DataError for a plot that cannot show this explanation.
   *
   * @example
   * const score = (x: tf.Tensor) => tf.sum(tf.square(x), 1);
   * const explanation = await new IntegratedGradients(score).explain(tf.tensor2d([[1, 2]]));
   * const svg = explanation.plot('bar', {title: 'Squares'});
   * svg.startsWith('<svg'); // true
   */
  plot(kind?: PlotKind, options: PlotOptions = {}): string {
    return plotExplanation(this, kind, options);
  }

  /** All there is, as plain arrays: `Explanation.fromJSON` reads it again. */
  toJSON(): object {
    return explanationToJSON(this.data, this.index);
  }

  /**
   * An explanation that was saved.
   *
   * @param json what `JSON.stringify(explanation)` made, or its parsed object
   * @throws DataError for what is no explanation, or one that lacks something.
   *
   * @example
   * const score = (x: tf.Tensor) => tf.sum(x, 1);
   * const explanation = await new Saliency(score).explain(tf.tensor2d([[1, 2]]));
   * Explanation.fromJSON(JSON.stringify(explanation)).values; // [1, 1]
   */
  static fromJSON(json: string | object): Explanation {
    const {data, index} = explanationFromJSON(json);
    return new Explanation(data, index);
  }

  private get scores(): ClassScores {
    return this.data.classes[this.index]!;
  }
}
