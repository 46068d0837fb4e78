/**
 * Refuses calls of `fit` that cannot mean anything, before anything else is looked at.
 */
import {ConfigurationError, unknownName} from '../core';
import type {FitOptions} from './options';

/** The options there are, each with what Keras calls it where that is another name. */
const KNOWN: Readonly<Record<keyof FitOptions, readonly string[]>> = {
  epochs: ['epoch'],
  maxSteps: [],
  stepsPerEpoch: ['steps_per_epoch'],
  batchSize: ['batch_size'],
  shuffle: [],
  validation: ['validationData', 'validation_data'],
  validationSplit: ['validation_split'],
  validationFrequency: ['validation_freq', 'validationFreq'],
  validationSteps: ['validation_steps'],
  sanityCheckSteps: [],
  classWeight: ['class_weight'],
  sampleWeight: ['sample_weight'],
  initialEpoch: ['initial_epoch'],
  resumeFrom: [],
  signal: [],
};

/** @throws ConfigurationError naming the option, or the slip of `fit(x, y)`. */
export function checkCall(data: unknown, options: FitOptions): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options) || isData(options)) {
    throw new ConfigurationError('The second argument of fit is data, where options are expected.', {
      hint: 'fit takes one value for the data: put both in brackets, as in fit([x, y], {epochs: 10}).',
    });
  }
  for (const name of Object.keys(options)) {
    if (name in KNOWN) continue;
    const meant = Object.entries(KNOWN).find(([, aliases]) => aliases.includes(name));
    if (meant === undefined) throw unknownName('option of fit', name, Object.keys(KNOWN));
    throw new ConfigurationError(`Unknown option of fit '${name}'.`, {
      hint: `It is called '${meant[0]}' here.`,
    });
  }
  whole(options, 'epochs', 0);
  whole(options, 'initialEpoch', 0);
  whole(options, 'maxSteps', 0);
  whole(options, 'sanityCheckSteps', 0);
  whole(options, 'stepsPerEpoch', 1);
  whole(options, 'batchSize', 1);
  whole(options, 'validationSteps', 1);
  const {shuffle, signal, validation, validationSplit, validationFrequency = 1, sampleWeight} = options;
  if (shuffle !== undefined && typeof shuffle !== 'boolean') {
    throw new ConfigurationError(`shuffle is ${String(shuffle)}.`, {
      hint: 'Give true or false; for a buffered shuffle use dataset.shuffle({buffer}).',
    });
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new ConfigurationError('signal is no AbortSignal.', {hint: 'Give new AbortController().signal.'});
  }
  if (validation !== undefined && validationSplit !== undefined) {
    throw new ConfigurationError('Both validation and validationSplit are given.', {
      hint: 'Give one of them.',
    });
  }
  if (sampleWeight !== undefined && Array.isArray(data) && data.length > 2) {
    throw new ConfigurationError('Sample weights are given in the data and as an option.', {
      hint: 'Give one of them.',
    });
  }
  const frequencies = typeof validationFrequency === 'number' ? [validationFrequency] : validationFrequency;
  if (!frequencies.every(frequency => Number.isInteger(frequency) && frequency >= 1)) {
    throw new ConfigurationError(`validationFrequency is ${String(validationFrequency)}.`, {
      hint: 'Give a whole number of at least 1, or a list of epochs counted from 1.',
    });
  }
}

type Count =
  | 'epochs'
  | 'initialEpoch'
  | 'maxSteps'
  | 'stepsPerEpoch'
  | 'batchSize'
  | 'validationSteps'
  | 'sanityCheckSteps';

function whole(options: FitOptions, name: Count, least: number): void {
  checkCount(name, options[name], least);
}

/** @throws ConfigurationError for anything but a whole number (or Infinity) of at least `least`; undefined passes. */
export function checkCount(name: string, value: number | undefined, least: number): void {
  if (value === undefined || (value >= least && (Number.isInteger(value) || value === Infinity))) return;
  throw new ConfigurationError(`${name} is ${value}.`, {hint: `Give a whole number of at least ${least}.`});
}

function isData(value: object): boolean {
  return 'dataSync' in value || ArrayBuffer.isView(value) || ('values' in value && 'shape' in value);
}
