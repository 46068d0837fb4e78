/**
 * Losses by name, and what they refuse.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
// Registers gradients.
import '@tensorflow/tfjs-layers';
import {beforeAll, describe, expect, test} from 'vitest';
import {ConfigurationError, DataError, ShapeError} from '../../src/core';
import {
  BinaryCrossentropy,
  CategoricalFocalCrossentropy,
  Huber,
  MeanSquaredError,
  SparseCategoricalCrossentropy,
  TripletLoss,
  getLoss,
  type LossTarget,
} from '../../src/losses';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const output = (activation: string | undefined, ...shape: (number | null)[]): LossTarget => ({
  name: 'digit',
  shape: [null, ...shape],
  activation,
});

describe('getLoss', () => {
  test.each([
    ['mse', 'meanSquaredError'],
    ['mean_squared_error', 'meanSquaredError'],
    ['MeanSquaredError', 'meanSquaredError'],
    ['MAE', 'meanAbsoluteError'],
    ['sparse_categorical_crossentropy', 'sparseCategoricalCrossentropy'],
    ['kl_divergence', 'kullbackLeiblerDivergence'],
    ['cosineProximity', 'cosineSimilarity'],
    ['log_cosh', 'logcosh'],
  ])('knows %s as %s', (id, name) => {
    expect(getLoss(id).name).toBe(name);
  });

  test.each([
    'meanSquaredError',
    'meanAbsoluteError',
    'meanAbsolutePercentageError',
    'meanSquaredLogarithmicError',
    'squaredHinge',
    'hinge',
    'categoricalHinge',
    'logcosh',
    'categoricalCrossentropy',
    'sparseCategoricalCrossentropy',
    'binaryCrossentropy',
    'kullbackLeiblerDivergence',
    'poisson',
    'cosineProximity',
  ])("has tfjs's %s", name => {
    expect(() => getLoss(name)).not.toThrow();
  });

  test('gives a loss back as it is and wraps a function under its name', () => {
    const loss = new Huber();
    expect(getLoss(loss)).toBe(loss);
    const quartic = (y: tf.Tensor, p: tf.Tensor): tf.Tensor => tf.mean(tf.pow(tf.sub(y, p), 4), -1);
    expect(getLoss(quartic).name).toBe('quartic');
    expect(
      getLoss(quartic)
        .call(tf.tensor2d([[0]]), tf.tensor2d([[2]]))
        .dataSync()[0],
    ).toBe(16);
  });

  test('refuses an unknown name and guesses what was meant', () => {
    expect(() => getLoss('meanSquareError')).toThrow(/Unknown loss 'meanSquareError'.*'meanSquaredError'/);
    expect(() => getLoss('meanSquareError')).toThrow(ConfigurationError);
  });
});

describe('a function as a loss', () => {
  const squares = getLoss((t, p) => tf.mean(tf.squaredDifference(t, p), -1));

  /** The values for targets 1, 3, 5 against predictions 1, 2, 7 in these shapes. */
  const valuesFor = (targets: number[], predictions: number[]): number[] => {
    const before = tf.memory().numTensors;
    const [t, p] = [tf.tensor([1, 3, 5], targets), tf.tensor([1, 2, 7], predictions)];
    const values = squares.call(t, p);
    const read = [...values.dataSync()];
    tf.dispose([t, p, values]);
    expect(tf.memory().numTensors).toBe(before);
    return read;
  };

  test.each([
    [[3], [3, 1]],
    [
      [3, 1],
      [3, 1],
    ],
    [
      [1, 3],
      [1, 3, 1],
    ],
    [
      [1, 3, 1],
      [1, 3, 1],
    ],
  ])('sees targets %j in the shape of predictions %j', (targets, predictions) => {
    expect(valuesFor(targets, predictions)).toEqual([0, 1, 4]);
  });

  test('sees targets with an axis of 1 too much without it', () => {
    expect(valuesFor([3, 1], [3])).toEqual([expect.closeTo(5 / 3, 6)]);
  });

  test.each([
    [[4], [4, 3]],
    [
      [4, 1],
      [4, 3],
    ],
    [[], [2, 1]],
    [
      [2, 3, 1],
      [2, 1],
    ],
  ])('sees targets %j as they are beside predictions %j', (targets, predictions) => {
    const seen: number[][] = [];
    const loss = getLoss((t, p) => {
      seen.push(t.shape);
      return tf.mean(p, -1);
    });
    tf.tidy(() => loss.call(tf.zeros(targets), tf.zeros(predictions)));
    expect(seen).toEqual([targets]);
  });

  test('has the gradient of its own pairs', () => {
    const targets = tf.tensor1d([0, 1, 2, 3]);
    const gradient = tf.grad(p => tf.mean(squares.call(targets, p)))(tf.tensor2d([[0], [1], [2], [4]]));
    expect([...gradient.dataSync()]).toEqual([0, 0, 0, 0.5]);
  });
});

