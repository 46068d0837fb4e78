/**
 * What a Trainer and its methods are told.
 */
import type {Tensor} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import type {CheckpointStore} from '../checkpoint';
import type {ArraySource, Dataset} from '../data';
import type {Loss, LossFunction} from '../losses';
import type {Metric} from '../metrics';
import type {Optimizer} from '../optimizers';
import type {Parameter} from '../graph';
import type {Schedule} from '../schedules';
import type {Callback, StopReason} from './callback';

/** One value for every output, one an output in order, or one by output name. */
export type PerOutput<T> = T | readonly T[] | Readonly<Record<string, T>>;

/** A loss by name, as an object, or as a function that gives one value an element or sample. */
export type LossIdentifier = string | Loss | LossFunction;
/** A metric by name, as an object, or as a function that gives one value an element or sample. */
export type MetricIdentifier = string | Metric | LossFunction;

/** Weights that train by rules of their own. The first group that matches a weight decides. */
export interface ParameterGroup {
  /** Layers by name or by path (`'conv1'`, `/^block3/`). */
  layers?: string | RegExp | readonly (string | RegExp)[];
  /** Any other choice of weights. */
  match?: (parameter: Parameter) => boolean;
  /** A rate of their own, in place of the optimizer's. */
  learningRate?: number | Schedule;
  /** Multiplies the rate. */
  learningRateMultiplier?: number;
  /** Decoupled weight decay of their own; 0 for none. */
  weightDecay?: number;
  /** Not trained. Layers chosen by `layers` rest altogether: their BatchNorm neither normalises by the batch nor learns statistics. */
  frozen?: boolean;
}

/** What a custom training step sees. */
export interface StepContext {
  /** The batch's inputs and targets, in the order of the model's ports (or as the data gave them, for several models). */
  readonly xs: readonly Tensor[];
  readonly ys: readonly Tensor[];
  /** The first of each; an error where the data has none. */
  readonly x: Tensor;
  readonly y: Tensor;
  /** Per target, where the data or the class weights give them. */
  readonly sampleWeights: readonly (Tensor | undefined)[];
  /** Samples in the batch. */
  readonly size: number;
  readonly models: Readonly<Record<string, LayersModel>>;
  /** Forward in training mode: seeded dropout, BatchNorm on batch statistics. Of the trainer's only model, or the one named. */
  run(inputs: Tensor | readonly Tensor[], options?: {model?: string; training?: boolean}): Tensor;
  /** As `run`, for models with several outputs. */
  runAll(inputs: Tensor | readonly Tensor[], options?: {model?: string; training?: boolean}): Tensor[];
  /** The trainer's own loss (names, weights, masks) of outputs that `run` or `runAll` gave for the trainer's only model. */
  computeLoss(outputs: Tensor | readonly Tensor[]): Tensor;
  /** Reproducible noise, from the normal distribution with mean 0 and standard deviation 1. */
  randomNormal(shape: readonly number[]): Tensor;
}

/** What a custom training step gives back: the mean loss over the batch, or that with more. */
export type StepOutcome =
  | Tensor
  | {
      /** Scalar: the mean over `count` elements. */
      loss: Tensor;
      /** What the mean was taken over (weighs the batch in an accumulation window). Default: samples in the batch. */
      count?: number;
      /** Outputs for the metrics. */
      outputs?: Tensor | readonly Tensor[];
      /** Scalars to be averaged over the epoch and logged. */
      logs?: Readonly<Record<string, Tensor>>;
    };

/**
 * Your own forward and loss. Synchronous; runs inside the gradient and a `tf.tidy`. The trainer keeps the rest:
 * penalties, window, clipping, optimizer, constraints, callbacks, checkpoints.
 */
export type TrainStep = (context: StepContext) => StepOutcome;

export interface TrainerOptions {
  /** What is minimised: a name (`'meanSquaredError'`), a Loss, a function; by output where there are several. */
  loss?: PerOutput<LossIdentifier | null>;
  /** How much each output's loss counts: finite, at least 0. Default 1. */
  lossWeights?: PerOutput<number>;
  /** A name, an Optimizer, or a record by model name. Default `'adam'`. */
  optimizer?: string | Optimizer | Readonly<Record<string, string | Optimizer>>;
  /** Exact over the epoch; masked elements do not count. For one output a list; for several a record by output name. */
  metrics?:
    readonly MetricIdentifier[] | Readonly<Record<string, MetricIdentifier | readonly MetricIdentifier[]>>;
  /** As `metrics`, with sample and class weights taken into account. */
  weightedMetrics?:
    readonly MetricIdentifier[] | Readonly<Record<string, MetricIdentifier | readonly MetricIdentifier[]>>;
  callbacks?: readonly Callback[];
  parameterGroups?: readonly ParameterGroup[];
  /** Scales all gradients down together when their joint norm exceeds this. */
  clipNorm?: number;
  /** Scales each gradient down when its own norm exceeds this. */
  clipTensorNorm?: number;
  /** Limits each element of the gradients to [−clipValue, clipValue]. */
  clipValue?: number;
  /** Fixes data order, dropout and every other random draw. Default: drawn once, see `trainer.seed`. */
  seed?: number;
  /** Your own training step; for several models one each, run in this order on every batch. */
  trainStep?: TrainStep | Readonly<Record<string, TrainStep>>;
  /** Looks at every batch for NaN and for targets that the loss cannot mean. Costs a read of each batch. Default false. */
  checkData?: boolean;
}

