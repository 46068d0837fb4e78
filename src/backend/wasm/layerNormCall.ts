/**
 * tfjs-layers' layer normalization as one operation with one gradient, where the engine runs and the last axes are
 * normalized; tfjs's own twenty operations otherwise.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import type {LayerVariable} from '@tensorflow/tfjs-layers';
import {hasKernel, mayFuse} from '../../core';
import {LAYER_NORM, LAYER_NORM_GRADIENT} from './engineLayerNorm';
import type {LayerNormAttrs, LayerNormGradientAttrs} from './engineLayerNorm';
import {gradientDepth, patchLayer, runKernelOfMany, runOperation} from './tfjsInternals';

/** What a layer normalization holds; `axis` is a list from when it has been built. */
interface LayerNormalization {
  readonly axis: number | readonly number[];
  readonly epsilon: number;
  readonly scale: boolean;
  readonly center: boolean;
  readonly gamma: LayerVariable | null;
  readonly beta: LayerVariable | null;
}

type Call = (this: LayerNormalization, inputs: Tensor | Tensor[], kwargs: object) => Tensor | Tensor[];

/** Lets layer normalization run on the engine, and learn without gamma or beta; a second call, also from another copy of glassbox, changes nothing. */
export function repairLayerNormalization(): void {
  // With a name of its own the layer does not count in the names of the program's.
  patchLayer<LayerNormalization, Call>(
    layers.layers.layerNormalization({name: 'glassbox'}),
    'call',
    composed => {
      return function (inputs, kwargs) {
        const x = Array.isArray(inputs) ? inputs[0] : inputs;
        if (x === undefined || (Array.isArray(inputs) && inputs.length !== 1))
          return composed.call(this, inputs, kwargs);
        return normalizeRows(this, x) ?? composed.call(completed(this, x), x, kwargs);
      };
    },
  );
}

/** The layer's output; undefined where tfjs's operations are to compute it. */
function normalizeRows(layer: LayerNormalization, x: Tensor): Tensor | undefined {
  // A gradient of a gradient needs the operations one by one.
  if (!mayFuse() || gradientDepth() > 1 || !hasKernel(LAYER_NORM)) return undefined;
  const width = widthOf(layer, x);
  if (x.dtype !== 'float32' || x.size === 0 || width === undefined) return undefined;
  return tf.tidy(() => {
    const [gamma, beta] = [layer.gamma, layer.beta].map(weight => weight?.read());
    const parameters = [gamma, beta].filter(weight => weight !== undefined);
    if (parameters.some(weight => weight.size !== width)) return undefined;
    const flat = (weight: Tensor | undefined) => weight && tf.reshape(weight, [width]);
    const rows = tf.reshape(x, [x.size / width, width]);
    const y = layerNorm(rows, flat(gamma), flat(beta), layer.epsilon);
    return tf.reshape(y, x.shape);
  });
}

/** The layer with a gamma of ones or a beta of zeros for what it lacks: tfjs's gradient throws without them. */
function completed(layer: LayerNormalization, x: Tensor): LayerNormalization {
  const {axis, scale, center} = layer;
  if (gradientDepth() === 0 || (scale && center) || typeof axis === 'number') return layer;
  const shape = axis.map(at => x.shape[at]!);
  const fields = {
    ...(!scale && {scale: {value: true}, gamma: {value: {read: () => tf.ones(shape)}}}),
    ...(!center && {center: {value: true}, beta: {value: {read: () => tf.zeros(shape)}}}),
  };
  return Object.create(layer, fields) as LayerNormalization;
}

/** How many numbers are normalized together, if they lie together; else undefined. */
function widthOf({axis}: LayerNormalization, x: Tensor): number | undefined {
  // Before it is built, and for what it is not meant for, the layer has errors of its own.
  if (typeof axis === 'number' || axis.length === 0 || axis.length > x.rank) return undefined;
  const first = x.rank - axis.length;
  if (axis.some((at, i) => at !== first + i)) return undefined;
  return tf.util.sizeFromShape(x.shape.slice(first));
}

/** Of each row of `[rows, width]`, float32, with any number of rows but none; kept are x and two numbers a row. */
function layerNorm(x: Tensor, gamma: Tensor | undefined, beta: Tensor | undefined, epsilon: number): Tensor {
  const inputs = {x, ...(gamma && {gamma}), ...(beta && {beta})};
  const attrs: LayerNormAttrs = {epsilon};
  const gradientAttrs: LayerNormGradientAttrs = {parameters: gamma !== undefined || beta !== undefined};
  const [y] = runOperation({
    inputs,
    forward: keep => {
      const [y, mean, inverse] = runKernelOfMany(LAYER_NORM, inputs, attrs) as [Tensor, Tensor, Tensor];
      keep([x, mean, inverse, ...(gamma === undefined ? [] : [gamma])]);
      return [y];
    },
    gradient: ([dy], kept) => {
      const [x, mean, inverse, gamma] = kept as [Tensor, Tensor, Tensor, Tensor?];
      const gradientInputs = {dy, x, mean, inverse, gamma};
      const [dx, dGamma, dBeta] = runKernelOfMany(LAYER_NORM_GRADIENT, gradientInputs, gradientAttrs);
      return {x: () => dx!, gamma: () => dGamma!, beta: () => dBeta!};
    },
  });
  return y!;
}
