/**
 * What every optimizer does, whatever its rule.
 */
import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {ConfigurationError} from '../../src/core';
import {Adafactor, Adam, RMSprop, SGD} from '../../src/optimizers';
import {make, oracle, Problem} from './oracle';
import {step, update, values, withVariables} from './support';

const everyOptimizer = oracle.cases.map((entry, i) => [`${i} ${entry.optimizer}`, entry] as const);

describe.each(['cpu', 'wasm'] as const)('on %s, an optimizer', backend => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it.each(everyOptimizer)('goes on from its state in the middle bit for bit: case %s', async (_, entry) => {
    const before = tf.memory().numTensors;
    const whole = new Problem();
    const broken = new Problem();
    const uninterrupted = make(entry);
    const first = make(entry);
    for (let t = 0; t < 6; t++) {
      whole.step(uninterrupted, t);
      broken.step(first, t);
    }
    const second = make(entry);
    second.setState(first.getState());
    first.dispose();
    for (let t = 6; t < 12; t++) {
      whole.step(uninterrupted, t);
      broken.step(second, t);
      // Every other step through the host and back.
      if (t % 2 === 0) await second.offload();
    }
    expect(broken.read()).toEqual(whole.read());
    expect(second.iterations).toBe(12);
    [uninterrupted, second].forEach(optimizer => optimizer.dispose());
    [whole, broken].forEach(problem => problem.dispose());
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each(everyOptimizer)('keeps the number of tensors flat after its first step: case %s', (_, entry) => {
    const problem = new Problem();
    const optimizer = make(entry);
    problem.step(optimizer, 0);
    const {numTensors, numBytes} = tf.memory();
    for (let t = 1; t < 8; t++) problem.step(optimizer, t);
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(tf.memory().numBytes).toBe(numBytes);
    optimizer.dispose();
    problem.dispose();
  });

  it('leaves no tensor alive once offloaded, and loses nothing', async () => {
    const problem = new Problem();
    const before = tf.memory().numTensors;
    const adam = new Adam({amsgrad: true});
    problem.step(adam, 0);
    expect(tf.memory().numTensors).toBe(before + 9);
    await adam.offload();
    expect(tf.memory().numTensors).toBe(before);
    const copy = new Adam({amsgrad: true});
    copy.setState(adam.getState());
    expect(tf.memory().numTensors).toBe(before);
    const twin = new Problem();
    twin.weights.forEach((weight, i) => weight.assign(problem.weights[i]!));
    problem.step(adam, 1);
    twin.step(copy, 1);
    expect(twin.read()).toEqual(problem.read());
    [adam, copy].forEach(optimizer => optimizer.dispose());
    [problem, twin].forEach(each => each.dispose());
  });

  it('offloads while steps go on without mixing up old and new slots', async () => {
    const [quiet, busy] = [new Problem(), new Problem()];
    const [a, b] = [new Adam(), new Adam()];
    for (let t = 0; t < 5; t++) {
      quiet.step(a, t);
      const moving = b.offload();
      busy.step(b, t);
      await moving;
    }
    expect(busy.read()).toEqual(quiet.read());
    [a, b].forEach(optimizer => optimizer.dispose());
    [quiet, busy].forEach(problem => problem.dispose());
  });

  it('works inside a tidy that frees everything else', () => {
    const problem = new Problem();
    const before = tf.memory().numTensors;
    const sgd = new SGD({learningRate: 0.1, momentum: 0.9});
    for (let t = 0; t < 3; t++) tf.tidy(() => sgd.step(problem.updates(t)));
    expect(tf.memory().numTensors).toBe(before + 3);
    sgd.dispose();
    problem.dispose();
  });
});

describe('several optimizers and weights', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it.each(everyOptimizer)('weights may come in any order: case %s', (_, entry) => {
    const [forwards, backwards] = [new Problem(), new Problem()];
    const [a, b] = [make(entry), make(entry)];
    for (let t = 0; t < 5; t++) {
      forwards.step(a, t);
      const reversed = backwards.updates(t).reverse();
      step(b, t % 2 === 0 ? reversed : [...reversed].reverse());
    }
    expect(backwards.read()).toEqual(forwards.read());
    [a, b].forEach(optimizer => optimizer.dispose());
    [forwards, backwards].forEach(problem => problem.dispose());
  });

  it.each(everyOptimizer)('two of a kind share nothing: case %s', (_, entry) => {
    const [alone, beside, other] = [new Problem(), new Problem(), new Problem()];
    const [a, b, c] = [make(entry), make(entry), make(entry)];
    for (let t = 0; t < 5; t++) {
      alone.step(a, t);
      beside.step(b, t);
      other.step(c, 49 - t);
    }
    expect(beside.read()).toEqual(alone.read());
    [a, b, c].forEach(optimizer => optimizer.dispose());
    [alone, beside, other].forEach(problem => problem.dispose());
  });
});

