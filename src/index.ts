/**
 * glassbox: train, understand and ship neural networks on TensorFlow.js.
 *
 * @packageDocumentation
 */
export {
  BackendUnavailableError,
  CheckpointError,
  ConfigurationError,
  DataError,
  GlassboxError,
  NonFiniteError,
  Random,
  ShapeError,
  UnsupportedLayerError,
  registerPlatform,
  withSeed,
  type CheckpointStore,
  type ErrorDetails,
  type Platform,
  type RandomKey,
  type StateTree,
  type Stateful,
  type TerminalSink,
  type TextSink,
} from './core';

export {useBackend, type AppliedRepair, type Backend, type BackendName, type BackendOptions} from './backend';

export {
  Dataset,
  type ArraySource,
  type ArrayStructure,
  type Batched,
  type DataIterator,
  type DataType,
  type ElementOf,
  type HostArray,
  type IterateOptions,
  type NumberArray,
  type TypedArray,
} from './data';

export type {Parameter} from './graph';

export {losses, metrics} from './namespaces';
export {getLoss, type LossFunction, type LossTarget} from './losses';
export {getMetric, type MetricTarget} from './metrics';

export {
  Adadelta,
  Adafactor,
  Adagrad,
  Adam,
  AdamW,
  Adamax,
  LAMB,
  Lion,
  Nadam,
  Optimizer,
  RMSprop,
  SGD,
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  getOptimizer,
  type AdadeltaOptions,
  type AdafactorOptions,
  type AdagradOptions,
  type AdamOptions,
  type AdamWOptions,
  type AdamaxOptions,
  type GlobalNormClip,
  type LAMBOptions,
  type LionOptions,
  type NadamOptions,
  type OptimizerOptions,
  type PreparedUpdate,
  type RMSpropOptions,
  type RuleInput,
  type RuleOutput,
  type SGDOptions,
  type SlotInit,
  type SlotInits,
  type SlotTensors,
  type WeightUpdate,
} from './optimizers';

export {
  constant,
  cosine,
  cosineRestarts,
  exponential,
  inverseTime,
  join,
  oneCycle,
  oneCycleMomentum,
  piecewise,
  polynomial,
  stepDecay,
  warmup,
  type CosineOptions,
  type CosineRestartsOptions,
  type ExponentialOptions,
  type InverseTimeOptions,
  type OneCycleMomentumOptions,
  type OneCycleOptions,
  type PiecewiseOptions,
  type PolynomialOptions,
  type Schedule,
  type StepDecayOptions,
  type WarmupOptions,
} from './schedules';

export {MemoryStore} from './checkpoint';
