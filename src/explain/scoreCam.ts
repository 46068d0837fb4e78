import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor4D} from '@tensorflow/tfjs-core';
import {asMaps, checkUpsampling, inputSize, mapsSite, resize} from './activationMaps';
import type {Upsampling} from './activationMaps';
import {ExplanationFrame, predictRows, readValues, sliceRows} from './explainer';
import type {Attributed, ExplainOptions, Explainer, ExplainerOptions, Request} from './explainer';
import type {Explanation} from './explanation';
import type {ExplainInput} from './inputs';
import type {ExplainableModel} from './model';
import type {Site} from './site';

export interface ScoreCamOptions extends ExplainerOptions {
  /** The layer with the maps, by its name or path; by default the last convolution. */
  layer?: string;
  /** Default `'bilinear'`: the map in the input's size, with half-pixel centres. False: in the layer's. */
  upsample?: Upsampling;
}

/**
 * Score-CAM (Wang et al. 2019): the maps of a layer, each weighed by the score of the image seen through it alone. It
 * needs no gradients, and one forward pass for each channel. Weights are the softmax of the scores (of their gains over
 * a black image, which gives the same); a map that is the same everywhere shows nothing and has none.
 *
 * The attributions are `[batch, height, width, 1]`, of the input's size unless `upsample` is false.
 *
 * @throws ConfigurationError for a layer that does not exist, or if there is no convolution; UnsupportedLayerError for
 * a layer that gives no maps.
 *
 * @example
 * const conv = layers.layers.conv2d({filters: 3, kernelSize: 3, inputShape: [8, 8, 1]});
 * const model = layers.sequential({layers: [conv, layers.layers.flatten(), layers.layers.dense({units: 2})]});
 * const explanation = await new ScoreCam(model).explain(tf.ones([1, 8, 8, 1]), {target: 1});
 * explanation.shape; // [1, 8, 8, 1]
 */
export class ScoreCam implements Explainer {
  private readonly frame: ExplanationFrame;
  private readonly site: Site;
  private readonly upsample: Upsampling;

  constructor(model: ExplainableModel, options: ScoreCamOptions = {}) {
    this.frame = new ExplanationFrame('ScoreCam', model, options, ['layer', 'upsample'], 'output');
    this.site = mapsSite(this.frame.model, options.layer);
    this.upsample = options.upsample ?? 'bilinear';
    checkUpsampling(this.upsample);
  }

  async explain(input: ExplainInput, options?: ExplainOptions): Promise<Explanation> {
    return this.frame.explain(input, options, request => this.attribute(request));
  }

  private async attribute(request: Request): Promise<Attributed> {
    const {inputs, batchSize} = request;
    const parts: Tensor[] = [];
    try {
      for (let i = 0; i < request.targets.length; i++) {
        const example = tf.tidy(() => inputs.map(input => sliceRows(input, i, 1)));
        try {
          parts.push(await this.classMap(request, example, request.targets[i]!, batchSize));
        } finally {
          tf.dispose(example);
        }
      }
      const map = tf.concat(parts);
      parts.push(map);
      return {attributions: [await readValues(map)]};
    } finally {
      tf.dispose(parts);
    }
  }

  /** The map of one example, `[1, height, width, 1]`, which the caller disposes. */
  private async classMap(
    {model, signal, count}: Request,
    inputs: readonly Tensor[],
    target: number,
    batchSize: number,
  ): Promise<Tensor> {
    const value = tf.tidy(() => this.site.read(inputs)[0]!.clone());
    count(1);
    try {
      const size = inputSize(inputs, value);
      const channels = value.shape.at(-1)!;
      const shown = inputs.findIndex(({rank}) => rank === value.rank);
      const ranges = await this.rangesOf(value);
      const scores: number[] = [];
      for (let first = 0; first < channels; first += batchSize) {
        const rows = Math.min(batchSize, channels - first);
        const masked = tf.tidy(() => {
          const masks = channelMasks(value, size, first, rows);
          return inputs.map((input, i) =>
            i === shown
              ? tf.mul(input, input.rank === 3 ? tf.squeeze(masks, [2]) : masks)
              : tf.tile(input, [rows, ...input.shape.slice(1).map(() => 1)]),
          );
        });
        try {
          const {data, outputs} = await predictRows(
            model,
            masked,
            rows,
            signal,
            row => `the image seen through map ${first + row}`,
          );
          count(rows);
          for (let row = 0; row < rows; row++) scores.push(data[row * outputs + target]!);
        } finally {
          tf.dispose(masked);
        }
      }
      const weights = softmax(scores, ranges);
      return tf.tidy(() => {
        const map = tf.relu(tf.sum<Tensor4D>(tf.mul(asMaps(value), tf.tensor1d(weights)), 3, true));
        const sized = resize(map, size, this.upsample);
        return value.rank === 3 ? tf.squeeze(sized, [2]) : sized;
      });
    } finally {
      value.dispose();
    }
  }

  private async rangesOf(value: Tensor): Promise<Float32Array> {
    const ranges = tf.tidy(() => tf.sub(tf.max(asMaps(value), [0, 1, 2]), tf.min(asMaps(value), [0, 1, 2])));
    try {
      return Float32Array.from(await ranges.data());
    } finally {
      ranges.dispose();
    }
  }
}

/** Some channels of one example's maps in the input's size and from 0 to 1: `[channels, height, width, 1]`. */
function channelMasks(value: Tensor, size: [number, number], first: number, count: number): Tensor4D {
  const maps = tf.slice(tf.transpose(asMaps(value), [3, 1, 2, 0]), first, count);
  const sized = resize(maps, size, 'bilinear');
  const least = tf.min(sized, [1, 2, 3], true);
  return tf.divNoNan(tf.sub(sized, least), tf.sub(tf.max(sized, [1, 2, 3], true), least));
}

/** The softmax over channels that show something. */
function softmax(scores: readonly number[], ranges: Float32Array): number[] {
  const most = Math.max(...scores.filter((_, i) => ranges[i]! > 0));
  const powers = scores.map((score, i) => (ranges[i]! > 0 ? Math.exp(score - most) : 0));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map(power => (sum > 0 ? power / sum : 0));
}
