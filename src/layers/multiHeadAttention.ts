import * as tf from '@tensorflow/tfjs-core';
import type {Rank, Tensor, Tensor3D, Tensor4D} from '@tensorflow/tfjs-core';
import {layers} from '@tensorflow/tfjs-layers';
import type {LayerVariable, Shape, SymbolicTensor} from '@tensorflow/tfjs-layers';
import {ConfigurationError} from '../core';
import {drawnDropout} from '../graph';
import {attentionSizes, checkCall, checkMaskShape, checkOptions, checkPositionMask} from './attentionChecks';
import type {AttentionMasks} from './attentionMasks';
import {fusedAttention} from './fusedAttention';
import {scaledDotProduct} from './scaledDotProduct';
import {keptMask, maskList, weightSettings} from './tfjsInternals';
import type {LayerArgs, WeightOptions, WeightSettings} from './tfjsInternals';

/** What `MultiHeadAttention` can be told. */
export interface MultiHeadAttentionOptions extends LayerArgs, WeightOptions {
  /** How many heads look at once, each in its own way. */
  numHeads: number;
  /** Features of a query and of a key in one head. */
  keyDim: number;
  /** Features of a value in one head; `keyDim` unless given. */
  valueDim?: number;
  /** The share of the attention probabilities that is dropped in training, from 0 (the default) to below 1. */
  dropout?: number;
  /** Whether the four projections add a bias. Default true. */
  useBias?: boolean;
  /** Features of the output; those of the query unless given. */
  outputShape?: number;
  /** Whether a query looks only at keys that are not later than itself. Default false. */
  useCausalMask?: boolean;
  /** Whether the probabilities `[batch, heads, T, S]` are a second output. Default false. */
  returnAttentionScores?: boolean;
  /** Part of what dropout's draws derive from. */
  seed?: number;
}

/** What a call of `MultiHeadAttention` takes beside its inputs. */
export interface AttentionCallOptions {
  /**
   * Which query may look at which key: `[batch, T, S]` or `[batch, heads, T, S]` with 0 for no, sizes of 1 for
   * all. In a model it is an input as the others are.
   */
  attentionMask?: Tensor | SymbolicTensor;
  training?: boolean;
}

/** What `call` is given: by our executor a mask for each input, by tfjs's only the first input's. */
interface CallArguments {
  training?: boolean;
  mask?: Tensor | null;
  masks?: readonly (Tensor | null)[];
}

interface Projection {
  readonly kernel: LayerVariable;
  readonly bias: LayerVariable | undefined;
}

/**
 * Multi-head attention as in Keras 3: each position of the query gathers values from the positions whose keys fit
 * (Vaswani et al. 2017).
 *
 * Called on one tensor `[batch, T, dim]` it is self-attention; on `[query, value]` or `[query, value, key]` the query
 * `[batch, T, …]` looks at `[batch, S, …]`. It gives `[batch, T, outputShape]`. Masks of padding (`Embedding` with
 * `maskZero`, `Masking`) are followed: nobody looks at masked positions, and the query's mask is the output's. A
 * query that may look nowhere gets zeros, before the last projection. `tf.LayersModel.predict` hands a layer only
 * its first input's mask; `Trainer` hands it all.
 *
 * The weights are Keras's: `query/kernel` `[dim, heads, keyDim]`, `key/kernel`, `value/kernel`,
 * `attention_output/kernel` `[heads, valueDim, outputShape]`, each followed by its bias, and initialised as Keras's.
 * `tf.loadLayersModel` finds the layer if this module was imported.
 *
 * @throws ConfigurationError for options that cannot mean anything, ShapeError for inputs that do not fit.
 *
 * @example
 * await useBackend();
 * const tokens = layers.input({shape: [null]});
 * const x = layers.layers.embedding({inputDim: 100, outputDim: 16, maskZero: true}).apply(tokens);
 * const attention = new MultiHeadAttention({numHeads: 2, keyDim: 8, useCausalMask: true});
 * const y = attention.apply(x) as layers.SymbolicTensor;
 * const model = layers.model({inputs: tokens, outputs: y});
 * model.outputs[0]!.shape; // [null, null, 16]
 */
export class MultiHeadAttention extends layers.Layer {
  static className = 'MultiHeadAttention';

