import type {Tensor} from '@tensorflow/tfjs-core';

/** One function of float tensors. */
export interface GradientCase {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly f: (...inputs: never[]) => Tensor;
  /** The same function by other means, where tfjs's forward pass is wrong on its CPU backend. */
  readonly reference?: (...inputs: never[]) => Tensor;
  /** Whether the function has kinks at integers, which the inputs then keep away from. */
  readonly kinksAtIntegers?: boolean;
  /** The range that the inputs are drawn from; [-2, 2] otherwise. */
  readonly range?: readonly [number, number];
}
