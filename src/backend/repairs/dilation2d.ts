/**
 * tfjs's WASM kernels of morphological dilation start their maximum at the smallest positive number.
 */
import * as tf from '@tensorflow/tfjs-core';
import {delegateToCpu, loadCpuKernels} from './delegateToCpu';
import type {Repair} from './types';

export const dilation2d: Repair = {
  id: 'wasm/dilation-2d',
  description:
    "tfjs's dilation2d is wrong on WASM where a window's sums are all negative, and so are its gradients; they run on its CPU kernels now.",
  backends: ['wasm'],
  prepare: loadCpuKernels,
  kernels: () => [tf.Dilation2D, tf.Dilation2DBackpropInput, tf.Dilation2DBackpropFilter].map(delegateToCpu),
};
