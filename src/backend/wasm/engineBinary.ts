/** Functions of two float32 tensors on the engine, number by number, with broadcasting. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {chunksFor, engineKernel, isFloat} from './engine';
import type {Engine, EngineKernel} from './engine';

/** Codes of kernels/binary.ts. */
const codes = {
  [tf.Add]: 0,
  [tf.Sub]: 1,
  [tf.Multiply]: 2,
  [tf.RealDiv]: 3,
  [tf.Maximum]: 4,
  [tf.Minimum]: 5,
  [tf.SquaredDifference]: 6,
};

/** Codes of kernels/binary.ts for gradients: of `dy` and the function's result, or of what it was applied to. */
export const gradientCodes = {
  [tf.Relu]: 7,
  [tf.Elu]: 8,
  [tf.Sigmoid]: 9,
  [tf.Tanh]: 10,
  [tf.Relu6]: 11,
  [tf.Selu]: 12,
  [tf.LeakyRelu]: 13,
  [tf.Abs]: 14,
  [tf.Square]: 15,
  [tf.Sqrt]: 16,
  [tf.Rsqrt]: 17,
  [tf.Softplus]: 18,
  [tf.Erf]: 19,
};

/** The gradient of a function of one tensor, as a kernel of our own. */
export const UNARY_GRADIENT = 'GlassboxUnaryGradient';

interface GradientAttrs {
  /** The function's kernel. */
  readonly of: keyof typeof gradientCodes;
  readonly alpha?: number;
}

/** Of these tfjs's own are as fast, so few numbers are left to them: calling the engine costs more than it gains. */
const fastInTfjs = new Set<string>([tf.Add, tf.Sub, tf.Multiply, tf.RealDiv, tf.SquaredDifference]);
const FEW = 1 << 15;

/** What a number costs, in multiplications, about: they wait for memory. */
const COST = 8;
/** Numbers in an indivisible piece of the work; as in kernels/binary.ts. */
const BLOCK = 16;
/** Axes that the kernel walks, the last of them in a line. */
const AXES = 4;

export const binaryKernels: readonly EngineKernel[] = [
  ...Object.entries(codes).map(([kernelName, code]) =>
    engineKernel<Record<'a' | 'b', TensorInfo>, object>(kernelName, ({inputs: {a, b}, engine, make}) => {
      if (!isFloat(a) || !isFloat(b)) return undefined;
      if (fastInTfjs.has(kernelName) && Math.max(sizeOf(a), sizeOf(b)) < FEW) return undefined;
      const axes = broadcastAxes(a.shape, b.shape);
      if (axes === undefined) return undefined;
      const out = make(tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape));
      combine(engine, code, engine.address(a), engine.address(b), engine.address(out), axes);
      return out;
    }),
  ),
  engineKernel<Record<'dy' | 'value', TensorInfo>, GradientAttrs>(
    UNARY_GRADIENT,
    ({inputs: {dy, value}, attrs: {of, alpha}, engine, make}) => {
      const out = make(dy.shape);
      const length = tf.util.sizeFromShape(dy.shape);
      const addresses = [engine.address(dy), engine.address(value), engine.address(out)] as const;
      combine(engine, gradientCodes[of], ...addresses, [{length, stepA: 1, stepB: 1}], alpha);
      return out;
    },
  ),
];

function sizeOf({shape}: TensorInfo): number {
  return tf.util.sizeFromShape(shape);
}

/** An axis of the output. */
interface Axis {
  readonly length: number;
  /** Numbers from one place to the next; 0 where the operand is repeated. */
  readonly stepA: number;
  readonly stepB: number;
}

/** The axes of the output, merged where both operands allow it; undefined if they are too many, or empty. */
function broadcastAxes(shapeA: number[], shapeB: number[]): Axis[] | undefined {
  const rank = Math.max(shapeA.length, shapeB.length);
  const axes: Axis[] = [];
  let sizeA = 1;
  let sizeB = 1;
  for (let i = 1; i <= rank; i++) {
    const a = shapeA.at(-i) ?? 1;
    const b = shapeB.at(-i) ?? 1;
    if (a !== b && a !== 1 && b !== 1) return undefined; // tfjs says what is wrong
    if (a === 0 || b === 0) return undefined;
    const length = Math.max(a, b);
    if (length === 1) continue;
    const repeatsA = a === 1;
    const repeatsB = b === 1;
    const inner = axes[0];
    if (inner !== undefined && repeatsA === (inner.stepA === 0) && repeatsB === (inner.stepB === 0))
      axes[0] = {...inner, length: inner.length * length};
    else axes.unshift({length, stepA: repeatsA ? 0 : sizeA, stepB: repeatsB ? 0 : sizeB});
    sizeA *= a;
    sizeB *= b;
  }
  return axes.length > AXES ? undefined : axes;
}

function combine(
  engine: Engine,
  code: number,
  a: number,
  b: number,
  to: number,
  axes: readonly Axis[],
  alpha = 0,
): void {
  const single: Axis = {length: 1, stepA: 0, stepB: 0};
  const all: Axis[] = [...Array.from({length: AXES - axes.length}, () => single), ...axes];
  const lengths = all.map(({length}) => length);
  const size = lengths.reduce((product, length) => product * length, 1);
  if (size === 0) return;
  const chunks = chunksFor(Math.ceil(size / BLOCK), BLOCK * COST);
  const outer = all.slice(0, -1);
  const line = all.at(-1)!;
  const stepsA = [...outer.map(({stepA}) => stepA), Number(line.stepA === 0)];
  const stepsB = [...outer.map(({stepB}) => stepB), Number(line.stepB === 0)];
  engine.run('binary', [a, b, to, code, alpha, chunks, ...lengths, ...stepsA, ...stepsB], {chunks});
}
