/**
 * Everything that is put right, in the order in which it is registered.
 */
import {trainingKernels} from '../wasm';
import {binaryBincount} from './binaryBincount';
import {broadcastGradients} from './broadcasting';
import {clipping} from './clipping';
import {complexNumbers} from './complex';
import {conv3dKernels, conv3dTransposeGradient} from './conv3d';
import {cropAndResize, cropAndResizeGradient} from './cropAndResize';
import {dilation2d} from './dilation2d';
import {einsum, einsumGradient} from './einsum';
import {emptyReductions} from './emptyReductions';
import {fusedMatMul} from './fusedMatMul';
import {identity} from './identity';
import {indexingGradients} from './indexing';
import {layoutGradients} from './layout';
import {matMulCache} from './matMulCache';
import {mergeMasks} from './mergeMasks';
import {mirrorPadGradient} from './mirrorPad';
import {maxPoolWithArgmax, missingKernels} from './missingKernels';
import {oneHot} from './oneHot';
import {averagePool3dGradient, maxPool3d, maxPool3dGradient} from './pooling';
import {processListeners} from './processListeners';
import {resizeGradients} from './resize';
import {samePadding} from './samePadding';
import {scanGradients, scans} from './scans';
import {sign} from './sign';
import {stridedSlice, stridedSliceGradient} from './stridedSlice';
import {tensorScatterUpdate} from './tensorScatterUpdate';
import {broadcastPrelu, gatherByBatch, wholeNumberMatMul} from './unsupportedCalls';
import {windows} from './windows';
import type {BackendName} from '../types';
import type {Repair} from './types';

const all: readonly Repair[] = [
  processListeners,
  missingKernels,
  matMulCache,
  identity,
  maxPoolWithArgmax,
  maxPool3d,
  maxPool3dGradient,
  averagePool3dGradient,
  conv3dKernels,
  conv3dTransposeGradient,
  resizeGradients,
  dilation2d,
  tensorScatterUpdate,
  clipping,
  oneHot,
  scans,
  stridedSlice,
  einsum,
  einsumGradient,
  broadcastGradients,
  scanGradients,
  indexingGradients,
  stridedSliceGradient,
  binaryBincount,
  sign,
  cropAndResize,
  cropAndResizeGradient,
  mirrorPadGradient,
  layoutGradients,
  mergeMasks,
  ...trainingKernels,
  // These go on top of kernels above.
  emptyReductions,
  samePadding,
  windows,
  gatherByBatch,
  wholeNumberMatMul,
  broadcastPrelu,
  fusedMatMul,
  complexNumbers,
];

/** The repairs that concern one backend. */
export function repairsFor(backend: BackendName): Repair[] {
  return all.filter(repair => repair.backends.includes(backend));
}
