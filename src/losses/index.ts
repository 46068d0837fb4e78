export {BinaryCrossentropy, type BinaryCrossentropyOptions} from './binaryCrossentropy';
export {
  CategoricalCrossentropy,
  SparseCategoricalCrossentropy,
  type CategoricalCrossentropyOptions,
} from './categoricalCrossentropy';
export * from './focal';
export {findLoss, getLoss, lossNames, plainName} from './get';
export * from './hinge';
export {Loss, type LossFunction, type LossTarget} from './loss';
export * from './probabilistic';
export * from './regression';
export * from './similarity';
export {alignLabels, alignRank, alignTargets, oneHotRows, sameShape, show} from './targets';
