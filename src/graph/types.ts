/**
 * What the executor of a layer graph takes and gives.
 */
import type {Tensor, Variable} from '@tensorflow/tfjs-core';
import type {layers} from '@tensorflow/tfjs-layers';
import type {StatisticsLedger} from './statistics';

/** One weight of a model, known by its place in the model's graph and not by its (process-wide) name. */
export interface Parameter {
  /**
   * Where the weight sits: layer indices and the weight's own name, such as `'3/kernel'`, `'2/0/bias'` (nested
   * model) or `'4/forward/recurrent_kernel'`. The same for every build of the same model, frozen or not.
   */
  readonly key: string;
  /** What a person calls it: `'<layer name>/<weight name>'`. */
  readonly name: string;
  /** The class of the layer that owns it, such as `'Dense'`. */
  readonly layerClass: string;
  readonly layer: layers.Layer;
  readonly shape: readonly number[];
  /** The live variable. Never dispose it. */
  readonly variable: Variable;
  /** Whether training may change it now: the layer and all that enclose it are trainable, and it is no statistic. */
  readonly trainable: boolean;
  /** Sets the weight to what its layer's constraint allows (`kernelConstraint` …); undefined without one. */
  readonly applyConstraint: (() => void) | undefined;
}

/** An input or output of a model. */
export interface Port {
  readonly name: string;
  /** With `null` for sizes that are free; the first is the batch. */
  readonly shape: readonly (number | null)[];
  readonly dtype: string;
}

/** An output, with what a loss wants to know of the layer that makes it. */
export interface OutputPort extends Port {
  readonly layer: layers.Layer;
  /** The name of the final activation (`'softmax'`, `'sigmoid'`, `'linear'` …) where one is known. */
  readonly activation: string | undefined;
  /** The layer that computes it: inside a nested model, or in front of a reshape, where `layer` is one of these. */
  readonly activationLayer: layers.Layer;
}

/** Where the randomness of one forward pass comes from: layer draws derive from (seed, step, layer, draw). */
export interface LayerRandomness {
  readonly seed: number;
  readonly step: number;
}

/** One call of one layer inside a run, as `intercept` sees it. */
export interface LayerCall {
  readonly layer: layers.Layer;
  /** `'3'`, or `'2/0'` inside a nested model. */
  readonly path: string;
  /** Which call of a shared layer this is, from 0. */
  readonly nodeIndex: number;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** A call before any run of it: which values it reads and makes, by their numbers. Those of the inputs come first. */
export interface PlannedCall extends Pick<LayerCall, 'layer' | 'path' | 'nodeIndex'> {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** A new value for a non-trainable weight (BatchNorm's moving statistics) that a training forward asks for. */
export interface StatisticsUpdate {
  readonly variable: Variable;
  /** Made inside the run; `run`'s caller disposes it (a surrounding `tf.tidy` does). */
  readonly value: Tensor;
  /** The batch's own statistic, the mean over the layer's calls; disposed likewise. */
  readonly batch: Tensor;
}

export interface RunOptions {
  /** Dropout on, BatchNorm on batch statistics (except where frozen). Default false. */
  training?: boolean;
  /** Fixes every random draw of the layers. Without it layers draw from `Math.random`. */
  random?: LayerRandomness;
  /** Collects the statistics of several runs, each building on the one before; `RunResult.statistics` is empty then. */
  statistics?: StatisticsLedger;
  /**
   * Sees every layer call in order, and may return tensors that take the outputs' place: as many, of the same
   * shapes. Layers of nested models are seen one by one, a wrapper (`TimeDistributed` …) as a whole. Tensors that
   * it wants to have after the run it must `tf.keep`.
   */
  intercept?: (call: LayerCall) => readonly Tensor[] | undefined;
}

export interface RunResult {
  /** One tensor an output port. Made inside the run: the caller disposes them (a surrounding `tf.tidy` does). */
  readonly outputs: Tensor[];
  /** One mask an output port: `[batch, …]` bool, or null where every element counts. */
  readonly masks: (Tensor | null)[];
  /** Statistics that this forward would change. The run itself changes nothing: see `applyStatistics`. */
  readonly statistics: StatisticsUpdate[];
}
