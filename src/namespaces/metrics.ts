/**
 * The metrics as users see them: `metrics.TopKAccuracy`. A namespace of their own, since losses share names.
 */
export {
  Accuracy,
  BinaryAccuracy,
  CategoricalAccuracy,
  Mean,
  Metric,
  SparseCategoricalAccuracy,
  TopKAccuracy,
  type BinaryAccuracyOptions,
  type TopKAccuracyOptions,
} from '../metrics';
