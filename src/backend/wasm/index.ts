/** What tfjs's WASM backend lacks, or does too slowly, for training. */
import {AvgPoolGrad, FusedBatchNorm} from '@tensorflow/tfjs-core';
import type {KernelConfig} from '@tensorflow/tfjs-core';
import {avgPoolGradOnDevice} from '../repairs/averagePoolOnDevice';
import {hostKernel} from '../repairs/hostKernel';
import {everyBackend, everyJavaScriptBackend, type Repair} from '../repairs/types';
import {fusedBatchNorm, fusedBatchNormOfOps} from './batchNorm';
import {cast} from './cast';
import {conv2dBackpropFilter} from './convFilterGradient';
import {conv2dBackpropInput} from './convInputGradient';
import {depthwiseBackpropFilter, depthwiseBackpropInput} from './depthwiseGradients';
import {batchNormGradient} from './gradients/batchNorm';
import {comparisonGradients} from './gradients/comparisons';
import {biasedConvGradient, convGradient, depthwiseGradient, fusedConvGradient} from './gradients/conv';
import {meanGradient, sumGradient} from './gradients/reductions';
import {softmaxGradient} from './gradients/softmax';
import {unaryGradients} from './gradients/unary';
import {repairLayerCalls} from './layerCalls';
import {repairLayerNormalization} from './layerNormCall';
import {batchMatMul, fusedMatMul} from './matMul';
import {averagePoolGradient, avgPoolGrad, maxPoolGrad} from './pooling';
import type {PoolAttrs} from './pooling';
import {fuseRecurrentCalls} from './recurrentCalls';
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
      'Sums, means, tiles, transposes, and casts on WASM are vectorised or plain copies; casting 0.5 to bool gives true.',
    backends: ['wasm'],
    kernels: () => [sum(), mean(), tile(), transpose(), cast()],
    gradients: () => [sumGradient, meanGradient],
  },
  {
    id: 'wasm/activation-gradients',
    description:
      'The gradients of relu, sigmoid, tanh, softmax and their kin take one kernel each on the engine; in tfjs three to five.',
    backends: ['wasm'],
    gradients: () => [...unaryGradients, softmaxGradient],
  },
  {
    id: 'conv-dilation',
    description: 'tfjs refuses the gradients of dilated convolutions; now they are computed.',
    backends: everyBackend,
    gradients: () => [convGradient, depthwiseGradient, fusedConvGradient, biasedConvGradient],
  },
  {
    id: 'layer-calls',
    description:
      'In tfjs-layers, conv2d layers compute gradients that nobody asked for, depthwiseConv2d ignores its dilation, conv1d has no causal padding, and resizing and randomWidth fail inside a model; all are put right.',
    backends: everyBackend,
    prepare: async () => repairLayerCalls(),
  },
  {
    id: 'wasm/recurrent-layers',
    description:
      'tfjs-layers computes recurrent layers step by step, hundreds of operations a call; LSTM and GRU are one operation now.',
    backends: ['wasm'],
    prepare: async () => fuseRecurrentCalls(),
  },
  {
    id: 'layer-normalization',
    description:
      'In tfjs-layers, layerNormalization cannot be trained without scale or center; now it can, and on WASM it and its gradient are one operation each, where they were dozens.',
    backends: everyBackend,
    prepare: async () => repairLayerNormalization(),
  },
  {
    id: 'comparison-gradients',
    description:
      'tfjs throws where a gradient passes a comparison, as in thresholdedReLU and masking; it is zero now.',
    backends: everyBackend,
    gradients: () => comparisonGradients,
  },
  {
    id: 'batch-norm-axis',
    description:
      'tfjs normalizes along the wrong axis, silently, where batchNormalization has another axis than the last; now it is the right one.',
    backends: everyBackend,
    kernels: (backend, {current}) => [
      backend === 'wasm' ? fusedBatchNorm() : fusedBatchNormOfOps(current(FusedBatchNorm)!),
    ],
    gradients: () => [batchNormGradient],
  },
  {
    id: 'avg-pool-gradient',
    description:
      'tfjs makes the gradient of average pooling too small where a window hangs over the edge; now it is right.',
    backends: everyJavaScriptBackend,
    kernels: (backend, context) => {
      if (backend === 'wasm') return [avgPoolGrad()];
      return [backend === 'cpu' ? avgPoolGradOnCpu() : avgPoolGradOnDevice(context)];
    },
  },
];

function avgPoolGradOnCpu(): KernelConfig {
  return hostKernel<PoolAttrs>(AvgPoolGrad, 'cpu', ({input}, attrs) => ({
    shape: input!.shape,
    fill: (dx, {dy}) => averagePoolGradient(input!.shape, attrs, dy!, dx),
  }));
}
