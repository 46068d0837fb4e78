/**
 * The extension point of training: what a callback is, and what it sees at each point.
 *
 * Any object with any of these hooks is a callback. A hook may be synchronous or return a promise, which the
 * trainer awaits before it goes on. Hooks of one event run by ascending `order`, then in the order given.
 */
import type {Tensor} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import type {StateTree} from '../core';
import type {Parameter} from '../graph';
import type {Optimizer} from '../optimizers';

/** A value, or a promise of it. */
export type Awaitable<T> = T | Promise<T>;

/** Why a run ended. `'completed'`: all epochs or steps done; a callback's own word otherwise. */
export type StopReason = 'completed' | 'aborted' | 'error' | (string & {});

/** Named numbers, as they enter the history: `{loss, accuracy, val_loss, …}`. */
export type Logs = Record<string, number>;

/** Numbers that may still live on the device: reading waits for it, not reading costs nothing. */
export interface LazyLogs {
  read(): Promise<Logs>;
}

/** What every hook sees. One object for the whole run; hooks with more to see get it as an extended view. */
export interface TrainContext {
  readonly model: LayersModel;
  /** All models by name: `{model}` for a trainer of one. */
  readonly models: Readonly<Record<string, LayersModel>>;
  readonly optimizer: Optimizer;
  /** All optimizers by name: `{model}` for a trainer of one. */
  readonly optimizers: Readonly<Record<string, Optimizer>>;
  /** All weights of all models, in graph order, statistics included. */
  readonly parameters: readonly Parameter[];
  readonly seed: number;
  /** The running epoch, from 0, and how many there shall be (Infinity when only steps bound the run). */
  readonly epoch: number;
  readonly epochs: number;
  /** Batches of this epoch that were begun, and how many it has where that is known. */
  readonly batch: number;
  readonly batchesPerEpoch: number | undefined;
  /** Validation runs after every so many epochs; undefined when this run has no validation data. */
  readonly validationFrequency: number | undefined;
  /** Batches trained on since training began, over all epochs. */
  readonly batches: number;
  /** Optimizer updates since training began. */
  readonly steps: number;
  /** One array a name, one number an epoch. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  /** True when this run continues a checkpoint. */
  readonly resumed: boolean;
  /** Set once somebody asked to stop, or at the end. */
  readonly stopReason: StopReason | undefined;
  readonly signal: AbortSignal | undefined;
  /** Ends training after the current batch, and says why. Not an error: `fit` resolves with `stopReason`. */
  stop(reason: StopReason): void;
  /** Adds a number to this epoch's logs; in the history it appears under `name`. Called again, the last wins. */
  log(name: string, value: number): void;
  /** Everything needed to go on from here, as the bytes of a checkpoint. */
  checkpoint(): Promise<Uint8Array>;
  /**
   * Recomputes BatchNorm's moving statistics for the present weights from the training data (for averaged
   * weights; Izmailov et al. 2018). Does nothing for a model without BatchNorm, or where the data can only be
   * read once.
   */
  refreshStatistics(options?: {batches?: number}): Promise<void>;
}

export interface EpochEndContext extends TrainContext {
  /** This epoch's numbers, validation included. Numbers added by `log` in an earlier hook are here too. */
  readonly logs: Readonly<Logs>;
}

export interface BatchEndContext extends TrainContext {
  /** The running means over the epoch so far. */
  readonly logs: LazyLogs;
}

/** After a batch's gradients were added to the window, before the optimizer. */
export interface MicroBatchContext extends TrainContext {
  readonly window: {
    /** Batches in the window, this one included. */
    readonly size: number;
    /** Whether the window will close (and the optimizer step) after this hook. True before any callback spoke. */
    readonly closing: boolean;
    /** Whether this is the epoch's last batch, where the window closes whatever is said. */
    readonly last: boolean;
    /** Waits for more batches (the epoch's end closes the window all the same). */
    keepOpen(): void;
    /** Closes it now; outweighs any `keepOpen`. */
    close(): void;
  };
}

