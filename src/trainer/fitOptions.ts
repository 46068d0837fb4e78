/**
 * Refuses calls of `fit` that cannot mean anything, before anything else is looked at.
 */
import {ConfigurationError, checkNames} from '../core';
import type {FitOptions} from './options';

/** The options there are; the compiler asks for any that is missing here. */
const KNOWN: Readonly<Record<keyof FitOptions, true>> = {
  epochs: true,
  maxSteps: true,
  stepsPerEpoch: true,
  batchSize: true,
  shuffle: true,
  validation: true,
  validationSplit: true,
  validationFrequency: true,
  validationSteps: true,
  sanityCheckSteps: true,
  classWeight: true,
  sampleWeight: true,
  initialEpoch: true,
  resumeFrom: true,
  signal: true,
};

/** What Keras and tfjs call them, and common slips. */
const ALIASES = {
  epoch: 'epochs',
  steps_per_epoch: 'stepsPerEpoch',
  batch_size: 'batchSize',
  validationData: 'validation',
  validation_data: 'validation',
  validation_split: 'validationSplit',
  validation_freq: 'validationFrequency',
  validation_steps: 'validationSteps',
  class_weight: 'classWeight',
  sample_weight: 'sampleWeight',
  initial_epoch: 'initialEpoch',
};

/** @throws ConfigurationError naming the option, or the slip of `fit(x, y)`. */
export function checkCall(data: unknown, options: FitOptions): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options) || isData(options)) {
    throw new ConfigurationError('The second argument of fit is data, where options are expected.', {
      hint: 'fit takes one value for the data: put both in brackets, as in fit([x, y], {epochs: 10}).',
    });
  }
  checkNames('fit', options, Object.keys(KNOWN), ALIASES);
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