  private readonly numHeads: number;
  private readonly keyDim: number;
  private readonly valueDim: number;
  private readonly dropout: number;
  private readonly useBias: boolean;
  /** Not `outputShape`, which every layer has, for the shape that came out. */
  private readonly outputFeatures: number | undefined;
  private readonly useCausalMask: boolean;
  private readonly returnAttentionScores: boolean;
  private seed: number | undefined;
  private readonly settings: WeightSettings;
  private query!: Projection;
  private key!: Projection;
  private value!: Projection;
  private attentionOutput!: Projection;

  constructor(options: MultiHeadAttentionOptions) {
    checkOptions(options);
    super(options);
    this.supportsMasking = true;
    this.numHeads = options.numHeads;
    this.keyDim = options.keyDim;
    this.valueDim = options.valueDim ?? options.keyDim;
    this.dropout = options.dropout ?? 0;
    this.useBias = options.useBias ?? true;
    this.outputFeatures = options.outputShape ?? undefined;
    this.useCausalMask = options.useCausalMask ?? false;
    this.returnAttentionScores = options.returnAttentionScores ?? false;
    this.seed = options.seed ?? undefined;
    this.settings = weightSettings({
      ...options,
      kernelInitializer: options.kernelInitializer ?? 'glorotUniform',
    });
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    // tfjs leaves what it looked up classes in among the options.
    const {customObjects: _, ...options} = config;
    return new cls(options);
  }

  override apply(
    inputs: Tensor | Tensor[] | SymbolicTensor | SymbolicTensor[],
    options: AttentionCallOptions = {},
  ): Tensor | Tensor[] | SymbolicTensor | SymbolicTensor[] {
    for (const name of ['useCausalMask', 'returnAttentionScores']) {
      if (name in options) {
        throw new ConfigurationError(`'${name}' was given to a call of layer '${this.name}'.`, {
          hint: `Give it to the constructor: new MultiHeadAttention({…, ${name}: true}).`,
        });
      }
    }
    const {attentionMask, ...rest} = options;
    if (attentionMask === undefined) return super.apply(inputs, rest);
    // A model keeps tensors among its inputs only; the place of the mask is the fourth.
    const [query, value = query, key = value] = asList(inputs);
    return super.apply([query, value, key, attentionMask] as Tensor[], rest);
  }

  override build(inputShape: Shape | Shape[]): void {
    const sizes = attentionSizes(this.name, inputShape);
    const {numHeads, keyDim, valueDim} = this;
    const outputs = this.outputFeatures ?? sizes.query;
    this.query = this.projection('query', [sizes.query, numHeads, keyDim], [numHeads, keyDim]);
    this.key = this.projection('key', [sizes.key, numHeads, keyDim], [numHeads, keyDim]);
    this.value = this.projection('value', [sizes.value, numHeads, valueDim], [numHeads, valueDim]);
    this.attentionOutput = this.projection('attention_output', [numHeads, valueDim, outputs], [outputs]);
    super.build(inputShape);
  }

