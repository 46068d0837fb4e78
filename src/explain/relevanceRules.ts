/**
 * The rules of layer-wise relevance propagation, as a model whose gradient times its input is the relevance: each layer
 * is replaced by one of the same value, that hands back what the rule says (Montavon et al. 2019, section 10.2).
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {UnsupportedLayerError} from '../core';
import {withoutRecording} from '../graph';
import type {LayerCall} from '../graph';
import {isCall} from './model';
import type {CallId, Intercept} from './model';
import {activationOf, callWithWeights, callWithoutActivation} from './tfjsInternals';

/** How relevance is handed from a layer's output to its inputs. */
export type RelevanceRule = 'epsilon' | 'gamma' | 'zPlus';

export interface RelevanceSettings {
  /** The rule of a layer, by its name. */
  readonly ruleOf: (layer: string) => RelevanceRule;
  readonly epsilon: number;
  readonly gamma: number;
  /** The call whose activation is left out. */
  readonly cutAt: CallId | undefined;
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const WEIGHTED = words('Conv1D Conv2D Conv2DTranspose Conv3D Dense DepthwiseConv2D SeparableConv2D');
/** Layers that mix their inputs linearly, without weights to have a rule of their own for. */
const MIXING = words(
  'Add Average AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization GlobalAveragePooling1D GlobalAveragePooling2D',
);
/** Layers that hand on what they are given, the largest of it, or nothing: so does their gradient. */
const PASSING = words(
  'Concatenate Cropping2D Dropout Embedding Flatten GaussianDropout GaussianNoise GlobalMaxPooling1D GlobalMaxPooling2D InputLayer MaxPooling1D MaxPooling2D MaxPooling3D Permute RepeatVector Reshape SpatialDropout1D UpSampling2D ZeroPadding2D',
);
const ACTIVATIONS = words('Activation ELU LeakyReLU PReLU ReLU ThresholdedReLU');
/** Activations that are zero at zero and never fall: relevance goes through them as it is. */
const MONOTONE = words('elu linear relu relu6 selu softsign tanh');

/** Replaces every layer by one that follows its rule. */
export function relevanceIntercept(settings: RelevanceSettings): Intercept {
  return call => {
    const {layer, inputs, outputs} = call;
    const className = layer.getClassName();
    const isCut = isCall(call, settings.cutAt);
    if (PASSING.has(className)) return undefined;
    if (isCut && (className === 'Activation' || className === 'Softmax')) return undefined;
    const isKnown = WEIGHTED.has(className) || MIXING.has(className) || ACTIVATIONS.has(className);
    const activation = activationOf(layer) ?? 'linear';
    if (!isKnown || (!isCut && !MONOTONE.has(activation)))
      throw unsupported(call, isKnown ? activation : undefined);
    const parts = WEIGHTED.has(className)
      ? weighted(call, settings)
      : ACTIVATIONS.has(className)
        ? inputs[0]!
        : outputs[0]!;
    return [handingBack(outputs[0]!, parts, settings.epsilon)];
  };
}

/** `value`, whose gradient goes to what `parts` is a sum of, in the proportions of that sum. */
function handingBack(value: Tensor, parts: Tensor, epsilon: number): Tensor {
  const [fixed, whole, share] = withoutRecording((): [Tensor, Tensor, Tensor] => {
    const sign: Tensor = tf.where(
      tf.less(parts, 0),
      tf.fill(parts.shape, -epsilon),
      tf.fill(parts.shape, epsilon),
    );
    return [value.clone(), parts.clone(), tf.div(value, tf.add(parts, sign))];
  });
  return tf.add(fixed, tf.mul(tf.sub(parts, whole), share));
}

function weighted(call: LayerCall, {ruleOf, gamma}: RelevanceSettings): Tensor {
  const rule = ruleOf(call.layer.name);
  if (rule === 'epsilon') return callWithoutActivation(call);
  let parts: Tensor | undefined;
  if (rule === 'gamma') {
    parts = callWithWeights(call, weight => tf.add(weight, tf.mul(tf.relu(weight), gamma)));
  } else {
    // Only what speaks for the output: positive inputs by positive weights, negative by negative.
    const positive = tf.relu(call.inputs[0]!);
    const negative = tf.sub(call.inputs[0]!, positive);
    const without = (weight: Tensor, kind: string): Tensor =>
      kind === 'bias' ? tf.zerosLike(weight) : tf.relu(weight);
    const up = callWithWeights(call, without, [positive]);
    const down = callWithWeights(call, (weight, kind) => tf.neg(without(tf.neg(weight), kind)), [negative]);
    parts = up && down && tf.add(up, down);
  }
  if (parts !== undefined) return parts;
  throw new UnsupportedLayerError(
    `Layer '${call.layer.name}' (${call.layer.getClassName()}) has no rule '${rule}'.`,
    {hint: `Give it another: {rules: {'${call.layer.name}': 'epsilon'}}.`, code: 'layer/relevance'},
  );
}

function unsupported({layer}: LayerCall, activation: string | undefined): UnsupportedLayerError {
  const what = activation === undefined ? layer.getClassName() : `activation '${activation}'`;
  return new UnsupportedLayerError(`LayerRelevance has no rule for layer '${layer.name}' (${what}).`, {
    hint: 'Take DeepLift or IntegratedGradients.',
    code: 'layer/relevance',
  });
}
