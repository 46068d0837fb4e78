/** What tfjs's WASM backend lacks, or does too slowly, for training. */
import type {Repair} from '../repairs/types';
import {conv2dBackpropFilter} from './convFilterGradient';
import {conv2dBackpropInput} from './convInputGradient';
import {depthwiseBackpropFilter, depthwiseBackpropInput} from './depthwiseGradients';
import {unsortedSegmentSum} from './segmentSum';

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
];
