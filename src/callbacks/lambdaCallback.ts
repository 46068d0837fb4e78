import {unknownName} from '../core';
import type {Callback} from '../trainer';
import {badOption} from './options';

/** The names of all hooks; `satisfies` keeps the list complete. */
const HOOKS = {
  restore: true,
  onTrainBegin: true,
  onTrainEnd: true,
  onEpochBegin: true,
  onEpochEnd: true,
  onTrainBatchBegin: true,
  onTrainBatchEnd: true,
  onMicroBatchEnd: true,
  onGradients: true,
  onOptimizerStep: true,
  onValidationBegin: true,
  onValidationEnd: true,
  onValidationBatchBegin: true,
  onValidationBatchEnd: true,
  onPredictBegin: true,
  onPredictEnd: true,
  onPredictBatchBegin: true,
  onPredictBatchEnd: true,
  onCheckpoint: true,
  onException: true,
} satisfies Record<Hook, true>;

/** The name of a hook. */
export type Hook = Exclude<keyof Callback, 'name' | 'order' | 'stateKey' | 'getState' | 'setState'>;

/** Hooks by name, and where among the other callbacks they run. */
export type LambdaHooks = Pick<Callback, Hook | 'name' | 'order'>;

/**
 * A callback made of functions. Any object with hooks is a callback; this one checks the hooks' names, so that a
 * slip such as `onEpochFinish` is an error.
 *
 * @throws {@link ConfigurationError} for a hook that does not exist, or is no function
 *
 * @example
 * new LambdaCallback({onEpochEnd: ({epoch, logs}) => console.log(epoch, logs.loss)});
 */
export class LambdaCallback implements Callback {
  readonly name: string = 'LambdaCallback';
  readonly order: number = 0;

  constructor({name, order, ...hooks}: LambdaHooks) {
    if (name !== undefined) this.name = name;
    if (order !== undefined) this.order = order;
    for (const [hook, run] of Object.entries(hooks)) {
      if (!Object.hasOwn(HOOKS, hook)) throw unknownName('hook', hook, Object.keys(HOOKS));
      if (run !== undefined && typeof run !== 'function') throw badOption(this.name, hook, run, 'a function');
    }
    Object.assign(this, hooks);
  }
}
