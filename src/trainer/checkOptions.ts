/**
 * Checks what a Trainer is told as far as it can be judged without the models.
 */
import {ConfigurationError, unknownName} from '../core';
import type {Callback} from './callback';
import type {TrainerOptions} from './options';

/** A record, so that the compiler asks for every option. */
const OPTIONS: Readonly<Record<keyof TrainerOptions, true>> = {
  loss: true,
  lossWeights: true,
  optimizer: true,
  metrics: true,
  weightedMetrics: true,
  callbacks: true,
  parameterGroups: true,
  clipNorm: true,
  clipTensorNorm: true,
  clipValue: true,
  seed: true,
  trainStep: true,
  checkData: true,
};

/** @throws ConfigurationError for an option that a Trainer has not, or a value that cannot mean anything. */
export function checkTrainerOptions(options: TrainerOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError('The trainer is given no options.', {
      hint: "Give at least a loss: new Trainer(model, {loss: 'meanSquaredError'}).",
    });
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(OPTIONS, name)) throw unknownName('trainer option', name, Object.keys(OPTIONS));
  }
  const {seed, callbacks} = options;
  if (seed !== undefined && !Number.isSafeInteger(seed)) {
    throw new ConfigurationError(`seed is ${seed}.`, {hint: 'Give a whole number.'});
  }
  for (const name of ['clipNorm', 'clipTensorNorm', 'clipValue'] as const) {
    const value = options[name];
    if (value !== undefined && !(value > 0)) {
      throw new ConfigurationError(`${name} is ${value}.`, {hint: 'Give a number above 0.'});
    }
  }
  if (callbacks !== undefined) checkCallbacks(callbacks);
}

function checkCallbacks(callbacks: readonly Callback[]): void {
  if (!Array.isArray(callbacks)) {
    throw new ConfigurationError(`callbacks is of type ${typeof callbacks}.`, {
      hint: 'Give a list: callbacks: [callback].',
    });
  }
  callbacks.forEach((callback: unknown, i) => {
    if (typeof callback === 'object' && callback !== null) return;
    const isFunction = typeof callback === 'function';
    const found = isFunction ? `the function ${callback.name || 'without a name'}` : String(callback);
    throw new ConfigurationError(`callbacks[${i}] is ${found}.`, {
      hint: isFunction
        ? 'Give an object: new ' + (callback.name || 'Callback') + '(), or {onEpochEnd: …}.'
        : 'Give objects with hooks, and leave out the others.',
    });
  });
}
