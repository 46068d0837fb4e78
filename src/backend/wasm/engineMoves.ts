/** `Tile` and `Transpose` on the engine, for numbers of 4 bytes, float32 and int32. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {chunksFor, engineKernel} from './engine';
import {mergeAxes} from './transpose';

/** What a number costs, in multiplications, about: it waits for memory. */
const COST = 8;

function hasFourBytes({dtype}: TensorInfo): boolean {
  return dtype === 'float32' || dtype === 'int32';
}

export const engineTile = engineKernel<Record<'x', TensorInfo>, {reps: number[]}>(
  tf.Tile,
  ({inputs: {x}, attrs: {reps}, engine, scratch, make}) => {
    const shape = x.shape.map((length, axis) => length * reps[axis]!);
    if (!hasFourBytes(x) || tf.util.sizeFromShape(shape) === 0) return undefined;
    const steps = tileSteps(x.shape, reps);
    let from = x;
    steps.forEach(({blocks, length, times}, i) => {
      const isLast = i === steps.length - 1;
      const out = make(isLast ? shape : [blocks * times * length], x.dtype);
      const chunks = chunksFor(blocks * times, COST * length);
      engine.run('repeat', [engine.address(from), engine.address(out), blocks, length, times, chunks], {
        chunks,
      });
      if (from !== x) scratch.free(from);
      from = out;
    });
    return from;
  },
);

/** Blocks that are repeated, each as a whole. */
interface TileStep {
  blocks: number;
  length: number;
  times: number;
}

/** One step for each axis that is repeated, but one for those with nothing in between; the last axis first. */
function tileSteps(shape: readonly number[], reps: readonly number[]): TileStep[] {
  const steps: TileStep[] = [];
  let length = 1;
  let blocks = tf.util.sizeFromShape([...shape]);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const times = reps[axis]!;
    const inner = steps.at(-1)!;
    length *= shape[axis]!;
    blocks /= shape[axis]!;
    if (times === 1) continue;
    if (inner !== undefined && length === inner.length * inner.times) inner.times *= times;
    else steps.push({blocks, length, times});
    length *= times;
  }
  // Nothing to repeat is a copy.
  return steps.length > 0 ? steps : [{blocks: 1, length, times: 1}];
}

/** Axes that the kernels walk beside those that they copy or turn. */
const AXES = 3;
/** Rows and columns of a piece of a matrix, as in kernels/transpose.ts. */
const PIECE = 64;

export const engineTranspose = engineKernel<Record<'x', TensorInfo>, {perm: number[]}>(
  tf.Transpose,
  ({inputs: {x}, attrs: {perm: order}, engine, make}) => {
    const size = tf.util.sizeFromShape(x.shape);
    const {shape, perm} = mergeAxes(x.shape, order);
    const last = shape.length - 1;
    const staysLast = perm.at(-1)! === last;
    // A mere change of shape shares the numbers in the kernel below.
    const isMore = shape.length > 1 && shape.length <= AXES + (staysLast ? 1 : 2);
    if (!hasFourBytes(x) || size === 0 || !isMore) return undefined;
    const steps = stepsOf(shape);
    const outSteps = stepsOf(perm.map(axis => shape[axis]!));
    const rowAxis = perm.at(-1)!;
    const outer = perm.filter(axis => axis !== last && axis !== rowAxis);
    const missing = Array.from({length: AXES - outer.length}, () => 1);
    const lengths = [...missing, ...outer.map(axis => shape[axis]!)];
    const from = [...missing, ...outer.map(axis => steps[axis]!)];
    const out = make(
      order.map(axis => x.shape[axis]!),
      x.dtype,
    );
    const addresses = [engine.address(x), engine.address(out)];
    const width = shape[last]!;
    if (staysLast) {
      const chunks = chunksFor(size / width, COST * width);
      engine.run('transposeLines', [...addresses, ...lengths, ...from, width, chunks], {chunks});
      return out;
    }
    const rows = shape[rowAxis]!;
    const to = [...missing, ...outer.map(axis => outSteps[perm.indexOf(axis)]!)];
    const matrices = size / (rows * width);
    const pieces = matrices * Math.ceil(rows / PIECE) * Math.ceil(width / PIECE);
    const chunks = chunksFor(pieces, (COST * size) / pieces);
    const turned = [rows, width, steps[rowAxis]!, outSteps[perm.indexOf(last)]!];
    engine.run('transposeMatrices', [...addresses, ...lengths, ...from, ...to, ...turned, chunks], {chunks});
    return out;
  },
);

/** Numbers from one place to the next along each axis. */
function stepsOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
}
