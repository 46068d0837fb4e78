/** Sums of many tensors: tfjs hands all to one program, and a program of WebGPU takes eight buffers, its result's too. */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, Tensor} from '@tensorflow/tfjs-core';
import {kernelOfOps} from '../tfjsInternals';
import type {RepairContext} from '../repairs/types';

const MOST = 7;

export function manyTerms({current}: RepairContext): KernelConfig {
  const kernel = current(tf.AddN)!;
  const inParts = kernelOfOps(tf.AddN, 'webgpu', tensors => {
    let terms: Tensor[] = tensors;
    while (terms.length > MOST) terms = [tf.addN(terms.slice(0, MOST)), ...terms.slice(MOST)];
    return tf.addN(terms);
  });
  return {
    ...kernel,
    kernelFunc: call => (Object.keys(call.inputs).length > MOST ? inParts : kernel).kernelFunc(call),
  };
}
