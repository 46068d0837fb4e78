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
import {Mean} from './mean';
import {Metric, type MetricTarget} from './metric';

type Maker = (name: string, output: MetricTarget) => Metric;

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
  if (known !== undefined) return known[0](id, output);
  const loss = findLoss(id);
  if (loss !== undefined) return new Mean(loss(), id);
  throw unknownName('metric', id, [...METRICS.flatMap(([, ...names]) => names), ...lossNames()]);
}

/** Accuracy by the loss first, since it says what the targets look like, then by the output. */
function accuracyFor(name: string, {loss = '', shape, activation}: MetricTarget): Metric {
  const trained = plainName(findLoss(loss)?.().name ?? loss);
  const single = shape[shape.length - 1] === 1;
  if (trained === 'hinge' || trained === 'squaredhinge') {
    return new BinaryAccuracy({name, threshold: 0, signed: true});
  }
  if (trained.startsWith('sparse')) return new SparseCategoricalAccuracy({name});
  if (trained.startsWith('categorical')) return new CategoricalAccuracy({name});
  if (trained.startsWith('binary') || single) {
    const logits = trained.startsWith('binary') && activation === 'linear';
    return new BinaryAccuracy({name, threshold: logits ? 0 : 0.5});
  }
  return activation === 'sigmoid' ? new BinaryAccuracy({name}) : new Accuracy({name});
}
