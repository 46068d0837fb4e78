/**
 * Transposing whole numbers. The text of tfjs's program puts them where floats belong, and so does not compile; kernels
 * that work along any axis transpose first.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig} from '@tensorflow/tfjs-core';
import type {RepairContext} from '../repairs/types';
import {withProgramText} from './tfjsInternals';

const kernelNames = [
  ...[tf.Transpose, tf.Sum, tf.Mean, tf.Prod, tf.Max, tf.Min, tf.All, tf.Any],
  ...[tf.ArgMax, tf.ArgMin, tf.Cumsum, tf.Cumprod, tf.BatchToSpaceND, tf.UnsortedSegmentSum],
];

/** What is put at its new place. */
const moved = /setOutputAtIndex\(flatIndex, (A\[getIndexFromCoords[^;]*\])\);/g;

export function transposing({current}: RepairContext): KernelConfig[] {
  return kernelNames.map(kernelName => {
    const kernel = current(kernelName)!;
    const rewrite = (text: string): string => text.replaceAll(moved, 'setOutputAtIndexI32(flatIndex, $1);');
    // Not every call transposes, and the transpose of a matrix is another program.
    const ofWholeNumbers = withProgramText(kernel, rewrite, true);
    return {
      ...kernel,
      kernelFunc: call => {
        const isFloat = call.inputs['x']!.dtype === 'float32';
        return (isFloat ? kernel : ofWholeNumbers).kernelFunc(call);
      },
    };
  });
}
