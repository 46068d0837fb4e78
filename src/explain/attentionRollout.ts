import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor3D, Tensor4D} from '@tensorflow/tfjs-core';
import {ConfigurationError, UnsupportedLayerError, unknownName} from '../core';
import {MultiHeadAttention} from '../layers';
import {ExplanationFrame, readValues, sliceRows} from './explainer';
import type {Attributed, ExplainOptions, Explainer, ExplainerOptions, Request} from './explainer';
import type {Explanation} from './explanation';
import type {ExplainInput} from './inputs';
import type {ExplainableModel, ScoredModel} from './model';
import {findLayer} from './site';
import {watchingAttention} from './tfjsInternals';
import {nextTurn} from './turns';

export interface AttentionRolloutOptions extends ExplainerOptions {
  /** How the heads of a layer become one. Default `'mean'`. */
  heads?: 'mean' | 'max' | 'min';
  /** The share of the way around each attention layer, from 0 to 1. Default 0.5. */
  residual?: number;
  /**
   * Whose view is given: that of one position (the class token's, say), the mean of all that look anywhere (default), or
   * with `'all'` every position's.
   */
  position?: number | 'mean' | 'all';
}

/** Keeps a row that looks nowhere, with nothing around it, at zero. */
const NOTHING = 1e-30;

const HEADS = {mean: tf.mean, max: tf.max, min: tf.min};

/**
 * Attention rollout (Abnar and Zuidema 2020): how much of each input position reaches the last layer when attention is
 * followed through all `MultiHeadAttention` layers, and the residual connections around them. It is the same for every
 * score: attention says where a model looks, not what for.
 *
 * The attributions are `[batch, positions]`, and sum up to 1; for `position: 'all'` they are `[batch, positions,
 * positions]`, row by row.
 *
 * @throws ConfigurationError for a model without such layers, UnsupportedLayerError for attention to another sequence, or
 * for layers of attention side by side: the product of their matrices stands for one on top of the other.
 *
 * @example
 * const tokens = layers.input({shape: [5]});
 * const embedded = layers.layers.embedding({inputDim: 100, outputDim: 8}).apply(tokens);
 * const attended = new MultiHeadAttention({numHeads: 2, keyDim: 4}).apply(embedded as layers.SymbolicTensor);
 * const pooled = layers.layers.globalAveragePooling1d().apply(attended as layers.SymbolicTensor);
 * const model = layers.model({inputs: tokens, outputs: pooled as layers.SymbolicTensor});
 * const explanation = await new AttentionRollout(model).explain(tf.tensor2d([[1, 2, 3, 4, 5]]));
 * explanation.shape; // [1, 5]
 */
export class AttentionRollout implements Explainer {
  private readonly frame: ExplanationFrame;
  private readonly attention: readonly MultiHeadAttention[];

  constructor(
    model: ExplainableModel,
    private readonly options: AttentionRolloutOptions = {},
  ) {
    this.frame = new ExplanationFrame(
      'AttentionRollout',
      model,
      options,
      ['heads', 'residual', 'position'],
      'output',
    );
    const {heads = 'mean', residual = 0.5, position = 'mean'} = options;
    if (!Object.hasOwn(HEADS, heads)) throw unknownName('heads', heads, Object.keys(HEADS));
    if (!(residual >= 0 && residual <= 1)) {
      throw new ConfigurationError(`The residual of AttentionRollout is ${residual}.`, {
        hint: 'Give a share from 0 to 1; 0.5 is usual.',
      });
    }
    if (typeof position === 'string' && position !== 'mean' && position !== 'all') {
      throw unknownName('position', String(position), ['mean', 'all', 'a number']);
    }
    const scored = this.frame.model;
    if (scored.graph === undefined) findLayer(scored, '');
    this.attention = stackedAttention(scored);
    if (this.attention.length > 0) return;
    throw new ConfigurationError('The model has no MultiHeadAttention layer.', {
      hint: 'Attention can be followed through MultiHeadAttention layers of glassbox only.',
      code: 'configuration/layers',
    });
  }

  async explain(input: ExplainInput, options?: ExplainOptions): Promise<Explanation> {
    return this.frame.explain(input, options, request => this.attribute(request));
  }

