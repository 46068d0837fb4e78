/**
 * A vector beside a tensor of five or six axes, such as a bias: tfjs has a program of its own for short vectors, whose
 * text does not compile for so many axes. As a tensor of as many axes it is like any other operand.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import type {RepairContext} from '../repairs/types';

const kernelNames = [
  ...[tf.Add, tf.Sub, tf.Multiply, tf.RealDiv, tf.FloorDiv, tf.Mod, tf.Pow, tf.Maximum, tf.Minimum, tf.Atan2],
  ...[tf.Equal, tf.NotEqual, tf.Less, tf.LessEqual, tf.Greater, tf.GreaterEqual, tf.LogicalAnd, tf.LogicalOr],
  ...[tf.SquaredDifference, tf.Prelu],
];
/** Up to so many axes tfjs's text is right. */
const FEW_AXES = 4;

export function vectorOperands({current}: RepairContext): KernelConfig[] {
  return kernelNames.map(kernelName => {
    const kernel = current(kernelName)!;
    return {
      ...kernel,
      kernelFunc: call => {
        const operands = Object.values(call.inputs) as TensorInfo[];
        const rank = Math.max(...operands.map(({shape}) => shape.length));
        if (rank <= FEW_AXES || operands.every(({shape}) => shape.length !== 1))
          return kernel.kernelFunc(call);
        const inputs = Object.fromEntries(
          Object.entries(call.inputs).map(([name, operand]) => [name, withRank(operand!, rank)]),
        );
        return kernel.kernelFunc({...call, inputs});
      },
    };
  });
}

/** The same numbers under a shape that broadcasts alike. */
function withRank({dataId, shape, dtype}: TensorInfo, rank: number): TensorInfo {
  return {dataId, dtype, shape: [...new Array<number>(rank - shape.length).fill(1), ...shape]};
}
