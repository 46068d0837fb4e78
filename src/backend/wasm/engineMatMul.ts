/** Products of matrices on the engine: B is packed into panels of sixteen columns, then multiplied in chunks of rows. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {activationCode, chunksFor, engineKernel, isFloat} from './engine';
import type {Engine} from './engine';
import {isBiasOf} from './engineBias';
import {floats} from './tfjsInternals';
import type {Scratch} from './tfjsInternals';

/** Columns of a packed panel, and rows of a tile; as in kernels/tile.ts. */
const PANEL = 16;
const ROWS = 2;
/** Steps of a sum at a time; as in kernels/matMul.ts. */
const DEPTH = 256;

/** Rows up to which packing B costs more than it saves. */
const FEW_ROWS = 6;
/** Columns of which a packed panel has too few. */
const FEW_COLUMNS = 4;
/** Bytes up to which packing them costs nothing to speak of. */
const WORTHWHILE = 1 << 20;
/** Bytes of a batch's packed matrices at a time. */
const PACKED = 32 << 20;

interface Attrs {
  transposeA: boolean;
  transposeB: boolean;
}

/** `BatchMatMul` of float32. */
export const engineBatchMatMul = engineKernel<Record<'a' | 'b', TensorInfo>, Attrs>(
  tf.BatchMatMul,
  ({inputs: {a, b}, attrs, engine, scratch, make}) => {
    const plan = planOf(a, b, attrs);
    if (plan === undefined) return undefined;
    const out = make(plan.shape);
    multiply(engine, productOf(engine, scratch, plan.product, {a, b, out}));
    return out;
  },
);

interface FusedAttrs extends Attrs {
  activation: string;
}

/** `_FusedMatMul` of float32, with the activations that cost nothing on the way to memory. */
export const engineFusedMatMul = engineKernel<
  Record<'a' | 'b', TensorInfo> & Partial<Record<'bias' | 'preluActivationWeights', TensorInfo | null>>,
  FusedAttrs
>(tf._FusedMatMul, ({inputs: {a, b, bias}, attrs, engine, scratch, make}) => {
  const plan = planOf(a, b, attrs);
  const activation = activationCode(attrs.activation);
  if (plan === undefined || activation === undefined) return undefined;
  if (bias != null && !isBiasOf(bias, plan.product.columns)) return undefined;
  const out = make(plan.shape);
  multiply(engine, {
    ...productOf(engine, scratch, plan.product, {a, b, out}),
    bias: bias == null ? 0 : engine.address(bias),
    activation,
  });
  return out;
});

type Sizes = Omit<Product, 'a' | 'b' | 'c'>;

/** A product of tensors. */
function productOf(
  engine: Engine,
  scratch: Scratch,
  sizes: Sizes,
  {a, b, out}: Record<'a' | 'b' | 'out', TensorInfo>,
): Product {
  const c = engine.address(out);
  if (sizes.depth > 0) return {...sizes, a: engine.address(a), b: engine.address(b), c};
  // Sums of nothing are those of one zero, which the kernel knows how to go on from.
  const zeros = scratch.make([sizes.batch * Math.max(sizes.rows, sizes.columns)]);
  floats(scratch.backend, zeros).fill(0);
  return {...sizes, a: engine.address(zeros), b: engine.address(zeros), c, depth: 1};
}

/** The shape of a product and its sizes; undefined for one that the engine does not compute. */
function planOf(
  a: TensorInfo,
  b: TensorInfo,
  {transposeA, transposeB}: Attrs,
): {shape: number[]; product: Sizes} | undefined {
  if (!isFloat(a) || !isFloat(b)) return undefined;
  const outerA = a.shape.slice(0, -2);
  const outerB = b.shape.slice(0, -2);
  const countA = tf.util.sizeFromShape(outerA);
  const countB = tf.util.sizeFromShape(outerB);
  // Batches that pair up one by one, or one matrix for all.
  if (!tf.util.arraysEqual(outerA, outerB) && countA !== 1 && countB !== 1) return undefined;
  const [heightA, widthA] = a.shape.slice(-2) as [number, number];
  const [heightB, widthB] = b.shape.slice(-2) as [number, number];
  const rows = transposeA ? widthA : heightA;
  const depth = transposeA ? heightA : widthA;
  const columns = transposeB ? heightB : widthB;
  const batch = Math.max(countA, countB);
  if (countA * countB * rows * columns === 0) return undefined;
  // Sixteen times the numbers, of which fewer than four count, are not worth it for a few rows.
  const padded = 4 * PANEL * depth * countB;
  if (columns < FEW_COLUMNS && rows <= FEW_ROWS && padded > WORTHWHILE) return undefined;
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(outerA, outerB);
  // One B for a batch of untransposed A: one tall matrix.
  const isTall = countB === 1 && !transposeA;
  return {
    shape: [...outer, rows, columns],
    product: {
      ...{batch: isTall ? 1 : batch, rows: isTall ? rows * batch : rows, depth, columns},
      ...{turnedA: transposeA, turnedB: transposeB, sharesA: countA === 1, sharesB: countB === 1},
    },
  };
}