  private async attribute({inputs, targets, batchSize, count, signal}: Request): Promise<Attributed> {
    const parts: Tensor[] = [];
    try {
      for (let first = 0; first < targets.length; first += batchSize) {
        await nextTurn(signal);
        const rows = Math.min(batchSize, targets.length - first);
        parts.push(tf.tidy(() => this.rollout(inputs.map(input => sliceRows(input, first, rows)))));
        count(rows);
      }
      const all = tf.concat(parts);
      parts.push(all);
      return {attributions: [await readValues(all)]};
    } finally {
      tf.dispose(parts);
    }
  }

  private rollout(inputs: readonly Tensor[]): Tensor {
    const {heads = 'mean', residual = 0.5} = this.options;
    const seen: Tensor4D[] = [];
    try {
      watchingAttention(
        this.attention,
        (layer, scores, [query, ...others]) => {
          seen.push(tf.keep(scores.clone()));
          // A fourth input is a mask.
          if (others.slice(0, 2).some(other => other !== query)) throw notItself(layer);
        },
        () => this.frame.model.score(inputs),
      );
      const attention = seen.map(scores => HEADS[heads]<Tensor3D>(scores, 1));
      const [first] = attention as [Tensor3D];
      if (attention.some(({shape}) => shape[1] !== first.shape[1])) throw notItself(this.attention[0]!);
      const around = tf.mul(tf.eye(first.shape[1]), residual);
      const whole = attention
        .map(scores => {
          const mixed = tf.add(tf.mul(scores, 1 - residual), around);
          return tf.div<Tensor3D>(mixed, tf.add(tf.sum(mixed, 2, true), NOTHING));
        })
        .reduce((before, layer) => tf.matMul(layer, before));
      return this.viewOf(whole, first);
    } finally {
      tf.dispose(seen);
    }
  }

  private viewOf(whole: Tensor3D, first: Tensor3D): Tensor {
    const {position = 'mean'} = this.options;
    const [batch, length] = whole.shape;
    if (position === 'all') return whole;
    if (position === 'mean') {
      // Padding looks nowhere, and has no view.
      const looks = tf.cast(tf.greater(tf.sum(first, 2), 0), 'float32');
      return tf.divNoNan(tf.sum(tf.mul(whole, tf.expandDims(looks, 2)), 1), tf.sum(looks, 1, true));
    }
    const at = position < 0 ? position + length : position;
    if (!Number.isInteger(at) || at < 0 || at >= length) {
      throw new ConfigurationError(`There is no position ${position}: the model has ${length}.`, {
        code: 'configuration/position',
      });
    }
    return tf.reshape(tf.slice(whole, [0, at, 0], [batch, 1, length]), [batch, length]);
  }
}

function notItself({name}: MultiHeadAttention): UnsupportedLayerError {
  return new UnsupportedLayerError(`Layer '${name}' attends to another sequence than its own.`, {
    hint: 'A rollout follows layers of self-attention over the same positions.',
    code: 'layer/attention',
  });
}

/** The layers of attention that lead to the score, each on top of the one before. */
function stackedAttention({graph, calls}: ScoredModel): MultiHeadAttention[] {
  const stack: MultiHeadAttention[] = [];
  // Which of the calls of attention each value comes from.
  const below = new Map<number, Set<number>>();
  let count = 0;
  for (const {path, inputs, outputs} of calls) {
    const own = new Set(inputs.flatMap(value => [...(below.get(value) ?? [])]));
    const seen = count;
    // A custom layer may hold several.
    const held = graph!.layers.filter(entry => `${entry.path}/`.startsWith(`${path}/`));
    for (const {layer} of held) {
      if (!(layer instanceof MultiHeadAttention)) continue;
      if ((below.get(inputs[0]!)?.size ?? 0) < seen) {
        throw new UnsupportedLayerError(
          `Attention layer '${layer.name}' stands beside another, not on top of it.`,
          {
            hint: 'Rollout follows attention through layers one after the other: explain by IntegratedGradients.',
            code: 'layer/attention',
          },
        );
      }
      own.add(count++);
      if (!stack.includes(layer)) stack.push(layer);
    }
    for (const value of outputs) below.set(value, own);
  }
  return stack;
}
