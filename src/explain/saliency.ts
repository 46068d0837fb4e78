import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {sliceRows} from './explainer';
import type {ExplainerOptions} from './explainer';
import {GradientExplainer} from './gradientExplainer';
import type {GradientAttributions, GradientRequest} from './gradientExplainer';
import type {ExplainableModel} from './model';
import {gradientsAt} from './site';
import {nextTurn} from './turns';

export interface SaliencyOptions extends ExplainerOptions {
  /** Default true: how much the score moves, whichever way. False keeps the signs. */
  absolute?: boolean;
}

/**
 * The gradient of the score: how much it moves with each part of the input (Simonyan, Vedaldi and Zisserman 2013).
 *
 * @throws ConfigurationError for an unknown option, several outputs without a choice, or an asynchronous function.
 *
 * @example
 * const model = layers.sequential({layers: [layers.layers.dense({units: 2, inputShape: [3]})]});
 * const explanation = await new Saliency(model).explain(tf.tensor2d([[1, 2, 3]]), {target: 1});
 * explanation.values; // Float32Array [3]
 */
export class Saliency extends GradientExplainer<SaliencyOptions> {
  override readonly isRowwise = true;

  constructor(model: ExplainableModel, options: SaliencyOptions = {}) {
    super('Saliency', model, options, ['absolute']);
  }

  async attribute(request: GradientRequest): Promise<GradientAttributions> {
    const {absolute = true} = this.options;
    const finish = (gradient: Tensor): Tensor => (absolute ? tf.abs(gradient) : gradient);
    return {attributions: await plainGradients(request, finish)};
  }
}

/**
 * The input times its gradient (Shrikumar, Greenside, Shcherbina and Kundaje 2016).
 *
 * @throws ConfigurationError for an unknown option, several outputs without a choice, or an asynchronous function.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.square(x), 1);
 * const explanation = await new InputXGradient(score).explain(tf.tensor2d([[3, 1]]));
 * explanation.values; // [18, 2]
 */
export class InputXGradient extends GradientExplainer<ExplainerOptions> {
  override readonly isRowwise = true;

  constructor(model: ExplainableModel, options: ExplainerOptions = {}) {
    super('InputXGradient', model, options);
  }

  async attribute(request: GradientRequest): Promise<GradientAttributions> {
    return {attributions: await plainGradients(request, (gradient, value) => tf.mul(gradient, value))};
  }
}

/**
 * What `finish` makes of the gradients at the examples, `batchSize` rows at a time; the caller disposes it.
 *
 * @param around what a synchronous run of some rows happens in
 */
export async function plainGradients(
  {site, inputs, values, dy, batchSize, count, signal}: GradientRequest,
  finish: (gradient: Tensor, value: Tensor) => Tensor = gradient => gradient,
  around: (run: () => Tensor[]) => Tensor[] = run => run(),
): Promise<Tensor[]> {
  const rows = dy.shape[0];
  const parts: Tensor[][] = [];
  try {
    for (let first = 0; first < rows; first += batchSize) {
      await nextTurn(signal);
      const size = Math.min(batchSize, rows - first);
      const cut = (tensor: Tensor): Tensor => sliceRows(tensor, first, size);
      const part = tf.tidy(() => {
        const here = values.map(cut);
        return around(() => gradientsAt(site, inputs.map(cut), here, cut(dy) as typeof dy).gradients).map(
          (gradient, i) => finish(gradient, here[i]!),
        );
      });
      parts.push(part);
      count(size, size);
    }
    return tf.tidy(() =>
      values.map((_, i) =>
        parts.length === 1 ? parts[0]![i]!.clone() : tf.concat(parts.map(part => part[i]!)),
      ),
    );
  } finally {
    tf.dispose(parts);
  }
}
