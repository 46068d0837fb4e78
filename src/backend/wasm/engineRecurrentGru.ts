/** GRU over all time steps on the engine. */
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {engineKernel} from './engine';
import {addressOf, packWeights, panelsShape, splitBatch} from './engineRecurrent';
import type {RecurrentAttrs} from './engineRecurrent';

export const GRU = 'GlassboxGRU';
export const GRU_GRADIENT = 'GlassboxGRUGradient';

interface ForwardInputs {
  /** [batch, steps, inputs] */
  x: TensorInfo;
  kernel: TensorInfo;
  recurrentKernel: TensorInfo;
  bias?: TensorInfo;
  /** The state to start from; zeros where left out. */
  h?: TensorInfo;
  /** [batch, steps]; 0 leaves a step out. */
  mask?: TensorInfo;
}

/**
 * Returns the last h, then, with `sequence`, h at every step ([batch, steps, units], in the order of the steps), then,
 * with `keep`, what the gradient needs, by the time of x: gates, and h before each step.
 */
const gru = engineKernel<ForwardInputs, RecurrentAttrs & {sequence: boolean; keep: boolean}>(
  GRU,
  ({inputs: {x, kernel, recurrentKernel, bias, h, mask}, attrs, engine, make}) => {
    const [batch, steps, features] = x.shape as [number, number, number];
    const units = recurrentKernel.shape[0]!;
    const last = make([batch, units]);
    const sequence = attrs.sequence ? [make([batch, steps, units])] : [];
    const kept = attrs.keep ? [3 * units, units].map(width => make([batch, steps, width])) : [];
    const packed = packWeights(engine, [
      {weight: kernel, first: 0, columns: 3 * units, turned: false},
      {weight: recurrentKernel, first: 0, columns: 2 * units, turned: false},
      {weight: recurrentKernel, first: 2 * units, columns: units, turned: false},
    ]);
    const split = splitBatch(batch, steps * (features + units) * 3 * units, 5 * units);
    engine.run(
      'gru',
      [
        ...[engine.address(x), ...packed, addressOf(engine, bias), addressOf(engine, h)],
        ...[addressOf(engine, mask), batch, steps, features, units, Number(attrs.goBackwards)],
        ...[attrs.activation, attrs.recurrentActivation],
        ...[sequence[0], last, kept[0], kept[1]].map(info => addressOf(engine, info)),
        split.chunks,
      ],
      split,
    );
    return [last, ...sequence, ...kept];
  },
);

interface GradientInputs {
  dSequence?: TensorInfo;
  dh?: TensorInfo;
  recurrentKernel: TensorInfo;
  mask?: TensorInfo;
  gates: TensorInfo;
  /** h before each step. */
  before: TensorInfo;
}

/**
 * Returns the gradients of the gates' sums in panels, of the first h, and what the candidate's part of the recurrent
 * kernel was multiplied with.
 */
const gruGradient = engineKernel<GradientInputs, RecurrentAttrs>(
  GRU_GRADIENT,
  ({inputs, attrs, engine, make}) => {
    const {dSequence, dh, recurrentKernel, mask, gates, before} = inputs;
    const [batch, steps, units] = before.shape as [number, number, number];
    const panels = make(panelsShape(batch * steps, [2 * units, units]));
    const first = make([batch, units]);
    const reset = make([batch, steps, units]);
    const packed = packWeights(engine, [
      {weight: recurrentKernel, first: 0, columns: 2 * units, turned: true},
      {weight: recurrentKernel, first: 2 * units, columns: units, turned: true},
    ]);
    const split = splitBatch(batch, steps * units * 3 * units, 16 * panels.shape[0]! + 3 * units);
    engine.run(
      'gruGradient',
      [
        ...[addressOf(engine, dSequence), addressOf(engine, dh), ...packed, addressOf(engine, mask)],
        ...[engine.address(gates), engine.address(before), batch, steps, units],
        ...[Number(attrs.goBackwards), attrs.activation, attrs.recurrentActivation],
        ...[panels, first, reset].map(info => engine.address(info)),
        split.chunks,
      ],
      split,
    );
    return [panels, first, reset];
  },
);

export const gruKernels = [gru, gruGradient];
