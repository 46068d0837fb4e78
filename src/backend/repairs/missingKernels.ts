/**
 * Kernels that tfjs's CPU backend has and its WASM backend has not.
 */
import * as tf from '@tensorflow/tfjs-core';
import {delegateToCpu, loadCpuKernels} from './delegateToCpu';
import type {Repair} from './types';

const missing = [tf.Draw, tf.RaggedGather, tf.RaggedRange, tf.RaggedTensorToTensor, tf.StaticRegexReplace];

export const missingKernels: Repair = {
  id: 'wasm/missing-kernels',
  description: `tfjs has no WASM kernel for ${missing.join(', ')}; they run on its CPU kernels.`,
  backends: ['wasm'],
  prepare: loadCpuKernels,
  kernels: () => missing.map(delegateToCpu),
};

export const maxPoolWithArgmax: Repair = {
  id: 'wasm/max-pool-with-argmax',
  description:
    "tfjs's maxPoolWithArgmax gives 1.2e-38 at index 0 for windows without a positive number on WASM; it runs on its CPU kernel now.",
  backends: ['wasm'],
  prepare: loadCpuKernels,
  kernels: () => [delegateToCpu(tf.MaxPoolWithArgmax)],
};
