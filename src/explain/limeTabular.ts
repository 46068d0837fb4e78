import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, Random, ShapeError, checkNames} from '../core';
import {categoricalColumn, normalColumn, quartileColumn} from './columnSampler';
import type {ColumnSampler} from './columnSampler';
import {EXPLAINER_OPTIONS, ExplanationFrame, readValues} from './explainer';
import type {Attributed, ExplainOptions, Explainer, ExplainerOptions, Request} from './explainer';
import {Explanation} from './explanation';
import {checkWhole} from './inputs';
import type {ExplainInput} from './inputs';
import {readMatrix} from './matrix';
import type {Matrix, MatrixLike} from './matrix';
import type {ExplainableModel} from './model';
import {scoreInChunks, scoresOf} from './perturbation';
import type {Scores} from './perturbation';
import {SURROGATE_OPTIONS, attributedBy, checkSurrogateOptions, fitSurrogate} from './surrogate';
import {nearness, warnOfPoorFit} from './surrogate';
import type {Neighbourhood, SurrogateOptions} from './surrogate';

export interface LimeTabularOptions extends ExplainerOptions, SurrogateOptions {
  /** What the model was trained on, `[examples, features]`: where changed values are drawn from. */
  trainingData: MatrixLike;
  /** How many changed examples to look at. Default 5000. */
  samples?: number;
  /** How near a changed example must be to count. Default 0.75·√features. */
  kernelWidth?: number;
  /** Default true: the linear model sees in which quarter of the training data a value lies, not the value. */
  discretize?: boolean;
  /** Columns that hold categories, which are never cut or scaled. */
  categoricalFeatures?: readonly number[];
  /** For a column of categories their names, by value. */
  categoryNames?: Readonly<Record<number, readonly string[]>>;
  /** Without `discretize`: draw around the example, and not around the training data's mean. Default false. */
  aroundExample?: boolean;
  /** Default 0. Same seed, same explanation. */
  seed?: number;
}

const OWN_OPTIONS = [
  ...['trainingData', 'samples', 'kernelWidth', 'discretize', 'categoricalFeatures', 'categoryNames'],
  ...['aroundExample', 'seed', ...SURROGATE_OPTIONS],
];

/** What other explainers and LIME call them. */
const ALIASES = {background: 'trainingData', training_data: 'trainingData', num_samples: 'samples'};

/** Perturbed examples, and what the model says of them. */
interface Looked {
  readonly neighbourhood: Neighbourhood;
  readonly scores: Scores;
}

/**
 * A linear model around each example of a table: which of its values speak for the score, and which against (LIME:
 * Ribeiro, Singh and Guestrin 2016). By default a feature means "the value lies in its quarter of the training data";
 * `explanation.featureNamesOf(i)` says which quarter that is, `explanation.surrogates` how good the linear model is.
 *
 * @throws ConfigurationError for an unknown or impossible option, ShapeError for examples or training data that are no
 * tables of the same width, DataError for numbers that are not finite. Examples of integers are for columns that all
 * hold categories.
 *
 * @example
 * const model = layers.sequential({layers: [layers.layers.dense({units: 2, inputShape: [3], activation: 'softmax'})]});
 * const trainingData = tf.randomNormal([100, 3]);
 * const lime = new LimeTabular(model, {trainingData, featureNames: ['age', 'height', 'weight']});
 * const explanation = await lime.explain(tf.tensor2d([[1, 2, 3]]));
 * explanation.featureNamesOf(0); // ['age > 0.68', 'height > 0.71', …]
 * explanation.surrogates![0].score; // the R² of the linear model
 */
export class LimeTabular implements Explainer {
  private readonly frame: ExplanationFrame;
  private readonly training: Promise<Matrix>;

  constructor(
    model: ExplainableModel,
    private readonly options: LimeTabularOptions,
  ) {
    checkNames('LimeTabular', options, [...EXPLAINER_OPTIONS, ...OWN_OPTIONS], ALIASES);
    this.frame = new ExplanationFrame('LimeTabular', model, options, OWN_OPTIONS, 'output');
    checkSurrogateOptions('LimeTabular', options);
    const {trainingData} = options;
    if (!(trainingData instanceof tf.Tensor) && !Array.isArray(trainingData)) {
      throw new ConfigurationError('LimeTabular needs trainingData to draw values from.', {
        hint: 'Give [examples, features], as a tensor or nested arrays.',
      });
    }
    this.training = readMatrix(trainingData, 'trainingData');
    // `explain` reports it.
    this.training.catch(() => undefined);
  }

