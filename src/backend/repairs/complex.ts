/**
 * Complex numbers on WASM, where tfjs has none. A complex tensor is one bucket of float32 pairs, real part
 * first, which is also how tfjs reads complex tensors out.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import type {HeapBackend} from '../tfjsInternals';
import {delegateToCpu, loadCpuKernels} from './delegateToCpu';
import type {Repair, RepairContext} from './types';

export const complexNumbers: Repair = {
  id: 'wasm/complex',
  description:
    'tfjs has no complex tensors on WASM (so no fft either); complex, real, imag, complexAbs, fft and ifft work now, and so do add, sub, mul, concat, cast and zerosLike of complex tensors.',
  backends: ['wasm'],
  prepare: loadCpuKernels,
  kernels: (_, context) => [
    complex(),
    part(tf.Real, 0),
    part(tf.Imag, 1),
    ...[tf.ComplexAbs, tf.FFT, tf.IFFT].map(delegateToCpu),
    ...[tf.Add, tf.Sub, tf.Multiply, tf.Concat, tf.Cast, tf.ZerosLike].map(name =>
      alsoComplex(name, context),
    ),
  ],
};

function complex(): KernelConfig {
  return {
    kernelName: tf.Complex,
    backendName: 'wasm',
    kernelFunc: ({inputs, backend}) => {
      const {real, imag} = inputs as {real: TensorInfo; imag: TensorInfo};
      const heap = backend as HeapBackend;
      const {dataId} = heap.makeOutput([...real.shape, 2], 'float32');
      const pairs = heap.typedArrayFromHeap({dataId, shape: [...real.shape, 2], dtype: 'float32'});
      const reals = heap.typedArrayFromHeap(real);
      const imags = heap.typedArrayFromHeap(imag);
      for (let i = 0; i < reals.length; i++) {
        pairs[2 * i] = reals[i]!;
        pairs[2 * i + 1] = imags[i]!;
      }
      return {dataId, shape: real.shape, dtype: 'complex64'};
    },
  };
}

function part(kernelName: string, offset: 0 | 1): KernelConfig {
  return {
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({inputs, backend}) => {
      const {dataId, shape} = inputs['input'] as TensorInfo;
      const heap = backend as HeapBackend;
      const output = heap.makeOutput(shape, 'float32');
      const values = heap.typedArrayFromHeap(output);
      const pairs = heap.typedArrayFromHeap({dataId, shape: [...shape, 2], dtype: 'float32'});
      for (let i = 0; i < values.length; i++) values[i] = pairs[2 * i + offset]!;
      return output;
    },
  };
}

/** tfjs's kernel, with the CPU's for what it cannot do. */
function alsoComplex(kernelName: string, {current}: RepairContext): KernelConfig {
  const kernel = current(kernelName)!;
  const delegated = delegateToCpu(kernelName);
  return {
    ...kernel,
    kernelFunc: call => {
      const isComplex = Object.values(call.inputs).some(input => input?.dtype === 'complex64');
      return (isComplex || call.attrs?.['dtype'] === 'complex64' ? delegated : kernel).kernelFunc(call);
    },
  };
}
