/** LSTM over all time steps on the engine. */
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {engineKernel} from './engine';
import {addressOf, packWeights, panelsShape, splitBatch} from './engineRecurrent';
import type {RecurrentAttrs} from './engineRecurrent';

export const LSTM = 'GlassboxLSTM';
export const LSTM_GRADIENT = 'GlassboxLSTMGradient';

interface ForwardInputs {
  /** [batch, steps, inputs] */
  x: TensorInfo;
  kernel: TensorInfo;
  recurrentKernel: TensorInfo;
  bias?: TensorInfo;
  /** The states to start from; zeros where left out. */
  h?: TensorInfo;
  c?: TensorInfo;
  /** [batch, steps]; 0 leaves a step out. */
  mask?: TensorInfo;
}

/**
 * Returns the last h and c, then, with `sequence`, h at every step ([batch, steps, units], in the order of the steps),
 * then, with `keep`, what the gradient needs, by the time of x: gates, and h and c before each step.
 */
const lstm = engineKernel<ForwardInputs, RecurrentAttrs & {sequence: boolean; keep: boolean}>(
  LSTM,
  ({inputs, attrs, engine, make}) => {
    const {x, kernel, recurrentKernel, bias, h, c, mask} = inputs;
    const [batch, steps, features] = x.shape as [number, number, number];
    const units = recurrentKernel.shape[0]!;
    const lasts = [make([batch, units]), make([batch, units])];
    const sequence = attrs.sequence ? [make([batch, steps, units])] : [];
    const kept = attrs.keep ? [4 * units, units, units].map(width => make([batch, steps, width])) : [];
    const whole = {first: 0, columns: 4 * units, turned: false};
    const [packedKernel, packedRecurrent] = packWeights(engine, [
      {weight: kernel, ...whole},
      {weight: recurrentKernel, ...whole},
    ]) as [number, number];
    const split = splitBatch(batch, steps * (features + units) * 4 * units, 6 * units);
    engine.run(
      'lstm',
      [
        ...[engine.address(x), packedKernel, packedRecurrent, addressOf(engine, bias)],
        ...[addressOf(engine, h), addressOf(engine, c), addressOf(engine, mask)],
        ...[batch, steps, features, units, Number(attrs.goBackwards)],
        ...[attrs.activation, attrs.recurrentActivation, addressOf(engine, sequence[0])],
        ...[...lasts, kept[0], kept[1], kept[2]].map(info => addressOf(engine, info)),
        split.chunks,
      ],
      split,
    );
    return [...lasts, ...sequence, ...kept];
  },
);

interface GradientInputs {
  dSequence?: TensorInfo;
  dh?: TensorInfo;
  dc?: TensorInfo;
  recurrentKernel: TensorInfo;
  mask?: TensorInfo;
  gates: TensorInfo;
  cells: TensorInfo;
}

/** Returns the gradients of the gates' sums in panels, of the first h and of the first c. */
const lstmGradient = engineKernel<GradientInputs, RecurrentAttrs>(
  LSTM_GRADIENT,
  ({inputs, attrs, engine, make}) => {
    const {dSequence, dh, dc, recurrentKernel, mask, gates, cells} = inputs;
    const [batch, steps, units] = cells.shape as [number, number, number];
    const panels = make(panelsShape(batch * steps, [4 * units]));
    const firsts = [make([batch, units]), make([batch, units])];
    const [packed] = packWeights(engine, [
      {weight: recurrentKernel, first: 0, columns: 4 * units, turned: true},
    ]) as [number];
    const split = splitBatch(batch, steps * units * 4 * units, 16 * panels.shape[0]! + 3 * units);
    engine.run(
      'lstmGradient',
      [
        ...[dSequence, dh, dc].map(info => addressOf(engine, info)),
        ...[packed, addressOf(engine, mask), engine.address(gates), engine.address(cells)],
        ...[batch, steps, units, Number(attrs.goBackwards), attrs.activation, attrs.recurrentActivation],
        ...[panels, ...firsts].map(info => addressOf(engine, info)),
        split.chunks,
      ],
      split,
    );
    return [panels, ...firsts];
  },
);

export const lstmKernels = [lstm, lstmGradient];
