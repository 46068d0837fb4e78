import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor2D} from '@tensorflow/tfjs-core';
import {ConfigurationError, checkNames, unknownName} from '../core';
import {readValues} from './explainer';
import type {Attributed, ExplainOptions, Explainer, ExplainerOptions, Request} from './explainer';
import {Explanation} from './explanation';
import {GradientExplainer} from './gradientExplainer';
import type {GradientRequest} from './gradientExplainer';
import type {ExplainInput} from './inputs';
import type {ExplainableModel} from './model';
import {checkNoise, givenSamples, noiseFor} from './noise';
import type {Noise} from './noise';
import {checkWholeNumbers} from './options';
import {Saliency} from './saliency';
import {inputSite} from './site';
import {nextTurn} from './turns';

export interface SmoothGradOptions {
  /** Noisy copies of each example. Default 50, or as many as the given noise is for. */
  samples?: number;
  /** Default 0.15: a standard deviation of that share of the range of an example's values. */
  noise?: Noise;
  /** What becomes of the samples: their mean (SmoothGrad, the default), mean square, or variance (VarGrad). */
  type?: 'mean' | 'squared' | 'variance';
  /** What the noise is drawn from. Default 0. */
  seed?: number;
}

/** A gradient method, whatever its options are. */
type AnyGradientExplainer = GradientExplainer<ExplainerOptions>;

/**
 * SmoothGrad (Smilkov et al. 2017): the mean of a gradient method over noisy copies of the input, which leaves out what
 * only flickers; its square (Hooker et al. 2019) or its variance (VarGrad, Adebayo et al. 2018) with `type`. Words get
 * their noise at their embeddings.
 *
 * It wraps any gradient method; a model alone is explained by its signed gradient. Means come with `standardErrors`.
 *
 * @throws ConfigurationError for an unknown option, ShapeError for given noise that does not fit.
 *
 * @example
 * const model = layers.sequential({layers: [layers.layers.dense({units: 2, inputShape: [3]})]});
 * const explainer = new SmoothGrad(new IntegratedGradients(model), {samples: 10});
 * const explanation = await explainer.explain(tf.tensor2d([[1, 2, 3]]));
 * explanation.method; // 'SmoothGrad(IntegratedGradients)'
 */
export class SmoothGrad implements Explainer {
  private readonly explainer: AnyGradientExplainer;
  private readonly settings: Required<SmoothGradOptions>;

  constructor(explained: ExplainableModel | AnyGradientExplainer, options: SmoothGradOptions = {}) {
    checkNames('SmoothGrad', options, ['samples', 'noise', 'type', 'seed']);
    const {noise = 0.15, type = 'mean', seed = 0} = options;
    const {samples = givenSamples(noise) ?? 50} = options;
    checkWholeNumbers('SmoothGrad', {...options, samples});
    checkNoise('SmoothGrad', noise);
    if (!['mean', 'squared', 'variance'].includes(type)) {
      throw unknownName('type', type, ['mean', 'squared', 'variance']);
    }
    if (samples > (givenSamples(noise) ?? samples)) {
      throw new ConfigurationError(`There is noise for ${givenSamples(noise)} samples, not for ${samples}.`);
    }
    this.settings = {samples, noise, type, seed};
    this.explainer =
      explained instanceof GradientExplainer ? explained : new Saliency(explained, {absolute: false});
  }

  async explain(input: ExplainInput, options?: ExplainOptions): Promise<Explanation> {
    const {data} = await this.explainer.frame.explain(input, options, request => this.attribute(request));
    return new Explanation({...data, method: `SmoothGrad(${data.method})`});
  }

  private async attribute(request: Request): Promise<Attributed> {
    const {samples, type} = this.settings;
    const {explainer} = this;
    const batch = request.targets.length;
    const perCall = explainer.isRowwise ? Math.max(1, Math.floor(request.batchSize / batch)) : 1;
    const moments = new Moments();
    try {
      for (let first = 0; first < samples; first += perCall) {
        await nextTurn(request.signal);
        const count = Math.min(perCall, samples - first);
        const noisy = this.noisyRequest(request, first, count);
        try {
          const {attributions, standardErrors = []} = await explainer.attribute(noisy);
          moments.add(attributions, count);
          tf.dispose([...attributions, ...standardErrors]);
        } finally {
          tf.dispose([...noisy.inputs, ...noisy.values, noisy.dy]);
        }
      }
      return await moments.read(type, samples);
    } finally {
      moments.dispose();
    }
  }

