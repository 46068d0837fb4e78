/** What tfjs's WASM backend lacks, or does too slowly, for training. */
import {AvgPoolGrad} from '@tensorflow/tfjs-core';
import type {KernelConfig} from '@tensorflow/tfjs-core';
import {hostKernel} from '../repairs/hostKernel';
import type {Repair} from '../repairs/types';
import {fusedBatchNorm} from './batchNorm';
import {cast} from './cast';
import {conv2dBackpropFilter} from './convFilterGradient';
import {conv2dBackpropInput} from './convInputGradient';
import {unfuseConvLayers} from './convLayer';
import {depthwiseBackpropFilter, depthwiseBackpropInput} from './depthwiseGradients';
import {batchNormGradient} from './gradients/batchNorm';
import {convGradient, depthwiseGradient} from './gradients/conv';
import {meanGradient, sumGradient, tileGradient} from './gradients/reductions';
import {batchMatMul, fusedMatMul} from './matMul';
import {averagePoolGradient, avgPoolGrad, maxPoolGrad} from './pooling';
import type {PoolAttrs} from './pooling';
import {mean, sum} from './reduce';
import {unsortedSegmentSum} from './segmentSum';
import {tile} from './tile';
import {transpose} from './transpose';

/** The kernels that training on WASM needs, in place of or in addition to tfjs's. */
export const trainingKernels: Repair[] = [
  {
    id: 'wasm/gather-gradient',
    description: 'tfjs has no gradient of gather (so of embeddings) on WASM; now it has.',
    backends: ['wasm'],
    kernels: () => [unsortedSegmentSum()],
  },
  {
    id: 'wasm/conv2d-gradient',
    description:
      'tfjs has no filter gradient of conv2d on WASM and a slow input gradient; both now run on its fast forward kernels.',
    backends: ['wasm'],
    kernels: () => [conv2dBackpropFilter(), conv2dBackpropInput()],
  },
  {
    id: 'wasm/depthwise-gradient',
    description: 'tfjs has no gradients of depthwise convolution on WASM; now it has, also with a dilation.',
    backends: ['wasm'],
    kernels: () => [depthwiseBackpropFilter(), depthwiseBackpropInput()],
  },
  {
    id: 'wasm/pool-gradient',
    description:
      'tfjs loses the gradient of max-pooling on WASM where a window holds no positive number, and is slow; now it is right and faster.',
    backends: ['wasm'],
    kernels: () => [maxPoolGrad()],
  },
  {
    id: 'wasm/matmul-speed',
    description: 'Products with a transposed matrix or a batch run ten times faster on WASM than in tfjs.',
    backends: ['wasm'],
    kernels: () => [batchMatMul(), fusedMatMul()],
  },
  {
    id: 'wasm/elementwise-speed',
    description:
      'Sums, means, tiles, transposes, casts and batch normalization on WASM are vectorised or plain copies; casting 0.5 to bool gives true.',
    backends: ['wasm'],
    kernels: () => [sum(), mean(), tile(), transpose(), cast(), fusedBatchNorm()],
    gradients: () => [sumGradient, meanGradient, tileGradient, batchNormGradient],
  },
  {
    id: 'conv-dilation',
    description:
      'tfjs refuses the gradient of a dilated convolution, and its conv2d layers compute gradients that nobody asked for; both are put right.',
    backends: ['wasm', 'cpu'],
    prepare: async () => unfuseConvLayers(),
    gradients: () => [convGradient, depthwiseGradient],
  },
  {
    id: 'avg-pool-gradient',
    description:
      'tfjs makes the gradient of average pooling too small where a window hangs over the edge; now it is right.',
    backends: ['wasm', 'cpu'],
    kernels: backend => [backend === 'wasm' ? avgPoolGrad() : avgPoolGradOnCpu()],
  },
];

function avgPoolGradOnCpu(): KernelConfig {
  return hostKernel<PoolAttrs>(AvgPoolGrad, 'cpu', ({input}, attrs) => ({
    shape: input!.shape,
    fill: (dx, {dy}) => averagePoolGradient(input!.shape, attrs, dy!, dx),
  }));
}