describe('an output that does not suit the loss is refused', () => {
  test.each([
    [
      'sparseCategoricalCrossentropy',
      output('sigmoid', 1),
      ShapeError,
      /one unit a class.*has 1.*binaryCross/,
    ],
    ['categoricalCrossentropy', output('sigmoid', 1), ShapeError, /has 1/],
    [
      'sparseCategoricalCrossentropy',
      output('linear', 10),
      ConfigurationError,
      /or use the loss new losses\.SparseCategoricalCrossentropy\(\{fromLogits: true\}\)/,
    ],
    ['binaryCrossentropy', output('linear', 1), ConfigurationError, /'linear'.*'sigmoid'/],
    ['binaryCrossentropy', output('tanh', 1), ConfigurationError, /'tanh'/],
    ['binaryCrossentropy', output('softmax', 3), ConfigurationError, /'softmax'.*categoricalCrossentropy/],
    ['meanSquaredError', output('softmax', 1), ConfigurationError, /always 1/],
    ['kullbackLeiblerDivergence', output('linear', 3), ConfigurationError, /probabilities/],
    ['poisson', output('linear', 1), ConfigurationError, /negative.*softplus/],
    ['tripletLoss', output('linear', 5, 8), ShapeError, /\[\?, 5, 8\]/],
  ])('%s on %o', (loss, target, type, message) => {
    expect(() => getLoss(loss).checkOutput(target)).toThrow(type);
    expect(() => getLoss(loss).checkOutput(target)).toThrow(message);
  });

  test('fromLogits on a softmax or a sigmoid', () => {
    const sparse = new SparseCategoricalCrossentropy({fromLogits: true});
    expect(() => sparse.checkOutput(output('softmax', 3))).toThrow(/ends in 'softmax'/);
    expect(() => new BinaryCrossentropy({fromLogits: true}).checkOutput(output('sigmoid', 1))).toThrow(
      ConfigurationError,
    );
  });

  test('but not one that suits', () => {
    for (const [loss, target] of [
      ['sparseCategoricalCrossentropy', output('softmax', 10)],
      ['sparseCategoricalCrossentropy', output(undefined, 10)],
      ['binaryCrossentropy', output('sigmoid', 4)],
      ['meanSquaredError', output('linear', 1)],
      ['poisson', output('softplus', 1)],
      ['tripletLoss', output('linear', 8)],
    ] as const) {
      expect(() => getLoss(loss).checkOutput(target)).not.toThrow();
    }
    expect(() => new BinaryCrossentropy({fromLogits: true}).checkOutput(output('linear', 1))).not.toThrow();
  });
});

describe('targets that do not suit the loss are refused', () => {
  const check = (loss: string, values: number[], shape: number[], target: LossTarget) => (): void =>
    getLoss(loss).checkTargets(values, shape, target);

  test('class indices out of range or between classes, by number and place', () => {
    const target = output('softmax', 3);
    const sparse = 'sparseCategoricalCrossentropy';
    expect(check(sparse, [0, 3], [2], target)).toThrow(/Label 3 \(target 1 of output 'digit'\).*0 to 2/);
    expect(check(sparse, [-1, 0], [2], target)).toThrow(DataError);
    expect(check(sparse, [0, 1.5], [2], target)).toThrow(/1\.5.*whole/);
    expect(check(sparse, [0, NaN], [2, 1], target)).toThrow(DataError);
    expect(check(sparse, [0, 2], [2], target)).not.toThrow();
    expect(check(sparse, [0, 2], [2, 1], target)).not.toThrow();
  });

  test('one-hot rows for class indices and the other way round, with the loss to take', () => {
    const target = output('softmax', 3);
    expect(check('sparseCategoricalCrossentropy', [0, 0, 1], [1, 3], target)).toThrow(
      /\[1, 3\].*\[\?\].*'categoricalCrossentropy'/,
    );
    expect(check('categoricalCrossentropy', [2], [1], target)).toThrow(/sparseCategoricalCrossentropy/);
    expect(check('categoricalCrossentropy', [2], [1], target)).toThrow(ShapeError);
  });

  test('numbers that are no probabilities, counts or sides', () => {
    expect(check('binaryCrossentropy', [0, 2], [2, 1], output('sigmoid', 1))).toThrow(/Target 2.*0 to 1/);
    expect(check('categoricalCrossentropy', [0, NaN], [1, 2], output('softmax', 2))).toThrow(DataError);
    expect(check('poisson', [1, -1], [2], output('softplus', 1))).toThrow(/at least 0/);
    expect(check('hinge', [1, 0, -1], [3], output('tanh', 1))).toThrow(/mixture/);
    expect(check('hinge', [1, 0.5], [2], output('tanh', 1))).toThrow(DataError);
    expect(check('hinge', [1, -1, 1], [3], output('tanh', 1))).not.toThrow();
    expect(check('hinge', [1, 0, 1], [3, 1], output('tanh', 1))).not.toThrow();
  });

  test('shapes: a wrong width, but a last axis of 1 may be left out', () => {
    expect(check('mse', [1, 2, 3], [1, 3], output('linear', 2))).toThrow(ShapeError);
    expect(check('mse', [1, 2, 3], [3], output('linear', 1))).not.toThrow();
    expect(check('mse', [1, 2, 3, 4], [1, 4, 1], output('linear', null, 1))).not.toThrow();
  });

  test('also on the device, where only shapes can be seen', () => {
    const before = tf.memory().numTensors;
    const [y, p, images] = [tf.ones([3, 2]), tf.ones([3, 4]), tf.ones([3, 2, 2])];
    expect(() => new MeanSquaredError().call(y, p)).toThrow(/\[3, 2\].*\[3, 4\]/);
    expect(() => new SparseCategoricalCrossentropy().call(y, p)).toThrow(ShapeError);
    expect(() => new TripletLoss().call(y, images)).toThrow(ShapeError);
    tf.dispose([y, p, images]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('options that cannot mean anything are refused', () => {
  expect(() => new Huber({delta: 0})).toThrow(ConfigurationError);
  expect(() => new BinaryCrossentropy({labelSmoothing: 1.5})).toThrow(ConfigurationError);
  expect(() => new CategoricalFocalCrossentropy({gamma: -1})).toThrow(ConfigurationError);
  expect(() => new TripletLoss({margin: -1})).toThrow(ConfigurationError);
  const focal = new CategoricalFocalCrossentropy({alpha: [1, 2]});
  expect(() => focal.call(tf.ones([1, 3]), tf.ones([1, 3]))).toThrow(ShapeError);
});
