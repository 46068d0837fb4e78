/**
 * What a model does with its inputs, operation by operation: DeepLIFT looks at all of it before it says a number, since
 * an operation without a rule would make that number wrong.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {UnsupportedLayerError} from '../core';
import {recordedOperations} from './tfjsInternals';
import type {RecordedOperation} from './tfjsInternals';

/** Operations that are linear in these of their inputs together: their gradients are their multipliers. */
const LINEAR: Readonly<Record<string, readonly string[] | 'all'>> = {
  ...Object.fromEntries(
    [
      ...[tf.Add, tf.AddN, tf.Sub, tf.Neg, tf.Sum, tf.Mean, tf.Cumsum, tf.AvgPool, tf.AvgPool3D],
      ...[tf.Identity, tf.Reshape, tf.ExpandDims, tf.Transpose, tf.Reverse, tf.Tile, tf.BroadcastTo],
      ...[tf.Concat, tf.Pack, tf.Unpack, tf.Slice, tf.StridedSlice, tf.SplitV, tf.PadV2, tf.MirrorPad],
      ...[tf.SpaceToBatchND, tf.BatchToSpaceND, tf.ResizeBilinear, tf.ResizeNearestNeighbor, tf.ZerosLike],
      ...[tf.OnesLike, tf.Cast],
    ].map(name => [name, 'all' as const]),
  ),
  [tf.Conv2D]: ['x'],
  [tf.Conv2DBackpropInput]: ['dy'],
  [tf.Conv3D]: ['x'],
  [tf.DepthwiseConv2dNative]: ['x'],
  [tf.FusedBatchNorm]: ['x'],
  [tf.GatherV2]: ['x'],
  [tf.Select]: ['t', 'e'],
  // Operations with a gradient of their own: a product with its bias. Gradients leave the activation out of it.
  fusedMatMul__op: ['0'],
  fusedConv2d__op: ['0'],
  fusedDepthwiseConv2d__op: ['0'],
};

/** Which inputs of an operation depend on what is explained, by what the operation saved. */
export type Followed = WeakMap<object, ReadonlySet<string>>;

/**
 * Looks at every operation that leads from `values` to `scores`.
 *
 * @param ruled the inputs of operations that have a rule, by kernel
 * @param rows how many rows the values have: what has a rule keeps the batch first
 * @throws UnsupportedLayerError for an operation that is not linear and has no rule.
 */
export function followOperations(
  values: readonly Tensor[],
  scores: Tensor,
  ruled: Readonly<Record<string, readonly string[]>>,
  rows: number,
): Followed {
  const tape = recordedOperations();
  const leading = operationsBefore(scores, tape);
  const dependent = new Set(values.map(({id}) => id));
  const followed: Followed = new WeakMap();
  for (const operation of tape) {
    const names = Object.entries(operation.inputs)
      .filter(([, tensor]) => dependent.has(tensor.id))
      .map(([name]) => name);
    if (names.length === 0) continue;
    for (const {id} of operation.outputs) dependent.add(id);
    if (!leading.has(operation)) continue;
    checkOperation(operation, names, ruled, rows);
    if (operation.saved) followed.set(operation.saved, new Set(names));
  }
  return followed;
}

function operationsBefore(scores: Tensor, tape: readonly RecordedOperation[]): Set<RecordedOperation> {
  const needed = new Set([scores.id]);
  const before = new Set<RecordedOperation>();
  for (const operation of [...tape].reverse()) {
    if (!operation.outputs.some(({id}) => needed.has(id))) continue;
    before.add(operation);
    for (const tensor of Object.values(operation.inputs)) needed.add(tensor.id);
  }
  return before;
}

function checkOperation(
  {kernelName, inputs, outputs}: RecordedOperation,
  names: readonly string[],
  ruled: Readonly<Record<string, readonly string[]>>,
  rows: number,
): void {
  const isFloat = outputs.every(({dtype}) => dtype === 'float32');
  const linear = LINEAR[kernelName];
  if (isFloat && (linear === 'all' || (linear && names.every(name => linear.includes(name))))) return;
  if (isFloat && kernelName in ruled) {
    if (names.length === 1 && kernelName === tf.BatchMatMul) return;
    if (names.every(name => inputs[name]!.shape[0] % rows === 0)) return;
  }
  // A clone is recorded under the name of the function that made it.
  const isClone = tf.getGradient(kernelName) === undefined && Object.keys(inputs).join() === 'x';
  if (isClone) return;
  const isSoftmax = kernelName === tf.Softmax || kernelName === tf.LogSoftmax;
  throw new UnsupportedLayerError(
    `DeepLIFT has no rule for the operation ${kernelName} of [${names.join(', ')}].`,
    {
      hint: isSoftmax
        ? "A softmax at the end is left out by {head: 'logits'}; for one inside a model take IntegratedGradients."
        : 'Take IntegratedGradients or GradientShap, which need gradients only.',
      code: 'layer/deep-lift',
    },
  );
}
