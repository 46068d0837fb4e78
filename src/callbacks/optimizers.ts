/**
 * What the callbacks that set rates share: which optimizers they act on, and how the rate enters the history.
 */
import {unknownName} from '../core';
import type {Optimizer} from '../optimizers';
import type {TrainContext} from '../trainer';

/** The optimizers that a callback acts on: the one named, or all. */
export function chosenOptimizers(
  {optimizers}: TrainContext,
  name: string | undefined,
): readonly (readonly [string, Optimizer])[] {
  if (name === undefined) return Object.entries(optimizers);
  const optimizer = Object.hasOwn(optimizers, name) ? optimizers[name] : undefined;
  if (!optimizer) throw unknownName('optimizer', name, Object.keys(optimizers));
  return [[name, optimizer]];
}

/** Logs the rates as `learning_rate` (Keras's name), or as `<name>_learning_rate` where there are several optimizers. */
export function logLearningRates(context: TrainContext): void {
  const optimizers = Object.entries(context.optimizers);
  for (const [name, optimizer] of optimizers) {
    const label = optimizers.length === 1 ? 'learning_rate' : `${name}_learning_rate`;
    context.log(label, optimizer.currentLearningRate());
  }
}
