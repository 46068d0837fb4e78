/**
 * Tensors of five and more axes on GPUs, where tfjs's programs know the coordinates of four. An operation on some axes
 * is one on each of them in turn, and what lies before and behind an axis is one axis each to it.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, Tensor, TensorInfo} from '@tensorflow/tfjs-core';
import {kernelOfOps, runKernel} from '../tfjsInternals';
import {alongAxis} from '../repairs/alongAxis';
import type {Repair} from '../repairs/types';

type Padding = [before: number, after: number];

export const highRanks: Repair = {
  id: 'high-ranks',
  description:
    'tfjs gives zeros or throws where a tensor of five or more axes is padded, reversed, summed up by cumsum, chosen from by where or tiled on a GPU, or waits for the device; now that works, on the device.',
  backends: ['webgl', 'webgpu'],
  kernels: (backend, {current}) =>
    composed.map(ofBackend => {
      const replacement = ofBackend(backend);
      const {kernelName} = replacement;
      const kernel = current(kernelName)!;
      const most = backend === 'webgl' && kernelName === tf.Tile ? 5 : 4;
      const isKnown = ({shape, dtype}: TensorInfo): boolean => shape.length <= most || dtype === 'string';
      return {
        ...kernel,
        kernelFunc: call => {
          const {x, t} = call.inputs as {x?: TensorInfo; t?: TensorInfo};
          return (isKnown((x ?? t)!) ? kernel : replacement).kernelFunc(call);
        },
      };
    }),
};

const composed: readonly ((backend: string) => KernelConfig)[] = [
  backend =>
    kernelOfOps<{paddings: Padding[]; constantValue: number}>(
      tf.PadV2,
      backend,
      ([x], {paddings, constantValue}) =>
        padAxes(x!, paddings, (part, padding) => tf.pad(part, padding, constantValue)),
    ),
  backend =>
    kernelOfOps<{paddings: Padding[]; mode: 'reflect' | 'symmetric'}>(
      tf.MirrorPad,
      backend,
      ([x], {paddings, mode}) => padAxes(x!, paddings, (part, padding) => tf.mirrorPad(part, padding, mode)),
    ),
  backend =>
    kernelOfOps<{dims?: number | number[]}>(tf.Reverse, backend, ([x], {dims}) =>
      tf.util
        .parseAxisParam(dims!, x!.shape)
        .reduce((y, axis) => alongAxis(y, axis, part => tf.reverse(part, 1)), x!),
    ),
  backend => scanKernel(tf.Cumsum, backend, tf.cumsum),
  backend => scanKernel(tf.Cumprod, backend, tf.cumprod),
  backend =>
    kernelOfOps<{reps: number[]}>(tf.Tile, backend, ([x], {reps}) =>
      reps.reduce(
        (y, times, axis) => (times === 1 ? y : alongAxis(y, axis, part => tf.tile(part, [1, times, 1]))),
        x!,
      ),
    ),
  backend =>
    kernelOfOps(tf.Select, backend, ([condition, t, e]) => {
      // A condition of fewer axes chooses whole slices.
      const slice = tf.util.sizeFromShape(t!.shape.slice(condition!.rank));
      const chosen = runKernel(
        tf.Select,
        {
          condition: tf.reshape(condition!, [condition!.size]),
          t: tf.reshape(t!, [condition!.size, slice]),
          e: tf.reshape(e!, [condition!.size, slice]),
        },
        {},
      );
      return tf.reshape(chosen, t!.shape);
    }),
];

function padAxes(x: Tensor, paddings: Padding[], pad: (part: Tensor, paddings: Padding[]) => Tensor): Tensor {
  return paddings.reduce((y, padding, axis) => {
    if (padding[0] === 0 && padding[1] === 0) return y;
    return alongAxis(y, axis, part => pad(part, [[0, 0], padding, [0, 0]]));
  }, x);
}

function scanKernel(kernelName: string, backend: string, scan: typeof tf.cumsum): KernelConfig {
  return kernelOfOps<{axis: number; exclusive: boolean; reverse: boolean}>(
    kernelName,
    backend,
    ([x], {axis, exclusive, reverse}) => {
      const [place] = tf.util.parseAxisParam(axis, x!.shape);
      return alongAxis(x!, place!, part => scan(part, 1, exclusive, reverse));
    },
  );
}
