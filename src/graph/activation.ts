/**
 * Which activation an output ends in: losses choose their stable form by it.
 */
import {LayersModel} from '@tensorflow/tfjs-layers';
import type {SymbolicTensor} from '@tensorflow/tfjs-layers';
import {activationSetting, nodeOf, symbolicPorts, wrappedLayer} from './tfjsInternals';
import type {Layer} from './tfjsInternals';

/** Layers whose `activation` is the last thing they compute. */
const ENDS_IN_ACTIVATION = new Set(
  'Activation,Conv1D,Conv2D,Conv2DTranspose,Conv3D,Conv3DTranspose,Dense,DepthwiseConv2D,SeparableConv2D'.split(
    ',',
  ),
);
const ACTIVATION_LAYERS: Record<string, string> = {
  ELU: 'elu',
  LeakyReLU: 'leakyRelu',
  PReLU: 'prelu',
  ReLU: 'relu',
  Softmax: 'softmax',
};
/** Layers that only arrange values anew. */
const RESHAPES = new Set(['Flatten', 'Reshape']);

/** What an output ends in. */
export interface FinalActivation {
  /** `'softmax'`, `'sigmoid'`, `'linear'` …, where one is known. */
  readonly activation: string | undefined;
  /** The layer that computes it: the last that does more than arrange values anew. */
  readonly layer: Layer;
}

/** The activation that made a symbolic tensor, through reshapes, wrappers and nested models. */
export function finalActivation(tensor: SymbolicTensor): FinalActivation {
  const layer = tensor.sourceLayer;
  if (layer instanceof LayersModel) {
    const inner = symbolicPorts(layer).outputs[tensor.tensorIndex];
    return inner === undefined ? {activation: undefined, layer} : finalActivation(inner);
  }
  const input = RESHAPES.has(layer.getClassName()) ? nodeOf(tensor)?.inputTensors[0] : undefined;
  if (input === undefined) return {activation: activationOf(layer, tensor.shape.length), layer};
  const final = finalActivation(input);
  // A softmax is one over the last axis: it is none any more if that axis was split or joined.
  const keepsClasses = input.shape.at(-1) === tensor.shape.at(-1);
  return final.activation?.toLowerCase().includes('softmax') && !keepsClasses
    ? {activation: undefined, layer}
    : final;
}

function activationOf(layer: Layer, rank: number): string | undefined {
  const className = layer.getClassName();
  if (className === 'TimeDistributed') {
    const inner = wrappedLayer(layer);
    if (inner instanceof LayersModel) return finalActivation(symbolicPorts(inner).outputs[0]!).activation;
    return activationOf(inner, rank - 1);
  }
  if (className === 'Softmax') {
    const {axis} = layer as Layer & {axis: number | number[]};
    const last = Array.isArray(axis) ? (axis.length === 1 ? axis[0] : undefined) : axis;
    return last === -1 || last === rank - 1 ? 'softmax' : undefined;
  }
  if (ENDS_IN_ACTIVATION.has(className)) return activationSetting(layer);
  return ACTIVATION_LAYERS[className];
}
