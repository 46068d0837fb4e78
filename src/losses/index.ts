export {BinaryCrossentropy, type BinaryCrossentropyOptions} from './binaryCrossentropy';
export {
  CategoricalCrossentropy,
  SparseCategoricalCrossentropy,
  type CategoricalCrossentropyOptions,
} from './categoricalCrossentropy';
export {findLoss, getLoss, lossNames, plainName} from './get';
export {Loss, type LossFunction, type LossTarget} from './loss';
export * from './regression';
export {alignLabels, alignTargets, oneHotRows, sameShape, show} from './targets';