  /** What the wrapped method is asked for `count` noisy copies of all examples. Its tensors are the caller's. */
  private noisyRequest(request: Request, first: number, count: number): GradientRequest {
    const {model} = request;
    const {site} = this.explainer;
    const {noise, seed} = this.settings;
    const repeat = (tensor: Tensor): Tensor =>
      tf.tile(tensor, [count, ...tensor.shape.slice(1).map(() => 1)]);
    const {inputs, values, dy} = tf.tidy(() => {
      const clean = inputSite(model).read(request.inputs);
      const noisy = clean.map((value, place) =>
        tf.add(repeat(value), noiseFor(noise, value, {seed, place, first, count})),
      );
      const isEmbedded = clean.map((value, i) => value !== request.inputs[i]);
      if (site.layer !== undefined && isEmbedded.includes(true)) {
        throw new ConfigurationError('Words have their noise at their embeddings, before any other layer.', {
          hint: 'Wrap a method that attributes words at their embeddings, such as Saliency.',
          code: 'configuration/noise',
        });
      }
      const inputs = request.inputs.map((input, i) => (isEmbedded[i] ? repeat(input) : noisy[i]!.clone()));
      const values = site.layer === undefined ? noisy : site.read(inputs).map(value => value.clone());
      return {inputs, values, dy: repeat(request.dy) as Tensor2D};
    });
    if (site.layer !== undefined) request.count(count * request.targets.length);
    const copies = Array.from({length: count});
    return {
      ...{...request, site, inputs, values, dy},
      targets: copies.flatMap(() => [...request.targets]),
      outputs: Float32Array.from(copies.flatMap(() => [...request.outputs])),
    };
  }
}

/** Mean and variance of samples as they come, from their differences to the first, which loses no digits. */
class Moments {
  private first: Tensor[] = [];
  private sums: Tensor[] = [];
  private squares: Tensor[] = [];

  /** @param rows of `count` samples, one sample after the other; they stay the caller's */
  add(rows: readonly Tensor[], count: number): void {
    const before = [...this.sums, ...this.squares];
    const {first, sums, squares} = tf.tidy(() => {
      const samples = rows.map(row => tf.reshape(row, [count, row.shape[0] / count, ...row.shape.slice(1)]));
      const first =
        this.first.length > 0 ? this.first : samples.map(sample => tf.squeeze(tf.slice(sample, 0, 1), [0]));
      const differences = samples.map((sample, i) => tf.sub(sample, first[i]!));
      const plus = (sum: Tensor | undefined, added: Tensor): Tensor =>
        sum === undefined ? added : tf.add(sum, added);
      return {
        first,
        sums: differences.map((difference, i) => plus(this.sums[i], tf.sum(difference, 0))),
        squares: differences.map((difference, i) => plus(this.squares[i], tf.sum(tf.square(difference), 0))),
      };
    });
    tf.dispose(before);
    Object.assign(this, {first, sums, squares});
  }

  async read(type: 'mean' | 'squared' | 'variance', samples: number): Promise<Attributed> {
    const {results, errors} = tf.tidy(() => {
      const shifts = this.sums.map(sum => tf.div(sum, samples));
      const means = shifts.map((shift, i) => tf.add(this.first[i]!, shift));
      const variances = this.squares.map((square, i) =>
        tf.relu(tf.sub(tf.div(square, samples), tf.square(shifts[i]!))),
      );
      const hasErrors = type === 'mean' && samples > 1;
      return {
        results: means.map((mean, i) =>
          type === 'mean'
            ? mean
            : type === 'squared'
              ? tf.add(tf.square(mean), variances[i]!)
              : variances[i]!,
        ),
        errors: hasErrors ? variances.map(variance => tf.sqrt(tf.div(variance, samples - 1))) : [],
      };
    });
    try {
      const standardErrors = await Promise.all(errors.map(readValues));
      return {
        attributions: await Promise.all(results.map(readValues)),
        ...(standardErrors.length > 0 && {standardErrors}),
      };
    } finally {
      tf.dispose([results, errors]);
    }
  }

  dispose(): void {
    tf.dispose([this.first, this.sums, this.squares]);
  }
}
