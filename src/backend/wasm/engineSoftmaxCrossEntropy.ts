/** Crossentropy of a softmax from its logits, on the engine. */
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {chunksFor, engineKernel} from './engine';

/** What an exponential costs, in multiplications. */
const COST = 20;

interface Attrs {
  labelSmoothing: number;
}

/** Rows and classes of logits, and how the rows are cut up. */
function cut(shape: readonly number[]) {
  const classes = shape.at(-1)!;
  const rows = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  return {classes, rows, chunks: chunksFor(rows, classes * COST)};
}

/**
 * `GlassboxCrossEntropy`: `[values, left]` of float32 logits that are not empty, and targets that are int32 labels or
 * float32 of the logits' shape; `left` is for the gradient.
 */
const forward = engineKernel<Record<'logits' | 'targets', TensorInfo>, Attrs>(
  'GlassboxCrossEntropy',
  ({inputs: {logits, targets}, attrs: {labelSmoothing}, engine, make}) => {
    const {classes, rows, chunks} = cut(logits.shape);
    const values = make(logits.shape.slice(0, -1));
    const left = make([rows, 3]);
    const dense = Number(targets.dtype === 'float32');
    engine.run(
      'crossEntropy',
      [
        ...[logits, targets, values, left].map(info => engine.address(info)),
        ...[classes, rows, labelSmoothing, dense, chunks],
      ],
      {chunks},
    );
    return [values, left];
  },
);

/** `GlassboxCrossEntropyGrad`: the gradient of the logits. */
const backward = engineKernel<Record<'logits' | 'targets' | 'dy' | 'left', TensorInfo>, Attrs>(
  'GlassboxCrossEntropyGrad',
  ({inputs: {logits, targets, dy, left}, attrs: {labelSmoothing}, engine, make}) => {
    const {classes, rows, chunks} = cut(logits.shape);
    const gradient = make(logits.shape);
    const dense = Number(targets.dtype === 'float32');
    engine.run(
      'crossEntropyGradient',
      [
        ...[logits, targets, dy, left, gradient].map(info => engine.address(info)),
        ...[classes, rows, labelSmoothing, dense, chunks],
      ],
      {chunks},
    );
    return gradient;
  },
);

export const crossEntropyKernels = [forward, backward];