/** A batch of products of matrices at addresses. */
export interface Product {
  a: number;
  b: number;
  c: number;
  batch: number;
  rows: number;
  depth: number;
  columns: number;
  turnedA: boolean;
  turnedB: boolean;
  /** One matrix for the whole batch. */
  sharesA: boolean;
  sharesB: boolean;
  /** Address of a bias for the columns; 0 for none. */
  bias?: number;
  /** A code of kernels/activation.ts. */
  activation?: number;
}

/** `c = activation(a · b + bias)`. */
export function multiply(engine: Engine, product: Product): void {
  const {a, b, c, batch, rows, depth, columns, sharesA, sharesB} = product;
  const fitting = Math.max(1, Math.floor(PACKED / packedBytes(product)));
  if (readsPlain(product) || sharesB || batch <= fitting) return multiplyAtOnce(engine, product);
  for (let first = 0; first < batch; first += fitting)
    multiplyAtOnce(engine, {
      ...product,
      batch: Math.min(fitting, batch - first),
      a: sharesA ? a : a + 4 * first * rows * depth,
      b: b + 4 * first * depth * columns,
      c: c + 4 * first * rows * columns,
    });
}

/** Whether B is read as it lies. */
function readsPlain({turnedB, rows, columns}: Product): boolean {
  return !turnedB && rows <= FEW_ROWS && columns % PANEL === 0;
}

function multiplyAtOnce(engine: Engine, product: Product): void {
  const {a, b, c, batch, rows, depth, columns, turnedA, sharesA, sharesB} = product;
  const {bias = 0, activation = 0} = product;
  const readsB = readsPlain(product);
  const packed = readsB ? b : packB(engine, product);
  const bytesB = readsB ? 4 * depth * columns : packedBytes(product);
  // Where A needs turning, a chunk's part of it should fit in the cache.
  const rowBlocks = Math.ceil(rows / ROWS);
  const rowChunks = Math.max(
    chunksFor(rowBlocks, ROWS * depth * columns * Math.min(batch, 8)),
    turnedA ? Math.ceil(rows / 96) : 1,
  );
  const rowsPerChunk = Math.ceil(rowBlocks / rowChunks) * ROWS;
  engine.run(
    'matMul',
    [
      ...[a, packed, c, batch, rows, depth, columns, Number(turnedA)],
      ...[sharesA ? 0 : 4 * rows * depth, sharesB ? 0 : bytesB, bias, activation, rowChunks, Number(readsB)],
    ],
    {
      chunks: batch * rowChunks,
      scratch: 80 + (turnedA ? 4 * Math.min(depth, DEPTH) * rowsPerChunk : 0),
    },
  );
}

function packedBytes({columns, depth}: Product): number {
  return 4 * Math.ceil(columns / PANEL) * PANEL * depth;
}

/** Packs the right matrices into the workspace, and says where. */
function packB(engine: Engine, product: Product): number {
  const {b, batch, depth, columns, turnedB, sharesB} = product;
  const matrices = sharesB ? 1 : batch;
  const packed = engine.workspace(matrices * packedBytes(product));
  const panels = Math.ceil(columns / PANEL);
  const chunks = chunksFor(matrices * panels, PANEL * depth);
  engine.run('packColumns', [b, packed, matrices, depth, columns, Number(turnedB), chunks], {chunks});
  return packed;
}
