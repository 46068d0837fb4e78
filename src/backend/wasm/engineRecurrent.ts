/**
 * What the recurrent kernels share on this side: codes of activations, packing of weights, and the gradients of
 * weights, inputs and bias from those of the gates' sums.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {chunksFor, engineKernel} from './engine';
import type {Engine} from './engine';

/** Activations of gates by their names in tfjs-layers; as in kernels/gateActivation.ts. */
export const gateActivations: Readonly<Record<string, number | undefined>> = {
  linear: 0,
  relu: 1,
  tanh: 2,
  sigmoid: 3,
  hardSigmoid: 4,
};

/** Names of the kernels; who calls one must see that it exists. */
export const RECURRENT_KERNEL_GRADIENT = 'GlassboxRecurrentKernelGradient';
export const RECURRENT_INPUT_GRADIENT = 'GlassboxRecurrentInputGradient';
export const RECURRENT_BIAS_GRADIENT = 'GlassboxRecurrentBiasGradient';

/** How the two activations of a layer, and its direction, are given to its kernels. */
export interface RecurrentAttrs {
  readonly activation: number;
  readonly recurrentActivation: number;
  readonly goBackwards: boolean;
}

/** Scratch bytes that a chunk's products need, as `SPILL` in kernels/recurrent.ts. */
const SPILL = 128;
const PANEL = 16;
const ROWS = 2;
const DEPTH = 256;
/**
 * Rows of the batch that go through time together: the recurrent weights are read once for all of them at each step,
 * and few enough fit in the cache and leave work for other threads.
 */
const ROWS_TOGETHER = 18;

/** Into how many chunks a batch goes, and the scratch bytes of one. */
export function splitBatch(batch: number, costOfRow: number, numbersOfRow: number) {
  const blocks = Math.ceil(batch / ROWS);
  const chunks = Math.min(chunksFor(blocks, ROWS * costOfRow), Math.ceil(batch / ROWS_TOGETHER));
  const rows = Math.ceil(blocks / chunks) * ROWS;
  return {chunks, scratch: SPILL + 4 * rows * numbersOfRow};
}

/** Some columns of a weight, all of its rows; turned, what multiplies gradients. */
export interface GatesOfWeight {
  weight: TensorInfo;
  first: number;
  columns: number;
  turned: boolean;
}

/** Bytes that some columns of a weight take in panels. */
function packedBytes({weight, columns, turned}: GatesOfWeight): number {
  const rows = weight.shape[0]!;
  return turned ? 4 * Math.ceil(rows / PANEL) * PANEL * padded(columns) : 4 * padded(columns) * rows;
}

/** Packs weights into the engine's workspace, one after the other; the addresses. */
export function packWeights(engine: Engine, weights: readonly GatesOfWeight[]): number[] {
  const bytes = weights.map(packedBytes);
  let at = engine.workspace(bytes.reduce((a, b) => a + b, 0));
  return weights.map((weight, i) => {
    const start = at;
    packGates(engine, weight, start, 64 * (weight.turned ? padded(weight.columns) : weight.weight.shape[0]!));
    at += bytes[i]!;
    return start;
  });
}

function packGates(
  engine: Engine,
  {weight, first, columns, turned}: GatesOfWeight,
  to: number,
  panelBytes: number,
): void {
  const [rows, width] = weight.shape as [number, number];
  const address = engine.address(weight);
  engine.run('packGates', [address, to, rows, width, first, columns, Number(turned), panelBytes]);
}

/** The shape of gradients of sums in panels; `groups` are the numbers of columns that begin a panel of their own. */
export function panelsShape(rows: number, groups: readonly number[]): [number, number, number] {
  return [panelsOf(groups), rows, PANEL];
}

interface GroupAttrs {
  /** Columns of each group of gates; each begins a new panel. */
  groups: number[];
}

/**
 * The gradient of a weight: what it was multiplied with, turned, times the gradients of the sums. The last group may
 * have been multiplied with something else, `candidate`.
 */
