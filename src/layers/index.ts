export {
  MultiHeadAttention,
  type AttentionCallOptions,
  type MultiHeadAttentionOptions,
} from './multiHeadAttention';
