/** What runs on the engine: these kernels go on top of all others of the repaired backend. */
import type {EngineKernel} from './engine';
import {attentionKernels} from './attention';
import {batchNormKernels} from './engineBatchNorm';
import {binaryKernels} from './engineBinary';
import {convKernels} from './engineConv';
import {
  engineDepthwise,
  engineDepthwiseFilterGradient,
  engineDepthwiseInputGradient,
  engineFusedDepthwise,
} from './engineDepthwise';
import {engineDropout} from './engineDropout';
import {engineGather} from './engineGather';
import {layerNormKernels} from './engineLayerNorm';
import {engineBatchMatMul, engineFusedMatMul} from './engineMatMul';
import {engineOptimizerStep} from './engineOptimizers';
import {engineTile, engineTranspose} from './engineMoves';
import {engineAvgPool, engineAvgPoolGradient, engineMaxPool, engineMaxPoolGradient} from './enginePooling';
import {recurrentGradients} from './engineRecurrent';
import {gruKernels} from './engineRecurrentGru';
import {lstmKernels} from './engineRecurrentLstm';
import {reductionKernels} from './engineReduce';
import {engineSegmentSum} from './engineSegmentSum';
import {engineSoftmaxGradient} from './engineSoftmax';
import {crossEntropyKernels} from './engineSoftmaxCrossEntropy';
import {unaryKernels} from './engineUnary';

export const engineKernels: readonly EngineKernel[] = [
  engineBatchMatMul,
  engineFusedMatMul,
  ...unaryKernels,
  ...binaryKernels,
  ...reductionKernels,
  engineGather,
  engineSegmentSum,
  engineTile,
  engineTranspose,
  engineDropout,
  ...convKernels,
  ...recurrentGradients,
  ...lstmKernels,
  ...gruKernels,
  engineOptimizerStep,
  engineDepthwise,
  engineFusedDepthwise,
  engineDepthwiseInputGradient,
  engineDepthwiseFilterGradient,
  ...attentionKernels,
  engineMaxPool,
  engineAvgPool,
  engineMaxPoolGradient,
  engineAvgPoolGradient,
  ...batchNormKernels,
  ...crossEntropyKernels,
  ...layerNormKernels,
  engineSoftmaxGradient,
];