  async explain(input: ExplainInput, options?: ExplainOptions): Promise<Explanation> {
    const columns = this.columnsOf(await this.training);
    const names: string[][] = [];
    let looked: Looked[] | undefined;
    const explanation = await this.frame.explain(input, options, async request => {
      // Several classes share what was drawn and scored.
      looked ??= await this.lookAround(request, columns, names);
      return this.attribute(request, looked, names);
    });
    return new Explanation({...explanation.data, exampleFeatureNames: names});
  }

  private columnsOf(training: Matrix): readonly ColumnSampler[] {
    const {
      discretize = true,
      categoricalFeatures = [],
      categoryNames = {},
      aroundExample = false,
    } = this.options;
    const {featureNames} = this.options;
    for (const column of categoricalFeatures) {
      if (Number.isInteger(column) && column >= 0 && column < training.columns) continue;
      throw new ConfigurationError(`categoricalFeatures of LimeTabular lists column ${String(column)}.`, {
        hint: `The training data has columns 0 to ${training.columns - 1}.`,
      });
    }
    return Array.from({length: training.columns}, (_, column) => {
      const name = featureNames?.[column] ?? `x${column}`;
      if (categoricalFeatures.includes(column)) {
        return categoricalColumn(training, column, name, categoryNames[column]);
      }
      return discretize
        ? quartileColumn(training, column, name)
        : normalColumn(training, column, name, aroundExample);
    });
  }

  private async lookAround(
    request: Request,
    columns: readonly ColumnSampler[],
    names: string[][],
  ): Promise<Looked[]> {
    const {inputs, warn} = request;
    const [input] = inputs;
    if (inputs.length !== 1 || input!.rank !== 2 || input!.shape[1] !== columns.length) {
      throw new ShapeError(
        `LimeTabular explains rows of the training data's ${columns.length} features, and was given [${inputs.map(({shape}) => shape.join(', ')).join('] and [')}].`,
        {hint: 'Give [examples, features]; for images and texts there are LimeImage and LimeText.'},
      );
    }
    const {data, shape} = await readValues(input as Tensor);
    const looked: Looked[] = [];
    for (let i = 0; i < shape[0]!; i++) {
      const example = data.subarray(i * columns.length, (i + 1) * columns.length);
      columns.forEach((column, j) => {
        const strange = column.strangeness(example[j]!);
        if (strange === undefined) return;
        const name = this.options.featureNames?.[j] ?? `x${j}`;
        warn(
          `Example ${i} has ${name} = ${Number(example[j]!.toPrecision(4))}, ${strange}: LIME sees no such values.`,
        );
      });
      names.push(columns.map((column, j) => column.name(example[j]!)));
      looked.push(
        await this.lookAroundOne(
          request,
          columns,
          example,
          new Random(this.options.seed ?? 0, 'LimeTabular', i),
        ),
      );
    }
    return looked;
  }

  private async lookAroundOne(
    request: Request,
    columns: readonly ColumnSampler[],
    example: Float32Array,
    random: Random,
  ): Promise<Looked> {
    const features = columns.length;
    const [input] = request.inputs as [Tensor];
    const {samples = 5000, kernelWidth = 0.75 * Math.sqrt(features)} = this.options;
    const rows = new Float64Array(samples * features);
    const weights = new Float64Array(samples);
    const own = columns.map((column, j) => column.seen(example[j]!));
    const scores = await scoreInChunks(request, samples, (first, size) => {
      const values = new Float32Array(size * features);
      for (let i = 0; i < size; i++) {
        let square = 0;
        for (let j = 0; j < features; j++) {
          // The first row is the example itself.
          const [value, seen] =
            first + i === 0 ? [example[j]!, own[j]!] : columns[j]!.draw(example[j]!, random);
          values[i * features + j] = value;
          rows[(first + i) * features + j] = seen;
          square += (seen - own[j]!) ** 2;
        }
        weights[first + i] = nearness(Math.sqrt(square), kernelWidth);
      }
      checkWhole(values, input, 'An example with changed values');
      return [tf.tensor2d(values, [size, features], input.dtype)];
    });
    return {neighbourhood: {rows, features, weights}, scores};
  }

  private attribute(
    {targets, warn}: Request,
    looked: readonly Looked[],
    names: readonly string[][],
  ): Attributed {
    const {numFeatures = 10, discretize = true} = this.options;
    const fits = looked.map(({neighbourhood, scores}, i) =>
      fitSurrogate(neighbourhood, scoresOf(scores, targets[i]!), {...this.options, numFeatures}),
    );
    warnOfPoorFit(fits, warn, discretize ? 'set discretize to false' : undefined);
    return attributedBy(fits, names[0]!.length, names);
  }
}
