/** The kernel module: every kernel that the engine can call, each as `(args, chunk, scratch)`. */
export {attention, attentionGradient} from './attention';
export {packColumns} from './pack';
export {matMul} from './matMul';
export {unary} from './unary';
export {
  winogradConv,
  winogradFilter,
  winogradFilterGradient,
  winogradFilterGradientSum,
} from './winograd';
export {convolve, packTurnedTaps} from './conv';
export {lambApply, optimizerStep} from './optimizers';
export {depthwise} from './depthwise';
export {repeat, sumRepeated} from './repeat';
export {addParts, depthwiseFilter} from './depthwiseFilter';
export {convFilterGradient, sumParts} from './convFilterGradient';
export {lstm, lstmGradient} from './lstm';
export {multiplyPanels, multiplyTurned, packGates, sumPanels} from './gradientPanels';
export {binary} from './binary';
export {pool} from './pool';
export {poolGradient} from './poolGradient';
export {poolGradientTwo} from './poolGradientTwo';
export {convBiasGradient} from './convBiasGradient';
export {gru, gruGradient} from './gru';
export {batchNormApply, batchNormGiven, batchNormMerge, batchNormMoments} from './batchNorm';
export {batchNormInput, batchNormSlopes, batchNormSpread, batchNormSums} from './batchNormGradient';
export {reduce, reduceParts} from './reduce';
export {crossEntropy, crossEntropyGradient} from './softmaxCrossEntropy';
export {gather} from './gather';
export {segmentSum} from './segmentSum';
export {transposeLines, transposeMatrices} from './transpose';
export {dropout} from './dropout';
export {layerNorm} from './layerNorm';
export {layerNormGradient, layerNormParameters} from './layerNormGradient';
export {softmaxGradient} from './softmaxGradient';