describe('applyGradients', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it('trains with what tf.variableGrads gives', () => {
    const [w, frozen] = tf.tidy(() => [tf.variable(tf.scalar(4)), tf.variable(tf.scalar(2), false)]) as [
      tf.Variable,
      tf.Variable,
    ];
    const before = tf.memory().numTensors;
    const sgd = new SGD({learningRate: 0.25});
    for (let t = 0; t < 3; t++) {
      const {value, grads} = tf.variableGrads(() => tf.mul<tf.Scalar>(tf.square(w), frozen), [w, frozen]);
      sgd.applyGradients(grads);
      tf.dispose([value, grads]);
    }
    // w ← w − 0.25 · 2 · 2 · w = 0
    expect(values(w)).toEqual([0]);
    expect(values(frozen)).toEqual([2]);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([w, frozen]);
  });

  it('refuses a name that no variable has', () => {
    tf.tidy(() => {
      expect(() => new SGD().applyGradients({nobody: tf.scalar(1)})).toThrow(ConfigurationError);
      expect(() => new SGD().applyGradients({nobody: tf.scalar(1)})).toThrow(/no variable named 'nobody'/);
    });
  });
});

describe('numbers at the edges', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it.each(everyOptimizer)(
    'weights without any gradient stay finite, and still without decay: case %s',
    (_, entry) => {
      const optimizer = make(entry);
      const [matrix, scalar] = tf.tidy(() => [
        tf.variable(
          tf.tensor2d([
            [1, 0],
            [0, 0],
          ]),
        ),
        tf.variable(tf.scalar(0)),
      ]) as [tf.Variable, tf.Variable];
      for (let t = 0; t < 3; t++) {
        tf.tidy(() =>
          optimizer.step([
            {key: 'matrix', name: 'bias', variable: matrix, gradient: tf.zeros([2, 2])},
            {key: 'scalar', name: 'bias', variable: scalar, gradient: tf.scalar(0)},
          ]),
        );
      }
      const expected = entry.optimizer === 'AdamW' && !('weightDecay' in entry.options) ? 0.9994 : 1;
      expect(values(matrix)[0]).toBeCloseTo(expected, 4);
      expect(values(matrix).slice(1)).toEqual([0, 0, 0]);
      expect(values(scalar)).toEqual([0]);
      optimizer.dispose();
      tf.dispose([matrix, scalar]);
    },
  );

  it('Adafactor survives a row and a column without gradients, where Keras’s product underflows to 0/0', () => {
    const w = tf.tidy(() => tf.variable(tf.ones([2, 2])));
    const adafactor = new Adafactor();
    for (let t = 0; t < 3; t++) {
      tf.tidy(() =>
        adafactor.step([
          {
            key: 'w',
            variable: w,
            gradient: tf.tensor2d([
              [1, 0],
              [0, 0],
            ]),
          },
        ]),
      );
    }
    const [moved, ...still] = values(w);
    expect(still).toEqual([1, 1, 1]);
    expect(moved).toBeLessThan(1);
    adafactor.dispose();
    w.dispose();
  });

  it('centered RMSprop survives large gradients without variance, where rounding takes it below 0', () => {
    const gradients = Array.from({length: 200}, (_, i) => 1000.1 + 77.7 * i);
    withVariables([gradients.map(() => 0)], ([w]) => {
      const rmsprop = new RMSprop({centered: true});
      // Coming from above, both means stop a few roundings too high, and the square doubles its mean's.
      for (let t = 0; t < 250; t++) {
        const scale = t < 20 ? 2 : 1;
        step(rmsprop, [
          update(
            'w',
            w!,
            gradients.map(gradient => scale * gradient),
          ),
        ]);
      }
      expect(values(w!).every(Number.isFinite)).toBe(true);
      rmsprop.dispose();
    });
  });
});
