/**
 * Where a checkpoint keeps a callback's state, and reading it back with an error that names what is wrong with it.
 */
import * as tf from '@tensorflow/tfjs-core';
import {CheckpointError} from '../core';
import type {StateTree} from '../core';
import {badOption} from './options';

/** For callbacks of which a trainer may want several that watch the same. */
export interface StateKeyOption {
  /** What checkpoints keep the state under. Give it where another callback of the trainer would have the same. */
  stateKey?: string;
}

/** The key that is given, or `usual`. */
export function stateKeyOf(owner: string, {stateKey}: StateKeyOption, usual: string): string {
  if (stateKey === undefined) return usual;
  if (typeof stateKey !== 'string' || stateKey === '')
    throw badOption(owner, 'stateKey', stateKey, 'some text');
  return stateKey;
}

export type StateRecord = {readonly [key: string]: StateTree};

/** `state` as a record. */
export function readRecord(owner: string, state: StateTree): StateRecord {
  if (!isStateRecord(state)) throw badState(owner, 'it is no record');
  return state;
}

/** The number at `key`. */
export function readNumber(owner: string, state: StateRecord, key: string): number {
  const value = state[key];
  if (typeof value !== 'number') throw badState(owner, `'${key}' is no number`);
  return value;
}

/** The number at `key`, or undefined where there is none. */
export function readOptionalNumber(owner: string, state: StateRecord, key: string): number | undefined {
  return state[key] === undefined || state[key] === null ? undefined : readNumber(owner, state, key);
}

/** The numbers at `key`. */
export function readNumbers(owner: string, state: StateRecord, key: string): number[] {
  const value = state[key];
  if (!Array.isArray(value) || !value.every(item => typeof item === 'number')) {
    throw badState(owner, `'${key}' is no list of numbers`);
  }
  return [...value];
}

/** The named tensors at `key`, lent; undefined where there are none. */
export function readTensors(
  owner: string,
  state: StateRecord,
  key: string,
): Record<string, tf.Tensor> | undefined {
  const value = state[key];
  if (value === undefined || value === null) return undefined;
  const tensors: Record<string, tf.Tensor> = {};
  for (const [name, tensor] of Object.entries(readRecord(owner, value))) {
    if (!(tensor instanceof tf.Tensor)) throw badState(owner, `'${key}.${name}' is no tensor`);
    tensors[name] = tensor;
  }
  return tensors;
}

/** The error for a state that this callback did not write. */
export function badState(owner: string, why: string): CheckpointError {
  return new CheckpointError(`The state kept for ${owner} cannot be read: ${why}.`, {
    hint: 'Use a checkpoint of a run with the same callbacks.',
    code: 'checkpoint/callback-state',
  });
}

function isStateRecord(state: StateTree): state is StateRecord {
  return (
    typeof state === 'object' &&
    state !== null &&
    !Array.isArray(state) &&
    !ArrayBuffer.isView(state) &&
    !(state instanceof tf.Tensor)
  );
}
