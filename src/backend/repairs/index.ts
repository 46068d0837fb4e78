/**
 * Everything that is put right, in the order in which it is registered.
 */
import {trainingKernels} from '../wasm';
import {broadcastGradients} from './broadcasting';
import {conv3dKernels, conv3dTransposeGradient} from './conv3d';
import {cropAndResizeGradient} from './cropAndResize';
import {einsum, einsumGradient} from './einsum';
import {indexingGradients} from './indexing';
import {layoutGradients} from './layout';
import {mirrorPadGradient} from './mirrorPad';
import {missingKernels} from './missingKernels';
import {averagePoolGradient, maxPool3d, maxPool3dGradient} from './pooling';
import {resizeGradients} from './resize';
import {scanGradients} from './scans';
import {stridedSliceGradient} from './stridedSlice';
import type {Repair, RepairedBackend} from './types';

const all: readonly Repair[] = [
  missingKernels,
  maxPool3d,
  maxPool3dGradient,
  averagePoolGradient,
  conv3dKernels,
  conv3dTransposeGradient,
  resizeGradients,
  einsum,
  einsumGradient,
  broadcastGradients,
  scanGradients,
  indexingGradients,
  stridedSliceGradient,
  cropAndResizeGradient,
  mirrorPadGradient,
  layoutGradients,
  ...trainingKernels,
];

/** The repairs that concern one backend. */
export function repairsFor(backend: RepairedBackend): Repair[] {
  return all.filter(repair => repair.backends.includes(backend));
}
