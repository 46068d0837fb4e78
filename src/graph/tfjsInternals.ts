/**
 * The border with tfjs-layers: every private field and untyped shape that the executor relies on is read
 * here, and nowhere else. All of it was checked against tfjs-layers 4.22.0.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Scalar, Tensor, Variable} from '@tensorflow/tfjs-core';
import {layers} from '@tensorflow/tfjs-layers';
import type {LayerVariable, LayersModel, SymbolicTensor} from '@tensorflow/tfjs-layers';

export type Layer = layers.Layer;

/** One symbolic call of a layer. */
export interface LayerNode {
  readonly outboundLayer: Layer;
  readonly inputTensors: readonly SymbolicTensor[];
  readonly outputTensors: readonly SymbolicTensor[];
}

/** What `layer.call` is given beside its inputs. */
export interface CallArguments {
  training: boolean;
  /** The first input's mask, as tfjs gives it. */
  mask?: Tensor;
  /** Where a layer has several inputs: the mask of each, which tfjs leaves out. */
  masks?: readonly (Tensor | null)[];
  initialState?: Tensor[];
}

interface LayerFields {
  _trainableWeights: LayerVariable[];
  _nonTrainableWeights: LayerVariable[];
  _losses: (() => Scalar)[];
  supportsMasking: boolean;
  call: (inputs: Tensor | Tensor[], kwargs: object) => Tensor | Tensor[];
  computeMask: (inputs: Tensor[], mask: (Tensor | null)[]) => Tensor | null | (Tensor | null)[];
}

const fields = (layer: Layer) => layer as unknown as LayerFields;

/** The call that made a symbolic tensor. */
export function nodeOf(tensor: SymbolicTensor): LayerNode | undefined {
  return tensor.sourceLayer.inboundNodes[tensor.nodeIndex];
}

/** A weight of a layer, with the fields that tfjs hides. */
export interface Weight {
  readonly layerVariable: LayerVariable;
  readonly variable: Variable;
  /** The name given to `addWeight`, without the layer's. */
  readonly name: string;
  /** Made as non-trainable: a statistic, whatever is frozen. */
  readonly statistic: boolean;
}

/** The weights that a layer made itself, in the order of making (tfjs's `weights` reorders when frozen). */
export function ownWeights(layer: Layer): Weight[] {
  const {_trainableWeights: trainable, _nonTrainableWeights: statistics} = fields(layer);
  return [
    ...(trainable ?? []).map(weight => describeWeight(weight, false, layer)),
    ...(statistics ?? []).map(weight => describeWeight(weight, true, layer)),
  ];
}

/** The tf.Variable behind a layer's weight. */
export function variableOf(layerVariable: LayerVariable): Variable {
  return (layerVariable as unknown as {val: Variable}).val;
}

/** All weights of a layer as tfjs lists them, inner layers' included. */
export function listedWeights(layer: Layer): Weight[] {
  const trainable = new Set(layer.trainableWeights);
  return layer.weights.map(weight => describeWeight(weight, layer.trainable && !trainable.has(weight)));
}

/** tfjs writes the layer's name before the weight's, and before both those of layers around, of which some are no part. */
function describeWeight(layerVariable: LayerVariable, statistic: boolean, owner?: Layer): Weight {
  const {originalName} = layerVariable;
  const isOwn = owner !== undefined && originalName.startsWith(`${owner.name}/`);
  const name = isOwn
    ? originalName.slice(owner.name.length + 1)
    : originalName.slice(originalName.lastIndexOf('/') + 1);
  return {layerVariable, variable: variableOf(layerVariable), name, statistic};
}

/** Penalties of a layer's own weights, and what a layer's author added by `addLoss`. */
export function ownPenalties(layer: Layer): readonly (() => Scalar)[] {
  return fields(layer)._losses ?? [];
}

/** Calls a layer the way that tfjs's own executor does: inputs as a list, `kwargs` of its own. */
export function callLayer(layer: Layer, inputs: readonly Tensor[], kwargs: CallArguments): Tensor[] {
  // RandomWidth hands its input on unopened, so a list would not do.
  const argument = layer.getClassName() === 'RandomWidth' ? inputs[0]! : [...inputs];
  const outputs = fields(layer).call(argument, kwargs);
  return Array.isArray(outputs) ? outputs : [outputs];
}

/** What `layer.computeMask` says, as a list. */
export function computeMask(
  layer: Layer,
  inputs: readonly Tensor[],
  masks: readonly (Tensor | null)[],
): (Tensor | null)[] {
  const result = fields(layer).computeMask([...inputs], [...masks]);
  return Array.isArray(result) ? result : [result];
}

export function supportsMasking(layer: Layer): boolean {
  return fields(layer).supportsMasking;
}

/** Whether a layer says by itself what becomes of masks. */
export function overridesComputeMask(layer: Layer): boolean {
  return fields(layer).computeMask !== fields(layers.Layer.prototype).computeMask;
}

/** A layer that is held by another one: a wrapper's, a cell, one of a custom layer's parts. */
export interface HeldLayer {
  /** Where it sits, or undefined where it needs no name of its own (a recurrent layer's one cell). */
  readonly segment: string | undefined;
  readonly property: string;
  readonly layer: Layer;
}

const SEGMENTS: Record<string, string> = {forwardLayer: 'forward', backwardLayer: 'backward'};

