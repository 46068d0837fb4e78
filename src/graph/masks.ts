/**
 * What becomes of masks at each layer, as Keras 3 has it (tfjs-layers lets one branch's mask leak into
 * another, throws where a layer cannot carry one, and skips the last input of a merge).
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {computeMask, overridesComputeMask, supportsMasking} from './tfjsInternals';
import type {Layer} from './tfjsInternals';

export type Masks = readonly (Tensor | null)[];

/** The masks of a layer's outputs, from those of its inputs. */
export type MaskRule = (inputs: readonly Tensor[], masks: Masks) => Masks;

/** Layers that make masks out of their inputs. */
const MASK_MAKERS = new Set(['Embedding', 'Masking']);
/** Element-wise merges: a step counts if any input's does, and all do if one input has no mask. */
const ELEMENTWISE_MERGES = new Set(['Add', 'Average', 'Maximum', 'Minimum', 'Multiply']);
/** Element-wise layers that carry masks in Keras 3, though tfjs does not mark them so. */
const CARRIERS = new Set(['ELU', 'LeakyReLU', 'Softmax', 'ThresholdedReLU']);

const NONE: Masks = [];
const drop: MaskRule = () => NONE;
const carry: MaskRule = (_, masks) => masks;

/** Chooses the rule of a layer. A mask that a rule leaves out is null. */
export function maskRuleOf(layer: Layer): MaskRule {
  const className = layer.getClassName();
  if (ELEMENTWISE_MERGES.has(className)) return anyInput;
  if (className === 'Concatenate') {
    const {axis} = layer as Layer & {axis: number};
    return (inputs, masks) => concatenated(inputs, masks, axis);
  }
  if (className === 'Dot') return drop;
  if (CARRIERS.has(className)) return carry;
  if (!supportsMasking(layer)) return overridesComputeMask(layer) ? asked(layer) : drop;
  if (!overridesComputeMask(layer)) return carry;
  if (MASK_MAKERS.has(className)) return asked(layer);
  const ask = asked(layer);
  const isRecurrent = 'returnSequences' in layer;
  return isRecurrent ? (inputs, masks) => (masks[0] == null ? NONE : ask(inputs, masks)) : ask;
}

function asked(layer: Layer): MaskRule {
  return (inputs, masks) => computeMask(layer, inputs, masks);
}

const anyInput: MaskRule = (_, masks) => {
  const present = masks.filter(mask => mask !== null);
  if (present.length < masks.length) return NONE;
  return [present.reduce((a, b) => tf.logicalOr(a, b))];
};

function concatenated(inputs: readonly Tensor[], masks: Masks, axis: number): Masks {
  if (masks.every(mask => mask === null)) return NONE;
  const full = inputs.map((input, i) => {
    const mask = masks[i];
    if (mask == null) return tf.ones(input.shape, 'bool');
    return mask.rank < input.rank ? expandTo(mask, input.shape) : mask;
  });
  return [tf.any(tf.concat(full, axis), -1)];
}

/** A mask of the first axes, spread over the others: `[batch, time]` to `[batch, time, features]`. */
export function expandTo(mask: Tensor, shape: number[]): Tensor {
  const expanded = tf.reshape(mask, [...mask.shape, ...shape.slice(mask.rank).map(() => 1)]);
  // broadcastTo has no bool kernel on every backend; a comparison broadcasts anywhere.
  return tf.logicalAnd(expanded, tf.ones(shape, 'bool'));
}
