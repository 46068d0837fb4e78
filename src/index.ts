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
  ShapeError,
  UnsupportedLayerError,
  withSeed,
  type ErrorDetails,
  type StateTree,
  type Stateful,
} from './core';
