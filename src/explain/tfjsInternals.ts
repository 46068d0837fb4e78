/** The border with tfjs-layers: what explainers reach into, and nothing else does. Checked against 4.22.0. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor4D, TensorContainer} from '@tensorflow/tfjs-core';
import {layers} from '@tensorflow/tfjs-layers';
import type {LayerCall} from '../graph';
import type {MultiHeadAttention} from '../layers';
import {UnsupportedLayerError} from '../core';

/** Whether an activation makes probabilities of logits. */
export function hasProbabilities(activation: string | undefined): boolean {
  return activation === 'softmax' || activation === 'sigmoid';
}

/** An activation, which tfjs does not export: only that a layer holds one matters here. */
type Activation = object;

interface ActivatedLayer {
  activation?: Activation;
  call(inputs: Tensor | Tensor[], kwargs: object): Tensor | Tensor[];
}

/**
 * What a layer computes before its activation, from the inputs of a call. The layer is as before when it returns
 * or throws; nothing can look at it in between, since all of it is synchronous.
 */
export function callWithoutActivation({layer, path, inputs}: LayerCall): Tensor {
  const className = layer.getClassName();
  if (className === 'Softmax' || className === 'Activation') return tf.clone(inputs[0]!);
  const activated = layer as unknown as ActivatedLayer;
  const {activation} = activated;
  if (activation === undefined) {
    throw new UnsupportedLayerError(
      `Layer '${layer.name}' (${className}, ${path}) has no activation to leave out.`,
      {
        hint: "Explain its output instead: {head: 'output'}.",
        code: 'layer/head',
      },
    );
  }
  activated.activation = linear();
  try {
    const outputs = activated.call([...inputs], {});
    return Array.isArray(outputs) ? outputs[0]! : outputs;
  } finally {
    activated.activation = activation;
  }
}

let linearActivation: Activation | undefined;

/** tfjs's linear activation, taken from a layer that has it. */
function linear(): Activation {
  linearActivation ??= (
    layers.activation({name: 'linear', activation: 'linear'}) as unknown as ActivatedLayer
  ).activation!;
  return linearActivation;
}

/**
 * Runs a function that may be asynchronous: what a synchronous one leaves behind beside its result is disposed, as by
 * `tf.tidy`; an asynchronous one goes on, and so keeps what it has made.
 */
export function callInScope<T>(run: () => T | Promise<T>): T | Promise<T> {
  const engine = tf.engine();
  engine.startScope('explain');
  let result: T | Promise<T> | undefined;
  try {
    return (result = run());
  } finally {
    engine.endScope(
      result instanceof Promise ? [...engine.state.activeScope.track] : (result as TensorContainer),
    );
  }
}

/** An operation that tfjs recorded on the way forward. */
export interface RecordedOperation {
  readonly kernelName: string;
  readonly inputs: tf.NamedTensorMap;
  readonly outputs: readonly Tensor[];
  /** What its gradient is given: this very array. */
  readonly saved?: readonly Tensor[] | null;
}

/** What was recorded so far for the gradient that is being taken. */
export function recordedOperations(): readonly RecordedOperation[] {
  return tf.engine().state.activeTape ?? [];
}

/** The name of a layer's activation, where it has one. */
export function activationOf(layer: layers.Layer): string | undefined {
  const {activation} = layer as unknown as {activation?: {getClassName?: () => string} | null};
  return activation?.getClassName?.();
}

interface WeightedLayer {
  [name: string]: {read: () => Tensor} | null | undefined;
}

/**
 * What a layer would compute before its activation with other weights; undefined for a layer without a kernel. The
 * layer is as before when it returns or throws.
 */
export function callWithWeights(
  call: LayerCall,
  change: (weight: Tensor, kind: 'kernel' | 'bias') => Tensor,
  inputs: readonly Tensor[] = call.inputs,
): Tensor | undefined {
  const fields = call.layer as unknown as WeightedLayer;
  const kernel = ['kernel', 'depthwiseKernel'].find(name => fields[name] != null);
  if (kernel === undefined || fields['pointwiseKernel'] != null) return undefined;
  const before = {[kernel]: fields[kernel], bias: fields['bias']};
  fields[kernel] = {read: () => change(before[kernel]!.read(), 'kernel')};
  if (before.bias != null) fields['bias'] = {read: () => change(before.bias!.read(), 'bias')};
  try {
    return callWithoutActivation({...call, inputs});
  } finally {
    Object.assign(fields, before);
  }
}

interface AttentionFields {
  returnAttentionScores: boolean;
  call?: (inputs: Tensor | Tensor[], kwargs: object) => Tensor | Tensor[];
}

/**
 * Runs a synchronous function that shows the attention probabilities `[batch, heads, T, S]` of some layers whenever one
 * is called, with the inputs of the call. The layers are as before when it returns or throws.
 */
export function watchingAttention<T>(
  watched: readonly MultiHeadAttention[],
  see: (layer: MultiHeadAttention, scores: Tensor4D, inputs: readonly Tensor[]) => void,
  run: () => T,
): T {
  const restore: (() => void)[] = [];
  try {
    for (const layer of watched) {
      const fields = layer as unknown as AttentionFields;
      const own = Object.getOwnPropertyDescriptor(fields, 'call');
      const gives = fields.returnAttentionScores;
      const original = layer.call.bind(layer);
      restore.push(() => {
        fields.returnAttentionScores = gives;
        if (own === undefined) delete fields.call;
        else Object.defineProperty(fields, 'call', own);
      });
      fields.call = (inputs, kwargs) => {
        fields.returnAttentionScores = true;
        const [output, scores] = original(inputs, kwargs) as [Tensor, Tensor4D];
        fields.returnAttentionScores = gives;
        see(layer, scores, Array.isArray(inputs) ? inputs : [inputs]);
        return gives ? [output, scores] : output;
      };
    }
    return run();
  } finally {
    for (const put of restore.reverse()) put();
  }
}
