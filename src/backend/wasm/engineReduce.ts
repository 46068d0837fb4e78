/** Sums, means, largest and smallest numbers over axes of float32 tensors, on the engine. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {chunksFor, engineKernel, isFloat} from './engine';
import type {Engine, EngineKernel} from './engine';
import {floats} from './tfjsInternals';

interface Attrs {
  axis?: number | number[];
  reductionIndices?: number | number[];
  keepDims: boolean;
}

/** Codes of kernels/reduce.ts. */
const codes = {[tf.Sum]: 0, [tf.Mean]: 0, [tf.Max]: 1, [tf.Min]: 2};

/** What they come to of no numbers, as on tfjs's cpu backend. */
const OF_NONE: Record<string, number> = {
  [tf.Sum]: 0,
  [tf.Mean]: 0,
  [tf.Max]: NaN,
  [tf.Min]: NaN,
};

/** What a number costs, in multiplications, about: they wait for memory. */
const COST = 8;
/** Rows that a part should have at least, a multiple of those that kernels/reduce.ts adds up in float32. */
const ROWS = 256;
/** Columns that a part should have at least; as above. */
const COLUMNS = 64;

export const reductionKernels: readonly EngineKernel[] = Object.entries(codes).map(([kernelName, code]) =>
  engineKernel<Record<'x', TensorInfo>, Attrs>(kernelName, ({inputs: {x}, attrs, engine, scratch, make}) => {
    if (!isFloat(x)) return undefined;
    const axes = tf.util.parseAxisParam(attrs.axis ?? attrs.reductionIndices!, x.shape);
    const [outShape, reducedShape] = tf.backend_util.computeOutAndReduceShapes(x.shape, axes);
    const shape = attrs.keepDims ? tf.backend_util.expandShapeToKeepDim(outShape, axes) : outShape;
    const scale = kernelName === tf.Mean ? 1 / tf.util.sizeFromShape(reducedShape) : 1;
    if (tf.util.sizeFromShape(x.shape) === 0) {
      const out = make(shape);
      floats(scratch.backend, out).fill(OF_NONE[kernelName]!);
      return out;
    }
    const steps = reductionSteps(x.shape, axes);
    let from = x;
    steps.forEach((step, i) => {
      const isLast = i === steps.length - 1;
      const out = make(isLast ? shape : [step.count * step.width]);
      reduce(engine, code, engine.address(from), engine.address(out), step, isLast ? scale : 1);
      if (from !== x) scratch.free(from);
      from = out;
    });
    return from;
  }),
);

/** A tensor as `count` matrices whose rows are reduced. */
interface Step {
  count: number;
  rows: number;
  width: number;
}

/** One step for each run of neighbouring axes that are reduced, the last run first. */
function reductionSteps(shape: readonly number[], axes: readonly number[]): Step[] {
  const runs: {length: number; reduced: boolean}[] = [];
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const reduced = axes.includes(axis);
    const run = runs.at(-1);
    if (run?.reduced === reduced) run.length *= length;
    else runs.push({length, reduced});
  });
  const size = (part: typeof runs): number => part.reduce((product, {length}) => product * length, 1);
  const steps: Step[] = [];
  for (let i = runs.length - 1; i >= 0; i--) {
    if (!runs[i]!.reduced) continue;
    const width = size(runs.slice(i + 1).filter(({reduced}) => !reduced));
    steps.push({count: size(runs.slice(0, i)), rows: runs[i]!.length, width});
  }
  // Nothing to reduce is a copy.
  return steps.length > 0 ? steps : [{count: 1, rows: 1, width: size(runs)}];
}

/** `to = scale · op over the rows`, from one address to another. */
function reduce(engine: Engine, code: number, x: number, to: number, step: Step, scale: number): void {
  const {count, rows, width} = step;
  const wanted = chunksFor(count * rows * width, COST);
  const matrixParts = Math.min(wanted, count);
  const rowParts = Math.max(1, Math.min(Math.ceil(wanted / matrixParts), Math.floor(rows / ROWS)));
  const left = Math.ceil(wanted / (matrixParts * rowParts));
  const columnParts = Math.max(1, Math.min(left, Math.floor(width / COLUMNS)));
  const parts = rowParts > 1 ? engine.workspace(8 * count * rowParts * width) : to;
  engine.run('reduce', [x, parts, code, count, rows, width, matrixParts, rowParts, columnParts, scale], {
    chunks: matrixParts * rowParts * columnParts,
    scratch: 8 * width,
  });
  if (rowParts > 1) engine.run('reduceParts', [parts, to, code, count, rowParts, width, scale]);
}
