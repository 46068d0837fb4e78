/**
 * Kernels that tfjs's CPU backend has and its WASM backend has not.
 */
import {delegateToCpu, loadCpuKernels} from './delegateToCpu';
import type {Repair} from './types';

const missing = [
  'Conv2DBackpropFilter',
  'DepthwiseConv2dNativeBackpropFilter',
  'DepthwiseConv2dNativeBackpropInput',
  'UnsortedSegmentSum',
  'MaxPoolGrad',

  'ComplexAbs',
  'Draw',
  'FFT',
  'IFFT',
  'RaggedGather',
  'RaggedRange',
  'RaggedTensorToTensor',
  'StaticRegexReplace',
];

export const missingKernels: Repair = {
  id: 'wasm/missing-kernels',
  description: `tfjs has no WASM kernel for ${missing.join(', ')}; they run on its CPU kernels.`,
  backends: ['wasm'],
  prepare: loadCpuKernels,
  kernels: () => missing.map(delegateToCpu),
};
