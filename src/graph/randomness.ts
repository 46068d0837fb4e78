/**
 * Random draws of layers that derive from (seed, step, layer, draw), so that a mask never depends on what
 * ran before.
 */
import {Random, withRandomSource} from '../core';
import {withDescendants} from './layerTree';
import type {LayerEntry} from './layerTree';
import {dropoutCell, seedHolder} from './tfjsInternals';
import type {Layer, SeedHolder} from './tfjsInternals';
import type {LayerRandomness} from './types';

/** Layers of tfjs that never draw, so that their calls need no random source. Any other might. */
const DETERMINISTIC = new Set(
  [
    'Activation,Add,Average,AveragePooling1D,AveragePooling2D,AveragePooling3D,BatchNormalization,Bidirectional',
    'CategoryEncoding,CenterCrop,Concatenate,Conv1D,Conv2D,Conv2DTranspose,Conv3D,Conv3DTranspose,ConvLSTM2D',
    'ConvLSTM2DCell,Cropping2D,Dense,DepthwiseConv2D,Dot,ELU,Embedding,Flatten,GRU,GRUCell,GlobalAveragePooling1D',
    'GlobalAveragePooling2D,GlobalMaxPooling1D,GlobalMaxPooling2D,InputLayer,LSTM,LSTMCell,LayerNormalization',
    'LeakyReLU,Masking,MaxPooling1D,MaxPooling2D,MaxPooling3D,Maximum,Minimum,Multiply,PReLU,Permute,RNN,ReLU',
    'RepeatVector,Rescaling,Reshape,Resizing,SeparableConv2D,Sequential,SimpleRNN,SimpleRNNCell,Softmax',
    'StackedRNNCells,ThresholdedReLU,TimeDistributed,UpSampling2D,ZeroPadding2D,Functional,Model,LayersModel',
  ].flatMap(names => names.split(',')),
);

/** Whether a layer may draw random numbers in training. */
function mayDraw(layer: Layer): boolean {
  return !DETERMINISTIC.has(layer.getClassName()) || dropoutCell(layer) !== undefined;
}

/** The random source of one call of a layer, and of all that it holds. */
export class CallRandomness {
  private readonly holders: SeedHolder[];

  private constructor(
    private readonly path: string,
    private readonly nodeIndex: number,
    entries: readonly LayerEntry[],
  ) {
    this.holders = entries.map(({layer}) => seedHolder(layer)).filter(holder => holder !== undefined);
  }

  /** Undefined for a call that draws nothing. */
  static of(entry: LayerEntry, nodeIndex: number): CallRandomness | undefined {
    const entries = withDescendants(entry);
    if (!entries.some(({layer}) => mayDraw(layer))) return undefined;
    return new CallRandomness(entry.path, nodeIndex, entries);
  }

  /**
   * Runs a call with every draw in it fixed. A layer's own seed goes into the source's key and is taken off
   * the layer meanwhile: tfjs would draw the same numbers from it at every step (and ignores a seed of 0).
   */
  fix<T>({seed, step}: LayerRandomness, call: () => T): T {
    const seeds = this.holders.map(holder => holder.seed);
    const key = seeds.map(own => own ?? 'none');
    const random = new Random(seed, 'layer', step, this.path, this.nodeIndex, ...key);
    for (const holder of this.holders) holder.seed = undefined;
    try {
      return withRandomSource(random, call);
    } finally {
      this.holders.forEach((holder, i) => (holder.seed = seeds[i]));
    }
  }
}
