/**
 * A run's whole progress as one serialisable record, and back.
 *
 * Weights are kept by their place in the graph and checked by class and shape before anything changes, since
 * tfjs's weight names count up in a process.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {backendState, type BackendState} from '../backend';
import {decodeState, disposeState} from '../checkpoint';
import {CheckpointError} from '../core';
import type {StateTree} from '../core';
import type {Parameter} from '../graph';
import type {Callback, Logs} from './callback';
import {allParameters, nameModels} from './phases';
import type {Phase} from './phases';
import type {DataPosition} from './source';
import type {Stepper} from './stepper';

/** Where a run stands. */
export interface Progress {
  epoch: number;
  /** Batches of the epoch that were begun. */
  batch: number;
  batches: number;
  steps: number;
  stopReason: string | undefined;
  history: Record<string, number[]>;
  /** What callbacks logged for the running epoch. */
  pendingLogs: Logs;
}

/** What a record is made of and read back into. */
export interface RecordParts {
  readonly parameters: readonly Parameter[];
  readonly phases: readonly Phase[];
  readonly callbacks: readonly Callback[];
  readonly stepper: Stepper;
}

/** The record as read: plain values checked, tensors still in it. */
export interface TrainerState {
  readonly seed: number;
  /** What an epoch's numbers are made of, in words. */
  readonly numbers: string;
  /**
   * What the run was computed on when the record was made; unknown in older ones. A run goes on on any backend, but
   * from there on its numbers are other ones, by rounding, than on this.
   */
  readonly backend?: BackendState;
  readonly progress: Progress;
  readonly data: {readonly position: DataPosition; readonly layout: string};
  readonly weights: Readonly<Record<string, Tensor>>;
  readonly layers: Readonly<Record<string, string>>;
  readonly optimizers: Readonly<Record<string, StateTree>>;
  readonly training: StateTree;
  readonly callbacks: Readonly<Record<string, StateTree>>;
}

/** The record of a run as it stands; its tensors are lent. */
export function captureRecord(
  {parameters, phases, callbacks, stepper}: RecordParts,
  {progress, data, seed, numbers}: Pick<TrainerState, 'progress' | 'data' | 'seed' | 'numbers'>,
): StateTree {
  return {
    kind: 'trainer',
    seed,
    numbers,
    backend: {...backendState()},
    progress: {...progress, history: {...progress.history}, pendingLogs: {...progress.pendingLogs}},
    data: {position: {...data.position}, layout: data.layout},
    weights: Object.fromEntries(parameters.map(({key, variable}) => [key, variable])),
    layers: Object.fromEntries(parameters.map(({key, layerClass}) => [key, layerClass])),
    optimizers: Object.fromEntries(phases.map(({name, optimizer}) => [name, optimizer.getState()])),
    training: stepper.getState(),
    callbacks: Object.fromEntries(
      callbacks
        .filter(callback => callback.stateKey !== undefined && callback.getState !== undefined)
        .map(callback => [callback.stateKey!, callback.getState!()]),
    ),
  };
}

/**
 * Checks that a record is of these models and optimizers. Changes nothing.
 *
 * @throws CheckpointError naming the first thing that differs.
 */
export function checkRecord(
  tree: StateTree,
  parameters: readonly Parameter[],
  phases: readonly Phase[],
): TrainerState {
  const state = asTrainerState(tree);
  checkWeights(state, parameters);
  for (const {name, optimizer} of phases) {
    const saved = (state.optimizers[name] as {name?: string} | undefined)?.name;
    if (saved !== optimizer.name) {
      throw new CheckpointError(
        `The checkpoint has ${saved === undefined ? 'no optimizer' : `the optimizer '${saved}'`} for '${name}', the trainer has '${optimizer.name}'.`,
        {
          hint: 'Resume with the same optimizer.',
          code: 'checkpoint/optimizer',
        },
      );
    }
  }
  return state;
}

