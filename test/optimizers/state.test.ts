/**
 * Saving and continuing.
 */
import * as tf from '@tensorflow/tfjs-core';
import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../src/backend';
import {decodeState, encodeState} from '../../src/checkpoint';
import {CheckpointError, ShapeError} from '../../src/core';
import type {StateTree} from '../../src/core';
import {Adam, Optimizer} from '../../src/optimizers';
import type {RuleInput, SlotTensors} from '../../src/optimizers';
import {step, update, values, withVariables} from './support';

describe('state', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  it('is lent by getState and copied by setState', () => {
    withVariables([[0]], ([w]) => {
      const before = tf.memory().numTensors;
      const adam = new Adam();
      step(adam, [update('w', w!, [1])]);
      const held = tf.memory().numTensors;
      const state = adam.getState() as {slots: {w: {m: tf.Tensor; v: tf.Tensor}}};
      expect(tf.memory().numTensors).toBe(held);
      const copy = new Adam();
      copy.setState(state);
      adam.dispose();
      expect(state.slots.w.m.isDisposed).toBe(true);
      step(copy, [update('w', w!, [1])]);
      copy.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  });

  it('holds the count, the factor and a rate that is a number', () => {
    const adam = new Adam({learningRate: 0.5});
    adam.setState({name: 'adam', iterations: 7, learningRateFactor: 0.1, learningRate: 0.25, slots: {}});
    expect(adam.iterations).toBe(7);
    expect(adam.learningRate).toBe(0.25);
    expect(adam.currentLearningRate()).toBe(0.025);
    expect(adam.getState()).toEqual({
      name: 'adam',
      iterations: 7,
      learningRateFactor: 0.1,
      learningRate: 0.25,
      slots: {},
    });
  });

  it('leaves a schedule in place, and has none of its own for one', () => {
    const schedule = (count: number): number => count;
    const adam = new Adam({learningRate: schedule});
    expect(adam.getState()).toMatchObject({learningRate: undefined});
    adam.setState({name: 'adam', iterations: 7, learningRateFactor: 1, learningRate: 0.25, slots: {}});
    expect(adam.learningRate).toBe(schedule);
    expect(adam.currentLearningRate()).toBe(7);
  });

  it('makes β-powers of the count alone: 1000 updates ahead cost nothing and agree', () => {
    const beta1 = (count: number): number => 0.9 - 0.0005 * (count % 100);
    const state = (iterations: number): StateTree => ({
      name: 'adam',
      iterations,
      learningRateFactor: 1,
      slots: {},
    });
    withVariables([[0], [0]], ([a, b]) => {
      const [walked, jumped] = [new Adam({beta1}), new Adam({beta1})];
      for (let t = 0; t < 30; t++) step(walked, []);
      jumped.setState(state(1000));
      step(jumped, [update('w', b!, [1])]);
      jumped.dispose();
      jumped.setState(state(30));
      b!.assign(a!);
      step(walked, [update('w', a!, [1])]);
      step(jumped, [update('w', b!, [1])]);
      expect(values(b!)).toEqual(values(a!));
      [walked, jumped].forEach(optimizer => optimizer.dispose());
    });
  });

  it('keeps slots that were cast from integers as float32, offloaded too', async () => {
    /** Counts the updates of each weight, in integers. */
    class Counting extends Optimizer {
      readonly name = 'counting';
      constructor() {
        super({}, {learningRate: 0.1});
      }
      protected slots(shape: readonly number[]) {
        return {seen: {shape}};
      }
      protected rule({value, slots}: RuleInput<SlotTensors>) {
        const seen = tf.add(tf.cast(slots['seen']!, 'int32'), tf.scalar(1, 'int32'));
        return {value: tf.clone(value), slots: {seen: tf.cast(seen, 'float32')}};
      }
    }
    const w = tf.variable(tf.tensor1d([0, 0]));
    const first = new Counting();
    step(first, [update('w', w, [1, 1])]);
    await first.offload();
    expect(first.getState()).toMatchObject({slots: {w: {seen: {values: new Float32Array([1, 1])}}}});
    const bytes = await encodeState(first.getState());
    const second = new Counting();
    second.setState(decodeState(bytes));
    step(second, [update('w', w, [1, 1])]);
    const {slots} = second.getState() as {slots: {w: {seen: tf.Tensor}}};
    expect(values(slots.w.seen)).toEqual([2, 2]);
    [first, second].forEach(optimizer => optimizer.dispose());
    w.dispose();
  });

  const good = {name: 'adam', iterations: 1, learningRateFactor: 1, slots: {}};
  it.each<[string, StateTree, RegExp]>([
    ['of another optimizer', {...good, name: 'sgd'}, /of optimizer 'sgd'; this is 'adam'/],
    ['that is no record', [1, 2], /'state' is not a record/],
    ['without a count', {...good, iterations: undefined}, /iterations is undefined/],
    ['with half an update', {...good, iterations: 1.5}, /iterations is 1.5/],
    ['without a factor', {...good, learningRateFactor: 'one'}, /learningRateFactor is 'one'/],
    ['with an impossible rate', {...good, learningRate: -1}, /learningRate is -1/],
    ['without slots', {...good, slots: null}, /'slots' is not a record/],
    ['with a slot that is a number', {...good, slots: {w: {m: 1, v: 2}}}, /'w.m' is not a record/],
    [
      'with a slot without shape',
      {...good, slots: {w: {m: {values: new Float32Array(2)}}}},
      /w.m has no shape/,
    ],
    [
      'with a cut-off slot',
      {...good, slots: {w: {m: {shape: [3], values: new Float32Array(2)}}}},
      /2 values, which do not fill its shape \[3\]/,
    ],
    [
      'with slots of another shape',
      {
        ...good,
        slots: {
          w: {m: {shape: [1], values: new Float32Array(1)}, v: {shape: [1], values: new Float32Array(1)}},
        },
      },
      /slots of 'w' are m \[1\], v \[1\]; this optimizer has m \[2\], v \[2\]/,
    ],
    [
      'with a slot missing',
      {...good, slots: {w: {m: {shape: [2], values: new Float32Array(2)}}}},
      /slots of 'w' are m \[2\]; this optimizer/,
    ],
  ])('%s is refused, and nothing changes', (_, state, message) => {
    withVariables([[0, 0]], ([w]) => {
      const adam = new Adam();
      step(adam, [update('w', w!, [1, 2])]);
      const before = tf.memory().numTensors;
      expect(() => adam.setState(state)).toThrow(CheckpointError);
      expect(() => adam.setState(state)).toThrow(message);
      expect(adam.iterations).toBe(1);
      expect(adam.learningRate).toBe(0.001);
      expect(tf.memory().numTensors).toBe(before);
      step(adam, [update('w', w!, [1, 2])]);
      adam.dispose();
    });
  });

  it('of an integer tensor is refused', () => {
    tf.tidy(() => {
      const m = tf.tensor1d([1], 'int32');
      expect(() => new Adam().setState({...good, slots: {w: {m}}})).toThrow(/w.m is of type int32/);
    });
  });

  it('of another model or other options shows at the first step, before any weight changes', () => {
    withVariables([[1], [1, 1]], ([small, large]) => {
      const source = new Adam();
      step(source, [update('w', small!, [1])]);
      for (const [optimizer, variable] of [
        [new Adam(), large!],
        [new Adam({amsgrad: true}), small!],
      ] as const) {
        optimizer.setState(source.getState());
        const before = tf.memory().numTensors;
        const [own, other] = [values(variable), tf.tidy(() => tf.variable(tf.tensor1d([5])))];
        const updates = [
          update('fresh', other, [1]),
          update(
            'w',
            variable,
            own.map(() => 1),
          ),
        ];
        expect(() => optimizer.step(updates)).toThrow(ShapeError);
        expect(values(other)).toEqual([5]);
        expect(values(variable)).toEqual(own);
        expect(optimizer.iterations).toBe(1);
        tf.dispose([other, ...updates.map(({gradient}) => gradient)]);
        expect(tf.memory().numTensors).toBe(before);
        optimizer.dispose();
      }
      source.dispose();
    });
  });

  it('starts anew after dispose, which may come twice', () => {
    withVariables([[0], [0]], ([a, b]) => {
      const adam = new Adam();
      for (let t = 0; t < 3; t++) step(adam, [update('w', a!, [1])]);
      adam.dispose();
      adam.dispose();
      expect(adam.iterations).toBe(0);
      step(adam, [update('w', b!, [1])]);
      expect(values(b!)[0]).toBeCloseTo(-0.001, 8);
      adam.dispose();
    });
  });
});
