export * from './callback';
export type {
  ArrayData,
  Batch,
  BatchTensors,
  EvaluateOptions,
  FitOptions,
  FitResult,
  LossIdentifier,
  MetricIdentifier,
  ParameterGroup,
  PerOutput,
  PredictOptions,
  ResumableIterable,
  StepContext,
  StepOutcome,
  TrainerOptions,
  TrainingData,
  TrainStep,
} from './options';
export type {FindLearningRateOptions, LearningRateCurve} from './learningRateFinder';
export {loadWeights} from './record';
export {Trainer} from './trainer';