/** The window's averaged gradients, penalties included, before clipping. */
export interface GradientsContext extends TrainContext {
  /** The name of the optimizer that will use them: `'model'` in a trainer of one. */
  readonly optimizerName: string;
  /** By `Parameter.key`. Live: valid during the hook only. */
  readonly gradients: ReadonlyMap<string, Tensor>;
  /** Puts another gradient in place; the trainer disposes both. */
  replace(key: string, gradient: Tensor): void;
  /** Drops this window: no update, no tick of the schedule. */
  skip(): void;
}

/** After an optimizer update. */
export interface OptimizerStepContext extends TrainContext {
  readonly optimizerName: string;
  /** The rate that the update used. */
  readonly learningRate: number;
}

export interface ValidationEndContext extends TrainContext {
  readonly logs: Readonly<Logs>;
}

/** During validation in `fit`, and during `predict`. */
export interface InferenceContext {
  readonly model: LayersModel;
  readonly batch: number;
  readonly batchesTotal: number | undefined;
}

export interface ExceptionContext extends TrainContext {
  readonly error: unknown;
}

/** Before a run begins, when it is not yet known whether it continues another. */
export interface RestoreContext {
  readonly models: Readonly<Record<string, LayersModel>>;
  readonly optimizers: Readonly<Record<string, Optimizer>>;
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
}

export interface CheckpointContext extends TrainContext {
  readonly bytes: Uint8Array;
}

/**
 * An object with any of these hooks.
 *
 * `onTrainEnd` runs however training ended (`ctx.stopReason` says how), so it is the place to give tensors back.
 * After `resumeFrom` in the middle of an epoch, `onTrainBegin` runs (with `ctx.resumed`), `onEpochBegin` of that
 * epoch does not run again.
 */
export interface Callback {
  readonly name?: string;
  /** Callbacks run by ascending order; 0 by default. Those that change weights run early, those that save run late. */
  readonly order?: number;
  /** What this callback's state is kept under in a checkpoint. Required with `getState`; unique in a trainer. */
  readonly stateKey?: string;
  getState?(): StateTree;
  setState?(state: StateTree): void;

  /**
   * Asked first of all in `fit`, before `onTrainBegin`, when no `resumeFrom` was given: the bytes of a checkpoint to
   * go on from, as if they had been given, or undefined to begin anew. The first callback that answers wins.
   */
  restore?(context: RestoreContext): Awaitable<Uint8Array | undefined>;

  onTrainBegin?(context: TrainContext): Awaitable<void>;
  onTrainEnd?(context: TrainContext): Awaitable<void>;
  onEpochBegin?(context: TrainContext): Awaitable<void>;
  onEpochEnd?(context: EpochEndContext): Awaitable<void>;
  onTrainBatchBegin?(context: TrainContext): Awaitable<void>;
  onTrainBatchEnd?(context: BatchEndContext): Awaitable<void>;
  onMicroBatchEnd?(context: MicroBatchContext): Awaitable<void>;
  onGradients?(context: GradientsContext): Awaitable<void>;
  onOptimizerStep?(context: OptimizerStepContext): Awaitable<void>;
  onValidationBegin?(context: TrainContext): Awaitable<void>;
  onValidationEnd?(context: ValidationEndContext): Awaitable<void>;
  onValidationBatchBegin?(context: InferenceContext): Awaitable<void>;
  onValidationBatchEnd?(context: InferenceContext): Awaitable<void>;
  onPredictBegin?(context: InferenceContext): Awaitable<void>;
  onPredictEnd?(context: InferenceContext): Awaitable<void>;
  onPredictBatchBegin?(context: InferenceContext): Awaitable<void>;
  onPredictBatchEnd?(context: InferenceContext): Awaitable<void>;
  onCheckpoint?(context: CheckpointContext): Awaitable<void>;
  onException?(context: ExceptionContext): Awaitable<void>;
}