function asTrainerState(tree: StateTree): TrainerState {
  if (typeof tree !== 'object' || tree === null || !('kind' in tree) || tree.kind !== 'trainer') {
    throw new CheckpointError('The bytes are no checkpoint of a Trainer.', {
      hint: 'Use the bytes that ctx.checkpoint() or ModelCheckpoint wrote.',
    });
  }
  return tree as object as TrainerState;
}

/** @throws CheckpointError naming the first weight that the model and the record do not share. */
function checkWeights(state: TrainerState, parameters: readonly Parameter[]): void {
  const hint = 'Resume with the model, built in the same way, that the checkpoint was made with.';
  const extra = Object.keys(state.weights).filter(
    key => !parameters.some(parameter => parameter.key === key),
  );
  for (const {key, name, shape, layerClass} of parameters) {
    const weight = state.weights[key];
    const found =
      weight === undefined ? 'nothing' : `${state.layers[key] ?? '?'} [${weight.shape.join(',')}]`;
    if (
      weight === undefined ||
      state.layers[key] !== layerClass ||
      !tf.util.arraysEqual(weight.shape, [...shape])
    ) {
      throw new CheckpointError(
        `The checkpoint is of another model: at ${key} (${name}) it has ${found}, the model has ${layerClass} [${shape.join(',')}].`,
        {hint, code: 'checkpoint/model'},
      );
    }
  }
  if (extra.length > 0) {
    throw new CheckpointError(
      `The checkpoint is of another model: it has weights at ${extra.slice(0, 3).join(', ')} that the model has not.`,
      {
        hint,
        code: 'checkpoint/model',
      },
    );
  }
}

/**
 * Puts the weights and statistics of a checkpoint into a model: for inference, or to start another training from.
 * The model is checked first, by the place, class and shape of every weight.
 *
 * @param models the model, or the record of models, that the checkpoint was made of
 * @param checkpoint its bytes, as ModelCheckpoint writes them
 * @throws CheckpointError, before any weight changes, for damaged bytes or another model
 *
 * @example
 * const build = () => layers.sequential({layers: [layers.layers.dense({units: 1, inputShape: [1]})]});
 * const store = new MemoryStore();
 * const trainer = new Trainer(build(), {loss: 'mse', callbacks: [new ModelCheckpoint({store, name: 'last'})]});
 * await trainer.fit([tf.tensor2d([[1]]), tf.tensor2d([[2]])]);
 * const model = build();
 * loadWeights(model, await store.read('last'));
 */
export function loadWeights(
  models: LayersModel | Readonly<Record<string, LayersModel>>,
  checkpoint: Uint8Array | undefined,
): void {
  if (checkpoint === undefined) {
    throw new CheckpointError('There is no checkpoint to load weights from.', {
      hint: 'Look at the names in store.list().',
    });
  }
  const parameters = allParameters(nameModels(models));
  const tree = decodeState(checkpoint);
  try {
    const state = asTrainerState(tree);
    checkWeights(state, parameters);
    for (const {key, variable} of parameters) variable.assign(state.weights[key]!);
  } finally {
    disposeState(tree);
  }
}

/** Puts a checked record in place. The record's tensors stay the caller's. */
export function restoreRecord(
  state: TrainerState,
  {parameters, phases, callbacks, stepper}: RecordParts,
): Progress {
  // Callbacks first: they may refuse what they are given.
  for (const callback of callbacks) {
    const saved = callback.stateKey === undefined ? undefined : state.callbacks[callback.stateKey];
    if (saved !== undefined) callback.setState?.(saved);
  }
  for (const {name, optimizer} of phases) optimizer.setState(state.optimizers[name]);
  stepper.setState(state.training);
  for (const {key, variable} of parameters) variable.assign(state.weights[key]!);
  const {progress} = state;
  // A run that was only cut short may be trained on; what a callback decided stays decided.
  const ended = ['completed', 'aborted', 'error', 'timeLimit', 'stopped'].includes(progress.stopReason ?? '');
  return {
    ...progress,
    stopReason: ended ? undefined : progress.stopReason,
    history: Object.fromEntries(
      Object.entries(progress.history).map(([name, values]) => [name, [...values]]),
    ),
    pendingLogs: {...progress.pendingLogs},
  };
}
