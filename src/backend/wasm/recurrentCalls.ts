/**
 * tfjs-layers' recurrent layers over all time steps at once, where the engine runs and the layer's configuration
 * allows it; its own loop otherwise.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {hasKernel, mayFuse} from '../../core';
import {gateActivations} from './engineRecurrent';
import {GRU} from './engineRecurrentGru';
import {LSTM} from './engineRecurrentLstm';
import {gru, lstm} from './recurrentOperations';
import type {Recurrence, RecurrentResult} from './recurrentOperations';
import {cellClassOf, gradientDepth, patchLayer} from './tfjsInternals';

/** What a recurrent layer's cell holds. */
interface Cell extends layers.layers.Layer {
  readonly units: number;
  readonly kernel: layers.LayerVariable;
  readonly recurrentKernel: layers.LayerVariable;
  readonly bias: layers.LayerVariable | null;
  readonly useBias: boolean;
  readonly activation: {getClassName(): string};
  readonly recurrentActivation?: {getClassName(): string};
  readonly dropout: number;
  readonly recurrentDropout: number;
  readonly dropoutFunc?: unknown;
  dropoutMask: Tensor | Tensor[] | null;
  recurrentDropoutMask: Tensor | Tensor[] | null;
}

/** What a recurrent layer holds. */
interface RecurrentLayer {
  readonly cell: Cell;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly goBackwards: boolean;
  readonly stateful: boolean;
  readonly states_: Tensor[] | null;
  resetStates(states: readonly Tensor[], training: boolean): void;
}

interface CallArguments {
  training?: boolean | null;
  mask?: Tensor | Tensor[] | null;
  initialState?: Tensor[] | null;
}

type Call = (
  this: RecurrentLayer,
  inputs: Tensor | Tensor[],
  kwargs: CallArguments | undefined,
) => Tensor | Tensor[];

/** A layer that the engine has a kernel for. */
interface Fusion {
  readonly layer: layers.layers.Layer;
  readonly kernelName: string;
  readonly states: number;
  compute(recurrence: Recurrence): RecurrentResult;
}

/** Lets recurrent layers run on the engine; a second call, also from another copy of glassbox, changes nothing. */
export function fuseRecurrentCalls(): void {
  // With a name of its own a layer does not count in the names of the program's.
  const config = {units: 1, name: 'glassbox'};
  const fusions: Fusion[] = [
    {layer: layers.layers.lstm(config), kernelName: LSTM, states: 2, compute: lstm},
    {layer: layers.layers.gru(config), kernelName: GRU, states: 1, compute: gru},
  ];
  for (const fusion of fusions) {
    const cellClass = cellClassOf(fusion.layer);
    patchLayer<RecurrentLayer, Call>(fusion.layer, 'call', plain => {
      return function (inputs, kwargs) {
        const isPlainCell =
          Object.getPrototypeOf(this.cell) === cellClass && !Object.hasOwn(this.cell, 'call');
        const fused = isPlainCell ? callFused(this, fusion, inputs, kwargs ?? {}) : undefined;
        return fused ?? plain.call(this, inputs, kwargs);
      };
    });
  }
}

/** The layer's outputs; undefined where tfjs's loop is to compute them. */
function callFused(
  layer: RecurrentLayer,
  {kernelName, states, compute}: Fusion,
  inputs: Tensor | Tensor[],
  kwargs: CallArguments,
): Tensor | Tensor[] | undefined {
  // A gradient of a gradient needs the operations one by one.
  if (!mayFuse() || gradientDepth() > 1 || !hasKernel(kernelName)) return undefined;
  return tf.tidy(() => {
    const recurrence = recurrenceOf(layer, inputs, kwargs, states);
    if (recurrence === undefined) return undefined;
    forgetDropout(layer.cell);
    const result = compute(recurrence);
    if (layer.stateful) layer.resetStates(result.states, kwargs.training ?? false);
    return layer.returnState ? [result.output, ...result.states] : result.output;
  });
}

/** What there is to compute; undefined where that is more than the kernels can. */
function recurrenceOf(
  layer: RecurrentLayer,
  inputs: Tensor | Tensor[],
  {training, mask, initialState}: CallArguments,
  stateCount: number,
): Recurrence | undefined {
  const {cell, returnSequences: sequence, goBackwards} = layer;
  if (Array.isArray(inputs) && inputs.length !== 1) return undefined;
  const x = Array.isArray(inputs) ? inputs[0]! : inputs;
  if (x.rank !== 3 || x.dtype !== 'float32' || x.size === 0) return undefined;
  const activation = gateActivations[cell.activation.getClassName()];
  const recurrentActivation = gateActivations[cell.recurrentActivation?.getClassName() ?? 'linear'];
  if (activation === undefined || recurrentActivation === undefined) return undefined;
  const isTraining = training === true;
  if (isTraining && isActive(cell.recurrentDropout)) return undefined;
  const drops = isTraining && isActive(cell.dropout);
  if (drops && cell.dropoutFunc != null) return undefined;
  const [batch, steps, features] = x.shape as [number, number, number];
  const states = initialState ?? (layer.stateful ? layer.states_ : null) ?? undefined;
  const isState = (state: Tensor) =>
    state.dtype === 'float32' && tf.util.arraysEqual(state.shape, [batch, cell.units]);
  if (states !== undefined && !(states.length === stateCount && states.every(isState))) return undefined;
  const stepMask = mask == null ? undefined : maskOfSteps(mask, batch, steps);
  if (stepMask === null) return undefined;
  const kernel = cell.kernel.read();
  if (kernel.shape[0] !== features) return undefined;
  return {
    x: drops ? dropFeatures(x, cell.dropout) : x,
    kernel,
    recurrentKernel: cell.recurrentKernel.read(),
    bias: cell.useBias ? cell.bias!.read() : undefined,
    states,
    mask: stepMask,
    sequence,
    lasts: layer.returnState || layer.stateful,
    activation,
    recurrentActivation,
    goBackwards,
  };
}

function isActive(rate: number): boolean {
  return rate > 0 && rate < 1;
}

/** Dropout of inputs, the same for all steps of a call, as tfjs draws it for the first of a cell's gates. */
function dropFeatures(x: Tensor, rate: number): Tensor {
  const [batch, , features] = x.shape as [number, number, number];
  const factor = tf.dropout(tf.ones([batch, features]), rate);
  return tf.mul(x, tf.expandDims(factor, 1));
}

/** A mask as tfjs reads it, [batch, steps], 0 where a step is left out; null where it has another shape. */
function maskOfSteps(mask: Tensor | Tensor[], batch: number, steps: number): Tensor | null {
  if (Array.isArray(mask) || mask.size !== batch * steps) return null;
  if (mask.shape[0] !== batch || mask.shape[1] !== steps) return null;
  return tf.cast(tf.cast(tf.reshape(mask, [batch, steps]), 'bool'), 'float32');
}

/** As tfjs does at every call: the masks of the last one are of no use. */
function forgetDropout(cell: Cell): void {
  if (cell.dropoutMask !== null) tf.dispose(cell.dropoutMask);
  if (cell.recurrentDropoutMask !== null) tf.dispose(cell.recurrentDropoutMask);
  cell.dropoutMask = cell.recurrentDropoutMask = null;
}
