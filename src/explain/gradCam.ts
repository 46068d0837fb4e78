import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor4D} from '@tensorflow/tfjs-core';
import {ConfigurationError, unknownName} from '../core';
import {asMaps, checkUpsampling, inputSize, mapsSite, resize} from './activationMaps';
import type {Upsampling} from './activationMaps';
import type {ExplainerOptions} from './explainer';
import {GradientExplainer} from './gradientExplainer';
import type {GradientAttributions, GradientRequest} from './gradientExplainer';
import {guidedGradients} from './guidedBackprop';
import type {ExplainableModel} from './model';
import {plainGradients} from './saliency';
import {inputSite} from './site';

export interface GradCamOptions extends ExplainerOptions {
  /** The layer with the maps, by its name or path; by default the last convolution. */
  layer?: string;
  /** How channels are weighed: by the mean of their gradients (default), or as Grad-CAM++ does. */
  variant?: 'gradcam' | '++';
  /** Default true: only what speaks for the class. */
  relu?: boolean;
  /** Default `'bilinear'`: the map in the input's size, with half-pixel centres. False: in the layer's. */
  upsample?: Upsampling;
  /** Default false. True multiplies the map by the gradients of guided backpropagation: guided Grad-CAM. */
  guided?: boolean;
}

/**
 * Grad-CAM (Selvaraju et al. 2016): where in the image the maps of a layer speak for the class, as their sum, each
 * weighed by the mean of its gradient. `variant: '++'` weighs positions too (Chattopadhyay et al. 2017), which finds
 * several objects of a class; `guided: true` gives guided Grad-CAM, in the input's shape.
 *
 * The attributions are `[batch, height, width, 1]`, of the input's size unless `upsample` is false; of sequences
 * `[batch, steps, 1]`.
 *
 * @throws ConfigurationError for a layer that does not exist, or if there is no convolution; UnsupportedLayerError for
 * a layer that gives no maps.
 *
 * @example
 * const conv = layers.layers.conv2d({filters: 3, kernelSize: 3, inputShape: [8, 8, 1]});
 * const model = layers.sequential({layers: [conv, layers.layers.flatten(), layers.layers.dense({units: 2})]});
 * const explanation = await new GradCam(model).explain(tf.ones([1, 8, 8, 1]), {target: 1});
 * explanation.shape; // [1, 8, 8, 1]
 */
export class GradCam extends GradientExplainer<GradCamOptions> {
  override readonly isRowwise = true;

  constructor(model: ExplainableModel, options: GradCamOptions = {}) {
    const own = ['layer', 'variant', 'relu', 'upsample', 'guided'];
    super('GradCam', model, options, own, scored => mapsSite(scored, options.layer));
    const {variant = 'gradcam', upsample = 'bilinear', guided = false} = options;
    if (variant !== 'gradcam' && variant !== '++') throw unknownName('variant', variant, ['gradcam', '++']);
    checkUpsampling(upsample);
    if (guided && upsample === false) {
      throw new ConfigurationError('Guided Grad-CAM needs the map in the size of the input.', {
        hint: "Leave out {upsample: false}, or give 'bilinear' or 'nearest'.",
      });
    }
  }

  async attribute(request: GradientRequest): Promise<GradientAttributions> {
    const {inputs, values, model} = request;
    const {upsample = 'bilinear', guided = false, relu = true} = this.options;
    const [value] = values as [Tensor];
    const held: Tensor[] = await plainGradients(request);
    try {
      const shaped = tf.tidy(() => {
        const maps = asMaps(value);
        const size = upsample === false ? undefined : inputSize(inputs, value);
        const map = this.classMap(maps, asMaps(held[0]!));
        const sized = size === undefined ? map : resize(map, size, upsample);
        return value.rank === 3 ? tf.reshape(sized, [sized.shape[0], sized.shape[1], 1]) : sized.clone();
      });
      if (relu) await warnOfEmpty(shaped, request);
      if (!guided) return {attributions: [shaped]};
      held.push(shaped);
      const site = inputSite(model);
      const at = tf.tidy(() => site.read(inputs).map(value => value.clone()));
      held.push(...at);
      const gradients = await guidedGradients({...request, site, values: at}, 'guided');
      held.push(...gradients);
      return {attributions: tf.tidy(() => gradients.map(gradient => tf.mul(gradient, shaped)))};
    } finally {
      tf.dispose(held);
    }
  }

  /** `Σ weight · map` over the channels. */
  private classMap(maps: Tensor4D, gradients: Tensor4D): Tensor4D {
    const {variant = 'gradcam', relu = true} = this.options;
    const weights = variant === '++' ? plusPlusWeights(maps, gradients) : tf.mean(gradients, [1, 2], true);
    const map = tf.sum<Tensor4D>(tf.mul(maps, weights), 3, true);
    return relu ? tf.relu(map) : map;
  }
}

/** A map of zeros looks as if nothing mattered, where all that matters speaks against the class. */
async function warnOfEmpty(map: Tensor, {targets, warn}: GradientRequest): Promise<void> {
  const most = tf.tidy(() => tf.max(tf.reshape(map, [targets.length, -1]), 1));
  const found = await most.data().finally(() => most.dispose());
  targets.forEach((target, i) => {
    if (found[i] === 0)
      warn(
        `The map of example ${i} is zero all over: nothing speaks for score ${target}. Give relu: false to see what speaks against it.`,
      );
  });
}

/** `Σ α · relu(g)` with `α = g² / (2g² + ΣA · g³)`: higher derivatives of an exponential score are powers of g. */
function plusPlusWeights(maps: Tensor4D, gradients: Tensor4D): Tensor {
  const squares = tf.square(gradients);
  const cubes = tf.mul(tf.sum(maps, [1, 2], true), tf.mul(squares, gradients));
  const alpha = tf.divNoNan(squares, tf.add(tf.mul(squares, 2), cubes));
  return tf.sum(tf.mul(alpha, tf.relu(gradients)), [1, 2], true);
}
