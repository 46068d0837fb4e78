/** Scores of a model on a data set: what PermutationImportance watches. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor2D} from '@tensorflow/tfjs-core';
import {ConfigurationError, DataError, asGiven, unknownName} from '../core';
import {
  Accuracy,
  MeanAbsoluteError,
  MeanSquaredError,
  Metric,
  R2Score,
  RootMeanSquaredError,
  directionOf,
} from '../metrics';
import type {Scores} from './perturbation';

/**
 * What is watched: a name (`'accuracy'`, `'r2'`, `'mse'`, `'mae'` or `'rmse'`), any `Metric` (it is reset), or a function
 * of predictions `[examples, outputs]` and the targets, which live until it has answered.
 */
export type ImportanceMetric =
  string | Metric | ((predictions: Tensor2D, targets: Tensor | undefined) => number | Promise<number>);

// The few that are common: a name for every metric and loss would bring them all into every page that explains.
const BY_NAME: Readonly<Record<string, () => Metric>> = {
  accuracy: () => new Accuracy(),
  r2: () => new R2Score(),
  mse: () => new MeanSquaredError(),
  mae: () => new MeanAbsoluteError(),
  rmse: () => new RootMeanSquaredError(),
};

/** A metric, ready to be asked. */
export interface Measure {
  readonly name: string;
  /** 1 where higher is better, −1 where lower is. */
  readonly sign: 1 | -1;
  /** @throws DataError for a value that is not finite. */
  of(scores: Scores, targets: Tensor | undefined): Promise<number>;
}

/** @throws ConfigurationError for a name that is not known, or a metric that does not say whether higher is better. */
export function measureOf(metric: ImportanceMetric, higherIsBetter: boolean | undefined): Measure {
  const {name, value, direction} = evaluation(metric);
  if (higherIsBetter === undefined && direction === undefined) {
    throw new ConfigurationError(`Whether a higher '${name}' is better cannot be told from its name.`, {
      hint: 'Say higherIsBetter: true or false.',
      code: 'configuration/direction',
    });
  }
  const rises = higherIsBetter ?? direction === 'max';
  return {
    name,
    sign: rises ? 1 : -1,
    async of({data, outputs}, targets) {
      const predictions = tf.tensor2d(data, [data.length / outputs, outputs]);
      try {
        const found = await value(predictions, targets);
        if (typeof found === 'number' && Number.isFinite(found)) return found;
        throw new DataError(`${name} of the predictions is ${asGiven(found)}.`, {
          hint: 'It must be a finite number: look at what the model gives, and at the targets.',
          code: 'data/not-finite',
        });
      } finally {
        predictions.dispose();
      }
    },
  };
}

interface Evaluation {
  readonly name: string;
  readonly direction: 'min' | 'max' | undefined;
  readonly value: (predictions: Tensor2D, targets: Tensor | undefined) => number | Promise<number>;
}

function evaluation(metric: ImportanceMetric): Evaluation {
  // A function is a score, as in scikit-learn.
  if (typeof metric === 'function') return {name: metric.name || 'score', direction: 'max', value: metric};
  if (typeof metric === 'string') {
    if (!Object.hasOwn(BY_NAME, metric)) {
      const {message, code} = unknownName('metric of PermutationImportance', metric, Object.keys(BY_NAME));
      throw new ConfigurationError(message, {
        hint: 'Others are given as objects: new metrics.RocAuc().',
        code,
      });
    }
    return {
      ...{name: metric, direction: directionOf(metric)},
      value: (predictions, targets) => valueOf(BY_NAME[metric]!(), predictions, targets),
    };
  }
  if (metric instanceof Metric) {
    return {
      ...{name: metric.name, direction: directionOf(metric.name)},
      value: (predictions, targets) => inTurn(metric, () => valueOf(metric, predictions, targets)),
    };
  }
  throw new ConfigurationError(`metric of PermutationImportance is ${asGiven(metric)}.`, {
    hint: "Give a name such as 'accuracy', a Metric, or (predictions, targets) => number.",
  });
}

async function valueOf(metric: Metric, predictions: Tensor2D, targets: Tensor | undefined): Promise<number> {
  if (targets === undefined) {
    throw new DataError(`'${metric.name}' compares predictions with targets, and there are none.`, {
      hint: 'Give them: explain(x, y).',
      code: 'data/targets',
    });
  }
  metric.checkOutput({name: 'output', shape: [null, predictions.shape[1]], activation: undefined});
  metric.reset();
  try {
    metric.update(targets, predictions);
    return await metric.result();
  } finally {
    metric.dispose();
  }
}

/** A Metric accumulates: two explanations that share one take turns. */
const turns = new WeakMap<Metric, Promise<unknown>>();

function inTurn(metric: Metric, run: () => Promise<number>): Promise<number> {
  const turn = (turns.get(metric) ?? Promise.resolve()).then(run);
  turns.set(
    metric,
    turn.catch(() => undefined),
  );
  return turn;
}
