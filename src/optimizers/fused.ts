/**
 * Updating all weights of a step with one kernel, where the backend has it. The rule of an optimizer stays the
 * definition: the kernel rounds as the rule's operations do, one by one.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {hasKernel} from '../core';
import type {PreparedUpdate, RuleInput, RuleOutput} from './rule';
import type {SlotTensors} from './slots';

const KERNEL = 'GlassboxOptimizerStep';

/** An optimizer's rule in the kernel's terms. */
export interface FusedRule {
  /** The kernel's name for the rule. */
  readonly rule: 'sgd' | 'adam' | 'adamax' | 'nadam' | 'rmsprop' | 'adagrad' | 'adadelta' | 'lion' | 'lamb';
  /** The names of the slots, in the kernel's order. Weights may lack some. */
  readonly slots: readonly string[];
  /** The rule's numbers for a weight, in the kernel's order. */
  numbers(clock: Clock): readonly number[];
}

/** What the numbers of a rule follow from. */
export type Clock = Pick<RuleInput<SlotTensors>, 'learningRate' | 'count'>;

/** Whether the backend computes these updates with one kernel. */
export function canFuse(prepared: readonly PreparedUpdate<SlotTensors>[]): boolean {
  if (prepared.length === 0 || !hasKernel(KERNEL)) return false;
  // A variable under two keys takes one update after the other.
  if (new Set(prepared.map(({update}) => update.variable)).size < prepared.length) return false;
  return prepared.every(
    ({update: {variable, gradient}}) => variable.dtype === 'float32' && gradient.dtype === 'float32',
  );
}

/** The results of all updates, in their order. */
export function fusedUpdates(
  {rule, slots, numbers}: FusedRule,
  prepared: readonly PreparedUpdate<SlotTensors>[],
  count: number,
): RuleOutput<SlotTensors>[] {
  // An optimizer's options decide which slots there are, so all its weights have the same.
  const names = slots.filter(name => prepared[0]!.slots[name] !== undefined);
  const tensors: Tensor[] = [];
  const table: number[][] = [];
  for (const {update, slots: held, learningRate, decay} of prepared) {
    tensors.push(update.variable, update.gradient, ...names.map(name => held[name]!));
    table.push([decay, ...numbers({learningRate, count})]);
  }
  const made = tf.engine().runKernel<Tensor[]>(KERNEL, Object.fromEntries(tensors.entries()), {
    rule,
    slots: names.map(name => slots.indexOf(name)),
    width: table[0]!.length,
    numbers: table.flat(),
  });
  const each = 1 + names.length;
  return prepared.map((_, i) => ({
    value: made[i * each]!,
    slots: Object.fromEntries(names.map((name, j) => [name, made[i * each + 1 + j]!])),
  }));
}

/**
 * Whether `method` of an object was last defined by the class that defined `other`, or by one that extends it: a
 * class that overrides the rule alone has not said how it fuses.
 */
export function isAtLeastAsDerived(object: object, method: string, other: string): boolean {
  for (
    let prototype: unknown = Object.getPrototypeOf(object);
    typeof prototype === 'object' && prototype !== null;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    if (Object.hasOwn(prototype, method)) return true;
    if (Object.hasOwn(prototype, other)) return false;
  }
  return false;
}
