/**
 * Matrix products. tfjs's run at full rate only for one pair of matrices of which neither is transposed; a
 * transposed one, as in every gradient of a dense layer, costs twenty times as much, and so does a batch, as in
 * attention. Here a transposed operand is copied first, and a batch is taken pair by pair.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {floats, stockKernel, wasmKernel} from './tfjsInternals';
import type {Scratch, StockKernel} from './tfjsInternals';

/** Multiplications below which the plain loops of tfjs are faster than preparing for its fast kernel. */
const SMALL = 32 * 32 * 32;

interface Attrs {
  transposeA: boolean;
  transposeB: boolean;
}

interface Sizes {
  batchA: number;
  batchB: number;
  rows: number;
  inner: number;
  columns: number;
}

/** `BatchMatMul`. */
export function batchMatMul(): KernelConfig {
  const stock = {matMul: stockKernel(tf.BatchMatMul), transpose: stockKernel(tf.Transpose)};
  return wasmKernel<Record<'a' | 'b', TensorInfo>, Attrs>(
    tf.BatchMatMul,
    ({inputs: {a, b}, attrs, scratch}) => {
      const sizes = sizesOf(a, b, attrs);
      const plan = planFor(sizes, attrs);
      const outer = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
      if (sizes.inner === 0 && a.dtype === 'float32') {
        const zeros = scratch.make([...outer, sizes.rows, sizes.columns]);
        floats(scratch.backend, zeros).fill(0);
        return zeros;
      }
      if (plan === 'stock' || !isSimpleBatch(a, b) || a.dtype !== 'float32' || b.dtype !== 'float32')
        return stock.matMul(scratch, {a, b}, attrs);
      const {batchA, batchB, rows, inner, columns} = sizes;
      const left = attrs.transposeA
        ? stock.transpose(scratch, {x: scratch.reshape(a, [batchA, inner, rows])}, {perm: [0, 2, 1]})
        : a;
      const right = attrs.transposeB
        ? stock.transpose(scratch, {x: scratch.reshape(b, [batchB, columns, inner])}, {perm: [0, 2, 1]})
        : b;
      const product = multiply(scratch, stock.matMul, left, right, sizes);
      return scratch.rename(product, [...outer, rows, columns]);
    },
  );
}

/** `_FusedMatMul`: as above, for the products of one pair that tfjs fuses with bias and activation. */
export function fusedMatMul(): KernelConfig {
  const stock = {matMul: stockKernel(tf._FusedMatMul), transpose: stockKernel(tf.Transpose)};
  type Inputs = Record<'a' | 'b', TensorInfo> &
    Partial<Record<'bias' | 'preluActivationWeights', TensorInfo>>;
  return wasmKernel<Inputs, Attrs>(tf._FusedMatMul, ({inputs, attrs, scratch}) => {
    const {a, b} = inputs;
    const sizes = sizesOf(a, b, attrs);
    const {batchA, batchB, rows, inner, columns} = sizes;
    if (
      planFor(sizes, attrs) === 'stock' ||
      batchA !== 1 ||
      batchB !== 1 ||
      !(attrs.transposeA || attrs.transposeB)
    )
      return stock.matMul(scratch, inputs, attrs);
    const turn = (x: TensorInfo, shape: number[]): TensorInfo =>
      stock.transpose(scratch, {x: scratch.reshape(x, shape)}, {perm: [0, 2, 1]});
    return stock.matMul(
      scratch,
      {
        ...inputs,
        a: attrs.transposeA ? turn(a, [1, inner, rows]) : a,
        b: attrs.transposeB ? turn(b, [1, columns, inner]) : b,
      },
      {...attrs, transposeA: false, transposeB: false},
    );
  });
}

function sizesOf(a: TensorInfo, b: TensorInfo, {transposeA, transposeB}: Attrs): Sizes {
  const [heightA, widthA] = a.shape.slice(-2) as [number, number];
  const [heightB, widthB] = b.shape.slice(-2) as [number, number];
  return {
    batchA: tf.util.sizeFromShape(a.shape.slice(0, -2)),
    batchB: tf.util.sizeFromShape(b.shape.slice(0, -2)),
    rows: transposeA ? widthA : heightA,
    inner: transposeA ? heightA : widthA,
    columns: transposeB ? heightB : widthB,
  };
}

function planFor(
  {batchA, batchB, rows, inner, columns}: Sizes,
  {transposeA, transposeB}: Attrs,
): 'stock' | 'own' {
  const isPair = batchA === 1 && batchB === 1;
  if (isPair && !transposeA && !transposeB) return 'stock';
  const oneForAll = batchB === 1 && batchA > 1 && !transposeA;
  const multiplications = rows * inner * columns * (oneForAll ? batchA : 1);
  if (multiplications < SMALL) return 'stock';
  // Copying an operand, and packing the right one, costs as much as two multiplications an element in tfjs's loops.
  const copied = (transposeA ? rows * inner : 0) + inner * columns * (transposeB ? 2 : 1);
  return multiplications > 2.5 * copied ? 'own' : 'stock';
}

/** Whether the batches pair up one by one, or one of the two is a single matrix. */
function isSimpleBatch(a: TensorInfo, b: TensorInfo): boolean {
  const outerA = a.shape.slice(0, -2);
  const outerB = b.shape.slice(0, -2);
  return (
    tf.util.arraysEqual(outerA, outerB) ||
    tf.util.sizeFromShape(outerA) === 1 ||
    tf.util.sizeFromShape(outerB) === 1
  );
}

function multiply(
  scratch: Scratch,
  matMul: StockKernel,
  a: TensorInfo,
  b: TensorInfo,
  {batchA, batchB, rows, inner, columns}: Sizes,
): TensorInfo {
  const attrs = {transposeA: false, transposeB: false};
  if (batchB === 1) {
    return matMul(
      scratch,
      {a: scratch.reshape(a, [batchA * rows, inner]), b: scratch.reshape(b, [inner, columns])},
      attrs,
    );
  }
  const batch = Math.max(batchA, batchB);
  const out = scratch.make([batch, rows, columns]);
  for (let i = 0; i < batch; i++) {
    const left = scratch.view(a, batchA === 1 ? 0 : i * rows * inner, [rows, inner]);
    // The fast kernel keeps what it prepares of the right matrix until that is disposed.
    const right = scratch.view(b, i * inner * columns, [inner, columns]);
    const product = matMul(scratch, {a: left, b: right}, attrs);
    floats(scratch.backend, out).set(floats(scratch.backend, product), i * rows * columns);
    scratch.free(product);
    scratch.closeView(left);
    scratch.closeView(right);
  }
  return out;
}