/** The layers found in a layer's own properties, in the order of their making. */
export function heldLayers(layer: Layer): HeldLayer[] {
  const held: HeldLayer[] = [];
  for (const [property, value] of Object.entries(layer)) {
    // Bidirectional keeps the layer it was made from, which is never built nor run.
    if (property === 'layer' && layer.getClassName() === 'Bidirectional') continue;
    if (isLayer(value)) {
      const segment = property === 'cell' ? undefined : (SEGMENTS[property] ?? property);
      held.push({segment, property, layer: value});
    } else if (Array.isArray(value)) {
      value.forEach((item: unknown, i) => {
        if (isLayer(item)) {
          const segment = property === 'cells' ? `${i}` : `${property}/${i}`;
          held.push({segment, property: `${property}/${i}`, layer: item});
        }
      });
    }
  }
  return held;
}

function isLayer(value: unknown): value is Layer {
  return (
    typeof value === 'object' &&
    value !== null &&
    'getClassName' in value &&
    'inboundNodes' in value &&
    'computeMask' in value
  );
}

/** The parts of a BatchNormalization layer. */
export interface BatchNormalizationFields {
  readonly axis: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly gamma?: LayerVariable;
  readonly beta?: LayerVariable;
  readonly movingMean: LayerVariable;
  readonly movingVariance: LayerVariable;
}

export function batchNormalizationFields(layer: Layer): BatchNormalizationFields {
  return layer as unknown as BatchNormalizationFields;
}

/** The parts of a Dropout layer. */
export interface DropoutFields {
  readonly rate: number;
  readonly seed?: number | null;
  /** The mask's shape; null-ish for that of `x`. */
  getNoiseShape(x: Tensor): number[] | null | undefined;
  /** Tells who watches the layer (`layer.setCallHook`). */
  invokeCallHook(inputs: readonly Tensor[], kwargs: object): void;
}

export function dropoutFields(layer: Layer): DropoutFields {
  return layer as unknown as DropoutFields;
}

/** The layer inside a TimeDistributed. */
export function wrappedLayer(layer: Layer): Layer {
  return (layer as unknown as {layer: Layer}).layer;
}

/** A recurrent cell with dropout keeps its masks in these fields between steps (and after the last). */
export interface DropoutCell {
  dropoutMask: Tensor | Tensor[] | null;
  recurrentDropoutMask: Tensor | Tensor[] | null;
}

export function dropoutCell(layer: Layer): DropoutCell | undefined {
  const cell = layer as unknown as Partial<DropoutCell> & {dropout?: number; recurrentDropout?: number};
  if (cell.dropoutMask === undefined || cell.recurrentDropoutMask === undefined) return undefined;
  const draws = (cell.dropout ?? 0) > 0 || (cell.recurrentDropout ?? 0) > 0;
  return draws ? (cell as DropoutCell) : undefined;
}

/** A place where a layer keeps a fixed seed. */
export interface SeedHolder {
  seed: number | undefined;
}

export function seedHolder(layer: Layer): SeedHolder | undefined {
  const own = layer as unknown as {seed?: unknown; randomGenerator?: {seed?: unknown}};
  if (typeof own.seed === 'number') return own as SeedHolder;
  if (typeof own.randomGenerator?.seed === 'number') return own.randomGenerator as SeedHolder;
  return undefined;
}

/** Replaces `layer.call` while `run` runs. */
export function withCall<T>(
  layer: Layer,
  call: (inputs: Tensor[], kwargs: {training?: boolean; mask?: Tensor}) => Tensor,
  run: () => T,
): T {
  const target = layer as unknown as {call?: unknown};
  const own = Object.getOwnPropertyDescriptor(target, 'call');
  const restore = () => {
    if (own === undefined) delete target.call;
    else Object.defineProperty(target, 'call', own);
  };
  const replacement = (inputs: Tensor | Tensor[], kwargs: object | undefined) => {
    // `call` may want the layer's own.
    restore();
    try {
      return call(Array.isArray(inputs) ? inputs : [inputs], kwargs ?? {});
    } finally {
      target.call = replacement;
    }
  };
  target.call = replacement;
  try {
    return run();
  } finally {
    restore();
  }
}

/** Whether a gradient is being recorded, so that what a step made is still needed after it. */
export function isRecordingGradient(): boolean {
  return tf.engine().state.gradientDepth > 0;
}

/** Whether a gradient of a gradient is being recorded. */
export function isRecordingNested(): boolean {
  return tf.engine().state.gradientDepth > 1;
}

/**
 * Runs ops that no gradient goes through. Masks need it: tfjs would follow them back to the values that they
 * were made from, and finds that a comparison has no gradient.
 */
export function withoutRecording<T>(run: () => T): T {
  const {state} = tf.engine();
  // tfjs records what runs outside of all kernels: so this says that one is running.
  state.kernelDepth++;
  try {
    return run();
  } finally {
    state.kernelDepth--;
  }
}

/** Disposes what the recording of a gradient that came to no end has kept. */
export function releaseTape(): void {
  const {state} = tf.engine();
  if (state.gradientDepth > 0 || state.activeTape == null) return;
  for (const {saved} of state.activeTape) tf.dispose(saved ?? []);
  state.activeTape = [];
}

/** Whether tfjs would let a tensor go when the surrounding `tidy` ends. */
export function isDisposable(tensor: Tensor): boolean {
  return !tensor.kept && !tensor.isDisposed && !(tensor instanceof tf.Variable);
}

/** The name of a layer's `activation` setting, where it has one. */
export function activationSetting(layer: Layer): string | undefined {
  const {activation} = layer as unknown as {activation?: {getClassName?: () => string} | null};
  return activation?.getClassName?.();
}

/** The symbolic tensors that a model starts from and ends in. */
export function symbolicPorts(model: LayersModel): {
  inputs: readonly SymbolicTensor[];
  outputs: readonly SymbolicTensor[];
} {
  return {inputs: model.inputs ?? [], outputs: model.outputs ?? []};
}
