/** Functions of one float32 tensor on the engine, number by number. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {chunksFor, engineKernel, isFloat} from './engine';
import type {Engine, EngineKernel} from './engine';

/** Codes of kernels/unary.ts. */
const codes = {
  [tf.Relu]: 0,
  [tf.Relu6]: 1,
  [tf.Elu]: 2,
  [tf.Selu]: 3,
  [tf.LeakyRelu]: 4,
  [tf.Sigmoid]: 5,
  [tf.Tanh]: 6,
  [tf.Exp]: 7,
  [tf.Log]: 8,
  [tf.Sqrt]: 9,
  [tf.Rsqrt]: 10,
  [tf.Square]: 11,
  [tf.Neg]: 12,
  [tf.Abs]: 13,
  [tf.Step]: 14,
  [tf.Softplus]: 15,
  [tf.Erf]: 16,
  [tf.Reciprocal]: 17,
};

/** Of these tfjs's own are as fast, so few numbers are left to them: calling the engine costs more than it gains. */
const fastInTfjs = new Set<string>([
  ...[tf.Relu, tf.Elu, tf.Sigmoid, tf.Sqrt, tf.Rsqrt, tf.Square, tf.Neg, tf.Abs, tf.Step, tf.Reciprocal],
]);
const FEW = 1 << 15;

/** What a number costs, in multiplications, about: most wait for memory. */
const COST = 8;

/** Numbers in an indivisible piece of the work; as in kernels/unary.ts. */
const BLOCK = 16;

/** The functions that the engine computes. */
export const unaryKernels: readonly EngineKernel[] = Object.entries(codes).map(([kernelName, code]) =>
  engineKernel<Record<'x', TensorInfo>, {alpha?: number}>(
    kernelName,
    ({inputs: {x}, attrs, engine, make}) => {
      const size = tf.util.sizeFromShape(x.shape);
      if (!isFloat(x) || size === 0 || (size < FEW && fastInTfjs.has(kernelName))) return undefined;
      const out = make(x.shape);
      mapNumbers(engine, code, engine.address(x), engine.address(out), size, attrs?.alpha);
      return out;
    },
  ),
);

/** Applies the function of a code of kernels/unary.ts to `size` numbers. */
function mapNumbers(engine: Engine, code: number, x: number, to: number, size: number, alpha = 0): void {
  const chunks = chunksFor(Math.ceil(size / BLOCK), BLOCK * COST);
  engine.run('unary', [x, to, size, code, alpha, chunks], {chunks});
}
