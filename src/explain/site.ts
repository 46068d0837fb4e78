/**
 * Where in a model values are attributed: at its inputs (words at their embeddings, since an index has no gradient),
 * or at the output of a layer. A site reads its values from inputs, and scores the model from such values on.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor2D} from '@tensorflow/tfjs-core';
import {ConfigurationError, UnsupportedLayerError, unknownName} from '../core';
import {releasingTape} from '../graph';
import type {LayerCall, ModelGraph} from '../graph';
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

/** The model's inputs; for an input of indices the outputs of the embeddings that look them up. */
export function inputSite(model: ScoredModel): Site {
  const embeddings = model.graph === undefined ? [] : embeddedInputs(model.graph);
  if (embeddings.every(path => path === undefined)) {
    return {
      read: inputs => [...inputs],
      score: (_inputs, values, intercept) => model.score(values, intercept),
    };
  }
  return {
    read(inputs) {
      const found = capture(model, inputs, ({path}) => embeddings.includes(path));
      return inputs.map((input, i) => found.get(embeddings[i] ?? '') ?? input);
    },
    score(inputs, values, intercept) {
      const fed = inputs.map((input, i) => (embeddings[i] === undefined ? values[i]! : input));
      return model.score(fed, call => {
        const replaced = intercept?.(call);
        const at = embeddings.indexOf(call.path);
        return at < 0 ? replaced : [tf.clone(values[at]!)];
      });
    },
  };
}

/**
 * The output of a layer: its first call, where it is shared.
 *
 * @param layer name or path (`'conv2d_1'`, `'3'`, `'2/0'`)
 * @throws ConfigurationError for a model without layers, or a layer that it does not have.
 */
export function layerSite(model: ScoredModel, layer: string): Site {
  const path = findLayer(model, layer);
  const isHere = (call: LayerCall): boolean => call.path === path && call.nodeIndex === 0;
  return {
    layer: path,
    read(inputs) {
      const value = capture(model, inputs, isHere).get(path);
      if (value !== undefined) return [value];
      throw new UnsupportedLayerError(`Layer '${layer}' is part of a layer that is run as a whole.`, {
        hint: 'Name the layer around it.',
        code: 'layer/inner',
      });
    },
    score: (inputs, values, intercept) =>
      model.score(inputs, call => {
        const replaced = intercept?.(call);
        return isHere(call) ? [tf.clone(values[0]!)] : replaced;
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

/** What some layers give for inputs, by their paths: tensors of the surrounding tidy. */
function capture(
  model: ScoredModel,
  inputs: readonly Tensor[],
  isWanted: (call: LayerCall) => boolean,
): Map<string, Tensor> {
  const kept = new Map<string, Tensor>();
  try {
    model.score(inputs, call => {
      if (isWanted(call)) kept.set(call.path, tf.keep(call.outputs[0]!.clone()));
      return undefined;
    });
    // Kept, they outlived the run; their clones belong to whoever asked.
    return new Map([...kept].map(([path, tensor]) => [path, tensor.clone()]));
  } finally {
    tf.dispose([...kept.values()]);
  }
}

/** For each input the path of the embedding that reads it, if one does. */
function embeddedInputs(graph: ModelGraph): (string | undefined)[] {
  const embeddings = graph.layers.filter(({layer}) => layer.getClassName() === 'Embedding');
  return graph.inputs.map(
    ({name}) =>
      embeddings.find(({layer}) => {
        const {input} = layer;
        const first = Array.isArray(input) ? input[0]! : input;
        return first.sourceLayer.name === name;
      })?.path,
  );
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
  const {value, grads} = releasingTape(() => tf.valueAndGrads(scoreAt)([...values], dy));
  // An input that the scores do not depend on has no gradient.
  const gradients = values.map((tensor, i) => grads[i] ?? tf.zerosLike(tensor));
  return {scores: value, gradients};
}
