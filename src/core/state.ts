/**
 * The shape of everything that a checkpoint can hold: plain JSON values with tensors at the leaves.
 */
import type {Tensor} from '@tensorflow/tfjs-core';

/**
 * A serialisable tree: JSON values (all numbers, NaN, infinities and −0 too), tensors and typed arrays.
 *
 * Ownership is the same everywhere: `getState()` **lends** its tensors (they are live; whoever wants to keep
 * them copies them before the next step), and `setState(state)` **copies** what it keeps (the caller disposes
 * the tree's tensors afterwards).
 */
export type StateTree =
  | null
  | boolean
  | number
  | string
  | undefined
  | Tensor
  | Float32Array
  | Int32Array
  | Uint8Array
  | readonly StateTree[]
  | {readonly [key: string]: StateTree};

/** A thing whose progress can be saved and read back, bit for bit. */
export interface Stateful {
  getState(): StateTree;
  setState(state: StateTree): void;
}
