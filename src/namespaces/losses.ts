/**
 * The losses as users see them: `losses.MeanSquaredError`. A namespace of their own, since metrics share names.
 */
export {
  BinaryCrossentropy,
  CategoricalCrossentropy,
  Huber,
  LogCosh,
  Loss,
  MeanAbsoluteError,
  MeanAbsolutePercentageError,
  MeanSquaredError,
  MeanSquaredLogarithmicError,
  SparseCategoricalCrossentropy,
  type BinaryCrossentropyOptions,
  type CategoricalCrossentropyOptions,
} from '../losses';