const kernelGradient = engineKernel<{a: TensorInfo; panels: TensorInfo; candidate?: TensorInfo}, GroupAttrs>(
  RECURRENT_KERNEL_GRADIENT,
  ({inputs: {a, panels, candidate}, attrs: {groups}, engine, make}) => {
    const rows = a.shape.at(-1)!;
    const depth = panels.shape[1]!;
    const width = groups.reduce((sum, columns) => sum + columns, 0);
    const out = make([rows, width]);
    let from = engine.address(panels);
    let to = engine.address(out);
    groups.forEach((columns, i) => {
      const left = i === groups.length - 1 && candidate !== undefined ? candidate : a;
      // A chunk turns its part of A, which four panels pay for; 96 rows of 256 steps fit in the cache.
      const rowChunks = Math.ceil(rows / 96);
      const panelChunks = Math.min(
        Math.ceil(columns / (4 * PANEL)),
        chunksFor(columns, (rows / rowChunks) * depth),
      );
      const rowsOfChunk = Math.ceil(Math.ceil(rows / ROWS) / rowChunks) * ROWS;
      engine.run(
        'multiplyTurned',
        [engine.address(left), rows, from, depth, columns, to, 4 * width, rowChunks, panelChunks],
        {chunks: rowChunks * panelChunks, scratch: SPILL + 4 * DEPTH * rowsOfChunk},
      );
      from += 4 * padded(columns) * depth;
      to += 4 * columns;
    });
    return out;
  },
);

/** The gradient of the inputs: the gradients of the sums times the kernel, turned. */
const inputGradient = engineKernel<Record<'panels' | 'kernel', TensorInfo>, GroupAttrs & {shape: number[]}>(
  RECURRENT_INPUT_GRADIENT,
  ({inputs: {panels, kernel}, attrs: {groups, shape}, engine, make}) => {
    const [count, rows] = panels.shape as [number, number];
    const columns = shape.at(-1)!;
    const out = make(shape);
    const panelBytes = 64 * PANEL * count;
    const packed = engine.workspace(Math.ceil(columns / PANEL) * panelBytes);
    let to = packed;
    let first = 0;
    for (const size of groups) {
      packGates(engine, {weight: kernel, first, columns: size, turned: true}, to, panelBytes);
      to += 64 * padded(size);
      first += size;
    }
    const chunks = chunksFor(Math.ceil(rows / ROWS), ROWS * columns * PANEL * count);
    engine.run(
      'multiplyPanels',
      [engine.address(panels), count, packed, engine.address(out), rows, columns, chunks],
      {chunks, scratch: 64 + 4 * count},
    );
    return out;
  },
);

/** The gradient of the bias: sums of the gradients. */
const biasGradient = engineKernel<{panels: TensorInfo}, GroupAttrs>(
  RECURRENT_BIAS_GRADIENT,
  ({inputs: {panels}, attrs: {groups}, engine, make}) => {
    const rows = panels.shape[1]!;
    const out = make([groups.reduce((sum, columns) => sum + columns, 0)]);
    let from = engine.address(panels);
    let to = engine.address(out);
    for (const columns of groups) {
      const chunks = chunksFor(Math.ceil(columns / PANEL), rows * PANEL);
      engine.run('sumPanels', [from, rows, columns, to, chunks], {chunks});
      from += 4 * padded(columns) * rows;
      to += 4 * columns;
    }
    return out;
  },
);

export const recurrentGradients = [kernelGradient, inputGradient, biasGradient];

/** Columns in whole panels. */
function padded(columns: number): number {
  return Math.ceil(columns / PANEL) * PANEL;
}

function panelsOf(groups: readonly number[]): number {
  return tf.util.sum([...groups.map(columns => Math.ceil(columns / PANEL))]);
}

/** The address of what may be left out. */
export function addressOf(engine: Engine, info: TensorInfo | undefined): number {
  return info === undefined ? 0 : engine.address(info);
}
