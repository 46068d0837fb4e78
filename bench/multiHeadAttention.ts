import type {SymbolicTensor} from '@tensorflow/tfjs-layers';
import {MultiHeadAttention} from 'glassbox';
import type {Attention} from './workloads';

/** Self-attention by this library's layer. */
export const multiHeadAttention: Attention = (x, heads) =>
  new MultiHeadAttention({numHeads: heads, keyDim: x.shape[2]! / heads}).apply(x) as SymbolicTensor;
