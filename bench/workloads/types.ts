import type {Tensor} from '@tensorflow/tfjs-core';
import type {LayersModel, SymbolicTensor} from '@tensorflow/tfjs-layers';

/** A network that is trained on every peer, in the sizes of `shared/peers/WORKLOADS.md`. */
export interface Workload {
  readonly name: string;
  readonly batch: number;
  /** The network with `width` times as many channels or units in its hidden layers. Ends in ten logits. */
  build(width: number, attention: Attention): LayersModel;
  input(batch: number): Tensor;
}

/** Applies self-attention of `heads` heads to `[batch, steps, size]`: the one layer that tfjs has not. */
export type Attention = (x: SymbolicTensor, heads: number) => SymbolicTensor;
