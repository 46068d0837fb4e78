/** What tfjs's WASM backend lacks, or does too slowly, for training. */
import type {Repair} from '../repairs/types';
import {unsortedSegmentSum} from './segmentSum';

/** The kernels that training on WASM needs, in place of or in addition to tfjs's. */
export const trainingKernels: Repair[] = [
  {
    id: 'wasm/gather-gradient',
    description: 'tfjs has no gradient of gather (so of embeddings) on WASM; now it has.',
    backends: ['wasm'],
    kernels: () => [unsortedSegmentSum()],
  },
];