/** Arrays for one port, for several in order, or by port name. */
export type ArrayData = ArraySource | readonly ArraySource[] | Readonly<Record<string, ArraySource>>;

/** A batch as data sources may give it. Tensors have the batch as their first axis and become the trainer's. */
export type BatchTensors = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;
/**
 * One batch: inputs, and where there are any targets and sample weights. In a record these are `xs`, `ys` and
 * `sampleWeights` (by output name, or one tensor for all outputs); other entries are refused.
 */
export type Batch =
  | BatchTensors
  | readonly [xs: BatchTensors]
  | readonly [xs: BatchTensors, ys: BatchTensors]
  | readonly [xs: BatchTensors, ys: BatchTensors, sampleWeights: BatchTensors]
  | {readonly xs: BatchTensors; readonly ys?: BatchTensors; readonly sampleWeights?: BatchTensors};

/** An iterable of batches that can be continued: exact resume needs to know where it stands. */
export interface ResumableIterable {
  getState(): unknown;
  setState(state: unknown): void;
}

/**
 * What can be trained on: arrays `[x, y]` or `[x, y, sampleWeight]`, a Dataset of such elements (batched or not),
 * or an (async) iterable of batches. A JavaScript array is always `[x, y]`, never a list of batches.
 */
export type TrainingData =
  | readonly [x: ArrayData]
  | readonly [x: ArrayData, y: ArrayData]
  | readonly [x: ArrayData, y: ArrayData, sampleWeight: ArrayData]
  | Dataset<unknown>
  | Iterable<Batch>
  | AsyncIterable<Batch>;

export interface FitOptions {
  /** Passes over the data in all, those before a resume included. Default 1 (with `maxSteps`: no bound). */
  epochs?: number;
  /** Ends training after so many optimizer updates in all. */
  maxSteps?: number;
  /** Batches an epoch, for endless data. The data then runs on over epochs, starting again when it ends. */
  stepsPerEpoch?: number;
  /** Samples a batch, for arrays and unbatched Datasets. Default 32. */
  batchSize?: number;
  /** A new order every epoch, for arrays and Datasets of known size that do not shuffle themselves. Default true. */
  shuffle?: boolean;
  validation?: TrainingData;
  /** The last part of the arrays, as a fraction, is kept for validation (taken before shuffling, as Keras does). */
  validationSplit?: number;
  /** Validates every so many epochs, or after the epochs listed (counted from 1). Default 1. */
  validationFrequency?: number | readonly number[];
  /** At most so many validation batches. */
  validationSteps?: number;
  /** Validates on so many batches before training, so that a mistake in the validation shows at once. Default 0. */
  sanityCheckSteps?: number;
  /**
   * Weight by class index, or that by output name. A class not named has weight 1, and so has a padding label below 0.
   * Multiplies sample weights, of shape [b] or of the labels' shape.
   */
  classWeight?: Readonly<Record<number, number>> | Readonly<Record<string, Readonly<Record<number, number>>>>;
  /** One weight a sample (or a sample and time step); arrays only. By output name where they differ. */
  sampleWeight?: ArrayData;
  /** The number of the first epoch. Default 0. */
  initialEpoch?: number;
  /** Continues from a checkpoint: its bytes, or a store and a name in it. */
  resumeFrom?: Uint8Array | {store: CheckpointStore; name: string};
  /** Aborting ends the run after the current batch; `fit` rejects with the signal's reason. For a graceful end see `trainer.stop()`. */
  signal?: AbortSignal;
}

export interface EvaluateOptions {
  batchSize?: number;
  sampleWeight?: ArrayData;
  /** At most so many batches. */
  steps?: number;
  signal?: AbortSignal;
}

export interface PredictOptions {
  batchSize?: number;
  /** At most so many batches. */
  steps?: number;
  signal?: AbortSignal;
}

/** How a run went. */
export interface FitResult {
  /** One array a name, one number an epoch: `history.val_loss`. */
  history: Record<string, number[]>;
  /** Epochs done, those before a resume included. */
  epochs: number;
  /** Optimizer updates done, those before a resume included. */
  steps: number;
  stopReason: StopReason;
}
