/**
 * Products over an odd number of terms. tfjs packs two of them into a pixel and sums up the last with a number that
 * stands beside the tensor's own. It counts on zeros there, but a sigmoid or a sum with 1 has left something else.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, NamedTensorInfoMap, TensorInfo} from '@tensorflow/tfjs-core';
import {attrsAs} from '../tfjsInternals';
import type {RepairContext} from '../repairs/types';
import {freeOn, withoutStrays} from './tfjsInternals';

interface Attributes {
  readonly transposeA?: boolean;
}

/** The two inputs that are multiplied, and how many terms are summed up. */
type Factors = (inputs: NamedTensorInfoMap, attrs: Attributes) => {names: [string, string]; terms: number};

const ofMatrices: Factors = ({a}, {transposeA = false}) => ({
  names: ['a', 'b'],
  terms: a!.shape.at(transposeA ? -2 : -1)!,
});

/** Only filters of a single pixel are multiplied as they are; others are laid out anew before. */
const ofConvolution: Factors = ({filter}) => {
  const [height, width, channels] = filter!.shape as [number, number, number];
  return {names: ['x', 'filter'], terms: height * width === 1 ? channels : 0};
};

const ofGradient: Factors = ({filter}) => ({names: ['dy', 'filter'], terms: filter!.shape[3]!});

const multiplied: Readonly<Record<string, Factors>> = {
  [tf.BatchMatMul]: ofMatrices,
  [tf._FusedMatMul]: ofMatrices,
  [tf.Conv2D]: ofConvolution,
  [tf.FusedConv2D]: ofConvolution,
  [tf.Conv2DBackpropInput]: ofGradient,
};

export function oddProducts({current}: RepairContext): KernelConfig[] {
  return Object.entries(multiplied).map(([kernelName, factorsOf]) => {
    const kernel = current(kernelName)!;
    return {
      ...kernel,
      kernelFunc: call => {
        const {names, terms} = factorsOf(call.inputs, attrsAs<Attributes>(call.attrs));
        if (terms % 2 === 0) return kernel.kernelFunc(call);
        const clean: TensorInfo[] = [];
        const inputs = {...call.inputs};
        for (const name of names) {
          const given = inputs[name]!;
          const cleaned = withoutStrays(call.backend, given);
          if (cleaned !== given) clean.push(cleaned);
          inputs[name] = cleaned;
        }
        try {
          return kernel.kernelFunc({...call, inputs});
        } finally {
          for (const info of clean) freeOn(call.backend, info);
        }
      },
    };
  });
}