  override call(inputs: Tensor | Tensor[], kwargs: object): Tensor | Tensor[] {
    return tf.tidy(() => {
      const given = asList<Tensor>(inputs);
      const [query, value = query, key = value] = given as [Tensor3D, Tensor3D?, Tensor3D?];
      checkCall(
        this.name,
        given.map(({shape}) => shape),
      );
      const masks = this.masksOf(given, kwargs);
      const {training = false} = kwargs as CallArguments;
      const projected = [
        splitHeads(query, this.query),
        splitHeads(key, this.key),
        splitHeads(value, this.value),
      ] as const;
      const drops = training && this.dropout > 0;
      // One kernel does it all where nobody wants to see the probabilities on the way.
      const fused = drops || this.returnAttentionScores ? undefined : fusedAttention(...projected, masks);
      if (fused !== undefined) return joinHeads(fused, this.attentionOutput);
      const drop = (probabilities: Tensor4D) =>
        (this.seed === undefined
          ? drawnDropout(probabilities, this.dropout)
          : tf.dropout(probabilities, this.dropout, undefined, this.seed)) as Tensor4D;
      const {output, scores} = scaledDotProduct(...projected, masks, drops ? drop : undefined);
      const joined = joinHeads(output, this.attentionOutput);
      return this.returnAttentionScores ? [joined, scores] : joined;
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const [query, value = query] = (Array.isArray(inputShape[0]) ? inputShape : [inputShape]) as [
      Shape,
      Shape?,
    ];
    const output = [...query.slice(0, -1), this.outputFeatures ?? query.at(-1)!];
    return this.returnAttentionScores ? [output, [query[0]!, this.numHeads, query[1]!, value[1]!]] : output;
  }

  /** The query's mask, and none for the scores. */
  override computeMask(_inputs: Tensor | Tensor[], mask?: Tensor | Tensor[]): Tensor[] {
    const first = (Array.isArray(mask) ? mask[0] : mask) ?? null;
    return maskList(this.returnAttentionScores ? [first, null] : [first]);
  }

  override getConfig(): tf.serialization.ConfigDict {
    const {numHeads, keyDim, valueDim, dropout, useBias, useCausalMask, returnAttentionScores} = this;
    return {
      ...super.getConfig(),
      ...{numHeads, keyDim, valueDim, dropout, useBias, useCausalMask, returnAttentionScores},
      outputShape: this.outputFeatures ?? null,
      seed: this.seed ?? null,
      ...this.settings.config,
    };
  }

  private projection(name: string, kernel: number[], bias: number[]): Projection {
    const {settings} = this;
    const add = (kind: 'kernel' | 'bias', shape: number[]): LayerVariable =>
      this.addWeight(
        `${name}/${kind}`,
        shape,
        'float32',
        settings[`${kind}Initializer`],
        settings[`${kind}Regularizer`],
        true,
        settings[`${kind}Constraint`],
      );
    return {kernel: add('kernel', kernel), bias: this.useBias ? add('bias', bias) : undefined};
  }

  private masksOf(inputs: readonly Tensor[], {masks, mask}: CallArguments): AttentionMasks {
    const [query, value = query, key, pairs = null] = inputs as [Tensor, Tensor?, Tensor?, Tensor?];
    const maskAt = (i: number): Tensor | null =>
      masks?.[i] ?? (masks === undefined ? keptMask(inputs[i]!) : null);
    const queryMask = masks?.[0] ?? mask ?? maskAt(0);
    // The same positions have the same mask, also where only the first is handed over.
    const valueMask = value === query ? queryMask : maskAt(1);
    const keyMask = key === undefined || key === value ? null : key === query ? queryMask : maskAt(2);
    const own = {query: [query, queryMask], value: [value, valueMask], key: [key ?? value, keyMask]} as const;
    for (const [name, [x, mask]] of Object.entries(own)) {
      if (mask !== null) checkPositionMask(this.name, name, mask.shape, x.shape);
    }
    if (pairs !== null) checkMaskShape(this.name, pairs.shape, this.numHeads, query.shape, value.shape);
    const both = valueMask !== null && keyMask !== null;
    return {
      query: queryMask,
      key: both ? tf.logicalAnd(valueMask, keyMask) : (valueMask ?? keyMask),
      pairs,
      causal: this.useCausalMask,
    };
  }
}
tf.serialization.registerClass(MultiHeadAttention);

/** `[batch, T, dim]` as `[batch, T, heads, features of a head]`, as one product of two matrices. */
function splitHeads(x: Tensor3D, {kernel, bias}: Projection): Tensor4D {
  const [batch, length, dim] = x.shape;
  const [, heads, size] = kernel.shape as [number, number, number];
  const rows = tf.reshape(x, [batch * length, dim]);
  const product = tf.matMul(rows, tf.reshape(kernel.read(), [dim, heads * size]));
  // Not fused: tfjs's WASM kernel refuses a bias that was made in another shape.
  const y = bias === undefined ? product : tf.add(product, tf.reshape(bias.read(), [heads * size]));
  return tf.reshape(y, [batch, length, heads, size]);
}

/** `[batch, T, heads, features of a head]` as `[batch, T, outputs]`. */
function joinHeads(x: Tensor4D, {kernel, bias}: Projection): Tensor3D {
  const [batch, length, heads, size] = x.shape;
  const outputs = kernel.shape[2]!;
  const y = tf.fused.matMul({
    a: tf.reshape<Rank.R2>(x, [batch * length, heads * size]),
    b: tf.reshape<Rank.R2>(kernel.read(), [heads * size, outputs]),
    bias: bias?.read(),
  });
  return tf.reshape(y, [batch, length, outputs]);
}

function asList<T>(tensors: T | T[]): T[] {
  return Array.isArray(tensors) ? tensors : [tensors];
}
