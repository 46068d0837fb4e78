/** Products of matrices on the engine, in chunks of rows and columns. */
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
/** Rows of a chunk at most, while there are chunks enough: 256 steps of them take 128 kB of a second-level cache. */
const ROWS_TOGETHER = 128;
/** Where A is turned, into how many chunks its rows go if there are enough of them, and how many make one worthwhile. */
const SHARES = 8;
const ROWS_OF_SHARE = 32;
/** Columns of a chunk at least, where it has to turn A. */
const COLUMNS_TOGETHER = 128;

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
  const {a, b, c, batch, rows, depth, columns, turnedA, turnedB, sharesA, sharesB} = product;
  const {bias = 0, activation = 0} = product;
  // A few rows do not pay for packing B.
  const plain = !turnedB && rows <= FEW_ROWS && columns % PANEL === 0;
  const {batchChunks, rowChunks, columnChunks} = split(product);
  const rowsPerChunk = Math.ceil(Math.ceil(rows / ROWS) / rowChunks) * ROWS;
  engine.run(
    'matMul',
    [
      ...[a, b, c, rows, depth, columns, Number(turnedA), Number(turnedB)],
      ...[sharesA ? 0 : 4 * rows * depth, sharesB ? 0 : 4 * depth * columns, bias, activation],
      ...[rowChunks, columnChunks, Number(plain), batch, batchChunks],
    ],
    {
      chunks: batchChunks * rowChunks * columnChunks,
      scratch: 80 + 4 * Math.min(depth, DEPTH) * (PANEL + (turnedA ? rowsPerChunk : 0)),
    },
  );
}

/**
 * Into how many chunks the batch goes, or the rows and columns of each product. Every chunk of rows packs B anew, and
 * every chunk of columns turns A.
 */
function split({
  batch,
  rows,
  depth,
  columns,
  turnedA,
}: Product): Record<'batchChunks' | 'rowChunks' | 'columnChunks', number> {
  const tiles = Math.ceil(rows / ROWS) * Math.ceil(columns / PANEL);
  const chunks = chunksFor(batch * tiles, ROWS * PANEL * depth);
  if (chunks <= batch) return {batchChunks: chunks, rowChunks: 1, columnChunks: 1};
  const each = Math.ceil(chunks / batch);
  const fewest = Math.ceil(rows / ROWS_TOGETHER);
  if (!turnedA) {
    const rowChunks = Math.min(each, fewest);
    const columnChunks = Math.min(Math.ceil(each / rowChunks), Math.ceil(columns / PANEL));
    return {batchChunks: batch, rowChunks, columnChunks};
  }
  // A gradient of a weight may be a long sum of few numbers, which all threads should have a share of.
  const rowChunks = Math.min(each, Math.max(fewest, Math.min(SHARES, Math.floor(rows / ROWS_OF_SHARE))));
  const most = Math.max(1, Math.floor(columns / COLUMNS_TOGETHER));
  return {batchChunks: batch, rowChunks, columnChunks: Math.min(Math.ceil(each / rowChunks), most)};
}
