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
export * from './backend';
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
  type Label,
  type NumberArray,
  type PartSizes,
  type PartitionOptions,
  type Transform,
  type TransformContext,
  type TypedArray,
  type Zipped,
} from './data';
export type {Parameter} from './graph';
export {losses, metrics} from './namespaces';
export {getLoss, type LossFunction, type LossTarget} from './losses';
export {getMetric, type MetricTarget} from './metrics';
export * from './optimizers';
export * from './schedules';
export {IndexedDBStore, MemoryStore} from './checkpoint';
export * from './trainer';
export * from './callbacks';
