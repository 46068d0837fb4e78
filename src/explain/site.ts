/**
 * Where in a model values are attributed: at its inputs (words at their embeddings, since an index has no gradient),
 * or at the output of a layer. A site reads its values from inputs, and scores the model from such values on.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor2D} from '@tensorflow/tfjs-core';
import {ConfigurationError, GlassboxError, UnsupportedLayerError, unknownName} from '../core';
import {releasingTape} from '../graph';
import type {LayerCall, PlannedCall} from '../graph';
import {isCall, keyOf} from './model';
import type {Intercept, ScoredModel} from './model';

/** See the head of this file. All methods are called inside a tidy. */
export interface Site {
  /** The path of the layer whose output it is; undefined at the inputs. */
  readonly layer?: string;
  /** The values at the site, `[rows, …]` each. */
  read(inputs: readonly Tensor[]): Tensor[];
  /** Scores `[rows, outputs]`, differentiable in `values`. */
  score(inputs: readonly Tensor[], values: readonly Tensor[], intercept?: Intercept): Tensor2D;
}

/**
 * The model's inputs; for an input of indices what the embeddings that look them up give, one beside the other.
 *
 * @throws UnsupportedLayerError where indices are read by another layer too: what goes through it has no gradient.
 */
export function inputSite(model: ScoredModel): Site {
  const lookups = lookupsOf(model);
  const all = lookups.flat();
  if (all.length === 0) {
    return {
      read: inputs => [...inputs],
      score: (_inputs, values, intercept) => model.score(values, intercept),
    };
  }
  const other = all.find(({layer}) => !isEmbedding(layer));
  if (other !== undefined) {
    throw new UnsupportedLayerError(
      `An embedding and layer '${other.layer.name}' read the same input: indices have no gradient there.`,
      {
        hint: 'Give that layer an input of its own, or take a perturbation method such as KernelShap.',
        code: 'layer/indices',
      },
    );
  }
  return {
    read(inputs) {
      const keys = new Set(all.map(keyOf));
      const found = capture(model, inputs, call => keys.has(keyOf(call)));
      return inputs.map((input, i) => {
        const parts = lookups[i]!.map(call => found.get(keyOf(call))!);
        return parts.length === 0 ? input : tf.concat(parts, -1);
      });
    },
    score(inputs, values, intercept) {
      const fed = inputs.map((input, i) => (lookups[i]!.length === 0 ? values[i]! : input));
      const parts = new Map<string, Tensor>();
      lookups.forEach((calls, i) => {
        const sizes = calls.map(({layer}) => Number(layer.getConfig()['outputDim']));
        const split = calls.length > 1 ? tf.split(values[i]!, sizes, -1) : [values[i]!];
        calls.forEach((call, at) => parts.set(keyOf(call), split[at]!));
      });
      return model.score(fed, call => {
        const part = parts.get(keyOf(call));
        const outputs = part === undefined ? call.outputs : [tf.clone(part)];
        return intercept?.({...call, outputs}) ?? outputs;
      });
    },
  };
}

/** For each input the calls that read it, if an embedding is among them. */
export function lookupsOf({graph, calls}: ScoredModel): PlannedCall[][] {
  return (graph?.inputs ?? []).map((_, i) => {
    const readers = calls.filter(({inputs}) => inputs.includes(i));
    return readers.some(({layer}) => isEmbedding(layer)) ? readers : [];
  });
}

function isEmbedding(layer: PlannedCall['layer']): boolean {
  return layer.getClassName() === 'Embedding';
}

/**
 * The output of a layer: its first call, where it is shared.
 *
 * @param layer name or path (`'conv2d_1'`, `'3'`, `'2/0'`)
 * @throws ConfigurationError for a model without layers, or a layer that it does not have.
 */
export function layerSite(model: ScoredModel, layer: string): Site {
  const path = findLayer(model, layer);
  const here = {path, nodeIndex: 0};
  return {
    layer: path,
    read(inputs) {
      const value = capture(model, inputs, call => isCall(call, here)).get(keyOf(here));
      if (value !== undefined) return [value];
      throw new UnsupportedLayerError(`Layer '${layer}' is not run by itself on the way to this score.`, {
        hint: 'Name one that leads to the output explained, or the layer around this one.',
        code: 'layer/inner',
      });
    },
    score: (inputs, values, intercept) =>
      model.score(inputs, call => {
        const replaced = intercept?.(call);
        return isCall(call, here) ? [tf.clone(values[0]!)] : replaced;
      }),
  };
}

/** The path of a layer. @throws ConfigurationError, with the layers that there are. */
export function findLayer({graph}: ScoredModel, layer: string | undefined): string {
  if (graph === undefined) {
    throw new ConfigurationError('Only a LayersModel has layers to look at.', {
      hint: 'Give the LayersModel itself.',
      code: 'configuration/layers',
    });
  }
  const found = graph.layers.find(entry => entry.path === layer || entry.layer.name === layer);
  if (found !== undefined) return found.path;
  throw unknownName(
    'layer',
    String(layer),
    graph.layers.map(entry => entry.layer.name),
  );
}

/** What some calls give for inputs, by their keys: tensors of the surrounding tidy. */
function capture(
  model: ScoredModel,
  inputs: readonly Tensor[],
  isWanted: (call: LayerCall) => boolean,
): Map<string, Tensor> {
  const kept = new Map<string, Tensor>();
  try {
    model.score(inputs, call => {
      if (isWanted(call)) kept.set(keyOf(call), tf.keep(call.outputs[0]!.clone()));
      return undefined;
    });
    // Kept, they outlived the run; their clones belong to whoever asked.
    return new Map([...kept].map(([key, tensor]) => [key, tensor.clone()]));
  } finally {
    tf.dispose([...kept.values()]);
  }
}

/** Scores and gradients of `Σ dy · scores` at a site: tensors of the surrounding tidy. */
export function gradientsAt(
  site: Site,
  inputs: readonly Tensor[],
  values: readonly Tensor[],
  dy: Tensor2D,
  intercept?: Intercept,
): {scores: Tensor2D; gradients: Tensor[]} {
  const scoreAt = (...at: Tensor[]): Tensor2D => site.score(inputs, at, intercept);
  const {value, grads} = differentiate(() => tf.valueAndGrads(scoreAt)([...values], dy));
  // An input that the scores do not depend on has no gradient.
  const gradients = values.map((tensor, i) => grads[i] ?? tf.zerosLike(tensor));
  return {scores: value, gradients};
}

/**
 * Runs a computation of gradients, which leaves nothing behind if it fails.
 *
 * @throws UnsupportedLayerError where tfjs finds no gradient.
 */
export function differentiate<T>(compute: () => T): T {
  try {
    return releasingTape(compute);
  } catch (error) {
    const {message} = error as Error;
    if (error instanceof GlassboxError || !/gradient/.test(message)) throw error;
    throw new UnsupportedLayerError(`The score cannot be followed back: ${message.trim()}`, {
      hint: 'Take a perturbation method such as KernelShap, which needs no gradients.',
      code: 'layer/gradient',
      cause: error,
    });
  }
}
