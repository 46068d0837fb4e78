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
  DeviceLostError,
  GlassboxError,
  NonFiniteError,
  OutOfMemoryError,
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
export type {Parameter} from './graph';
export * from './layers';
export * from './namespaces';
export {getLoss, type LossFunction, type LossTarget} from './losses';
export {
  classificationReport,
  confusionMatrix,
  getMetric,
  type ClassScores,
  type ClassificationReport,
  type ClassificationReportOptions,
  type ConfusionMatrixOptions,
  type HostLabels,
  type Labels,
  type MetricTarget,
  type ReportJson,
} from './metrics';
export * from './optimizers';
export * from './schedules';
export {IndexedDBStore, MemoryStore} from './checkpoint';
export * from './trainer';
export * from './callbacks';
