/**
 * WASM kernels of tfjs that are right for most of their inputs, and wrong or missing for the others.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelFunc, TensorInfo} from '@tensorflow/tfjs-core';
import {attrsAs, kernelOfOps} from '../tfjsInternals';
import {delegateToCpu, loadCpuKernels} from './delegateToCpu';
import type {Repair, RepairContext} from './types';

type Call = Parameters<KernelFunc>[0];

export const gatherByBatch: Repair = {
  id: 'wasm/gather-by-batch',
  description:
    "tfjs's gather reads wrong elements on WASM when it has batchDims; it runs on its CPU kernel then.",
  backends: ['wasm'],
  prepare: loadCpuKernels,
  kernels: (_, context) => [
    insteadOf(context, tf.GatherV2, delegateToCpu(tf.GatherV2).kernelFunc, ({attrs}) =>
      Boolean(attrsAs<{batchDims?: number}>(attrs).batchDims),
    ),
  ],
};

export const wholeNumberMatMul: Repair = {
  id: 'wasm/whole-number-mat-mul',
  description:
    'tfjs has no matrix product of whole numbers on WASM (so no confusionMatrix either); it runs on its CPU kernel now.',
  backends: ['wasm'],
  prepare: loadCpuKernels,
  kernels: (_, context) => [
    insteadOf(context, tf.BatchMatMul, delegateToCpu(tf.BatchMatMul).kernelFunc, ({inputs}) =>
      Object.values(inputs).some(input => input?.dtype !== 'float32'),
    ),
  ],
};

export const broadcastPrelu: Repair = {
  id: 'wasm/prelu',
  description:
    "tfjs's prelu on WASM takes slopes that are shared along a later axis for slopes of the channels; it broadcasts them now.",
  backends: ['wasm'],
  kernels: (backend, context) => {
    const composed = kernelOfOps(tf.Prelu, backend, ([x, alpha]) =>
      tf.where(tf.greaterEqual(x!, 0), x!, tf.mul(x!, alpha!)),
    );
    return [
      insteadOf(context, tf.Prelu, composed.kernelFunc, ({inputs}) => {
        const {x, alpha} = inputs as {x: TensorInfo; alpha: TensorInfo};
        const slopes = alpha.shape.slice(alpha.shape.findIndex(length => length !== 1));
        return tf.util.sizeFromShape(alpha.shape) > 1 && !x.shape.join().endsWith(slopes.join());
      }),
    ];
  },
};

function insteadOf(
  {current}: RepairContext,
  kernelName: string,
  replacement: KernelFunc,
  isUnsupported: (call: Call) => boolean,
): tf.KernelConfig {
  const kernel = current(kernelName)!;
  return {...kernel, kernelFunc: call => (isUnsupported(call) ? replacement : kernel.kernelFunc)(call)};
}
