/**
 * Metrics by name.
 */
import {unknownName} from '../core';
import {findLoss, lossNames, plainName, type LossFunction} from '../losses';
import {
  Accuracy,
  BinaryAccuracy,
  CategoricalAccuracy,
  SparseCategoricalAccuracy,
  TopKAccuracy,
} from './accuracy';
import {CohenKappa, MatthewsCorrelation} from './agreement';
import {CalibrationError} from './calibration';
import {CosineSimilarity, LogLoss, RootMeanSquaredError} from './errors';
import {Mean} from './mean';
import {Metric, type MetricTarget} from './metric';
import {FScore, Precision, Recall} from './precisionRecall';
import {R2Score} from './r2Score';
import {PrAuc, RocAuc} from './ranking';

/**
 * What a fresh metric is made from: the name it was asked for, the output, and the threshold above which a score of
 * this output says yes (undefined where the metric's own default will do).
 */
type Maker = (name: string, output: MetricTarget, threshold: number | undefined) => Metric;

/** Every metric that is no loss, with its camelCase names. */
const METRICS: readonly (readonly [make: Maker, ...names: string[]])[] = [
  [accuracyFor, 'accuracy', 'acc'],
  [name => new BinaryAccuracy({name}), 'binaryAccuracy'],
  [name => new CategoricalAccuracy({name}), 'categoricalAccuracy'],
  [name => new SparseCategoricalAccuracy({name}), 'sparseCategoricalAccuracy'],
  [
    name => new TopKAccuracy({name}),
    'topKAccuracy',
    'topKCategoricalAccuracy',
    'sparseTopKCategoricalAccuracy',
  ],
  [(name, _, threshold) => new Precision({name, threshold}), 'precision'],
  [(name, _, threshold) => new Recall({name, threshold}), 'recall'],
  [(name, _, threshold) => new FScore({name, threshold}), 'f1Score', 'f1', 'fScore', 'fbetaScore'],
  [(name, _, threshold) => new CohenKappa({name, threshold}), 'cohenKappa', 'kappa'],
  [(name, _, threshold) => new MatthewsCorrelation({name, threshold}), 'matthewsCorrelation', 'mcc'],
  [name => new RocAuc({name}), 'auc', 'rocAuc'],
  [name => new PrAuc({name}), 'prAuc', 'averagePrecision'],
  [name => new CalibrationError({name}), 'calibrationError', 'ece'],
  [name => new LogLoss({name}), 'logLoss'],
  [name => new RootMeanSquaredError({name}), 'rootMeanSquaredError', 'rmse'],
  [name => new R2Score({name}), 'r2Score', 'r2'],
  [name => new CosineSimilarity({name}), 'cosineSimilarity'],
];

/**
 * A fresh metric by name or from a function; a `Metric` is given back as it is.
 *
 * `'accuracy'` (or `'acc'`) becomes the accuracy that suits the output and its loss. Every loss is a metric too
 * (`'mae'`). A metric asked for by name appears in logs under that very name.
 *
 * @param output what the metric is applied to, and the name of the loss trained on it
 * @throws ConfigurationError for a name that no metric has; what the metric's `checkOutput` throws
 * @example
 * const output = {name: 'digit', shape: [null, 10], activation: 'softmax', loss: 'sparseCategoricalCrossentropy'};
 * getMetric('accuracy', output) instanceof metrics.SparseCategoricalAccuracy; // true
 */
export function getMetric(id: string | Metric | LossFunction, output: MetricTarget): Metric {
  const metric = resolve(id, output);
  metric.checkOutput(output);
  return metric;
}

function resolve(id: string | Metric | LossFunction, output: MetricTarget): Metric {
  if (id instanceof Metric) return id;
  if (typeof id === 'function') return new Mean(id);
  const plain = plainName(id);
  const known = METRICS.find(([, ...names]) => names.some(name => plainName(name) === plain));
  if (known !== undefined) return known[0](id, output, thresholdOf(output));
  const loss = findLoss(id);
  if (loss !== undefined) return new Mean(loss(), id);
  throw unknownName('metric', id, [...METRICS.flatMap(([, ...names]) => names), ...lossNames()]);
}

/** Accuracy by the loss first, since it says what the targets look like, then by the output. */
function accuracyFor(name: string, output: MetricTarget, threshold: number | undefined): Metric {
  const trained = canonical(output);
  if (trained === 'hinge' || trained === 'squaredHinge') {
    return new BinaryAccuracy({name, threshold: 0, signed: true});
  }
  if (trained.startsWith('sparse')) return new SparseCategoricalAccuracy({name});
  if (trained.startsWith('categorical')) return new CategoricalAccuracy({name});
  if (trained.startsWith('binary') || threshold !== undefined || unitsOf(output) === 1) {
    return new BinaryAccuracy({name, threshold});
  }
  return new Accuracy({name});
}

/** Log-odds say yes above 0; each of several sigmoids is decided by itself. */
function thresholdOf(output: MetricTarget): number | undefined {
  if (canonical(output).startsWith('binary') && output.activation === 'linear') return 0;
  return output.activation === 'sigmoid' ? 0.5 : undefined;
}

/** The camelCase name of the output's loss. */
function canonical({loss = ''}: MetricTarget): string {
  return findLoss(loss)?.().name ?? loss;
}

function unitsOf({shape}: MetricTarget): number | null | undefined {
  return shape[shape.length - 1];
}
