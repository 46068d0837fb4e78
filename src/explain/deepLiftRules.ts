/** The rules of DeepLIFT, as gradients of operations on rows of inputs followed by as many rows of baselines. */
import * as tf from '@tensorflow/tfjs-core';
import type {GradConfig, NamedAttrMap, NamedTensorMap, Tensor, Tensor2D} from '@tensorflow/tfjs-core';
import {UnsupportedLayerError} from '../core';
import {followOperations} from './deepLiftTape';
import type {Followed} from './deepLiftTape';
import {withGradientRules} from './gradientRules';
import type {GradientRule} from './gradientRules';
import {gradientsAt} from './site';
import type {Site} from './site';

/** Functions of one number, smooth: where input and baseline are close, the slope between is more exact. */
const SMOOTH = [
  ...[tf.Sigmoid, tf.Tanh, tf.Elu, tf.Softplus, tf.Exp, tf.Expm1, tf.Log, tf.Log1p, tf.Sqrt, tf.Rsqrt],
  ...[tf.Erf, tf.Reciprocal, tf.Sin, tf.Cos, tf.Sinh, tf.Cosh, tf.Asinh, tf.Atan],
];
/** Those that bend the more the nearer they are to zero: what is close there is a share of the number. */
const SINGULAR = [tf.Log, tf.Sqrt, tf.Rsqrt, tf.Reciprocal];
const CLOSE_SHARE = 1e-2;
/** Functions of one number with a kink. */
const KINKED = [tf.Relu, tf.Relu6, tf.Selu, tf.LeakyRelu, tf.Abs, tf.ClipByValue];

/** The inputs of each operation that has a rule. */
const INPUTS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries([...SMOOTH, ...KINKED].map(name => [name, ['x']])),
  [tf.Prelu]: ['x', 'alpha'],
  [tf.Maximum]: ['a', 'b'],
  [tf.Minimum]: ['a', 'b'],
  [tf.RealDiv]: ['a', 'b'],
  [tf.Pow]: ['a', 'b'],
  [tf.Multiply]: ['a', 'b'],
  [tf.BatchMatMul]: ['a', 'b'],
  [tf.SquaredDifference]: ['a', 'b'],
  [tf.Square]: ['x'],
  [tf.MaxPool]: ['x'],
  [tf.MaxPool3D]: ['x'],
  [tf.Max]: ['x'],
};
const QUADRATIC = new Set<string>([tf.Multiply, tf.BatchMatMul, tf.SquaredDifference, tf.Square]);
const POOLING = new Set<string>([tf.MaxPool, tf.MaxPool3D, tf.Max]);

/** Below this distance the slope of a smooth function is taken between the two points: both err by 1e-7 there. */
const CLOSE = 1e-3;

/**
 * Multipliers of `[rows; as many baselines]`, in the rows' places and once more in the baselines': tensors of the
 * surrounding tidy.
 *
 * @throws UnsupportedLayerError for an operation without a rule.
 */
export function multipliersAt(
  site: Site,
  inputs: readonly Tensor[],
  values: readonly Tensor[],
  dy: Tensor2D,
): {scores: Tensor2D; gradients: Tensor[]} {
  let followed: Followed = new WeakMap();
  const watched: Site = {
    read: site.read.bind(site),
    score(given, at) {
      const scores = site.score(given, at, ({layer}) => {
        if (layer.getClassName() !== 'ThresholdedReLU') return undefined;
        throw new UnsupportedLayerError(`DeepLIFT has no rule for layer '${layer.name}' (ThresholdedReLU).`, {
          hint: 'Take IntegratedGradients or GradientShap, which need gradients only.',
          code: 'layer/deep-lift',
        });
      });
      followed = followOperations(at, scores, INPUTS, dy.shape[0]);
      return scores;
    },
  };
  const rules = Object.fromEntries(
    Object.keys(INPUTS).map(name => [name, ruleOf(name, saved => followed.get(saved) ?? new Set())]),
  );
  return withGradientRules(rules, () => gradientsAt(watched, inputs, values, dy));
}

/** One use of an operation, on the way back. */
interface Use {
  readonly original: GradConfig;
  readonly inputs: NamedTensorMap;
  readonly output: Tensor;
  readonly attrs: NamedAttrMap;
  readonly dy: Tensor;
}

function ruleOf(kernelName: string, dependentOf: (saved: Tensor[]) => ReadonlySet<string>): GradientRule {
  const names = INPUTS[kernelName]!;
  return original => ({
    kernelName,
    inputsToSave: [...names],
    outputsToSave: [true],
    gradFunc(dy, saved, attrs) {
      const inputs = Object.fromEntries(names.map((name, i) => [name, saved[i]!]));
      const use: Use = {original, inputs, output: saved.at(-1)!, attrs, dy: dy as Tensor};
      const dependent = [...dependentOf(saved)];
      if (POOLING.has(kernelName)) return {x: () => poolingRule(use)};
      if (QUADRATIC.has(kernelName)) return quadraticRule(use, dependent);
      if (kernelName === tf.RealDiv) return quotientRule(use, dependent);
      return Object.fromEntries(dependent.map(name => [name, () => rescaleRule(use, name, dependent)]));
    },
  });
}

/** Rescale: the difference of the outputs over that of the inputs (Shrikumar, Greenside and Kundaje 2017, 3.5.1). */
function rescaleRule(use: Use, name: string, dependent: readonly string[]): Tensor {
  const {original, inputs, output, dy} = use;
  const {kernelName} = original;
  const x = inputs[name]!;
  if (dependent.length > 1 || !tf.util.arraysEqual(x.shape, output.shape)) {
    throw new UnsupportedLayerError(
      `DeepLIFT has no rule for the operation ${kernelName} of two dependent inputs.`,
      {
        hint: 'Take IntegratedGradients or GradientShap, which need gradients only.',
        code: 'layer/deep-lift',
      },
    );
  }
  const [row, base] = halves(x);
  const [rowOutput, baseOutput] = halves(output);
  const difference = tf.sub(row, base);
  const close = SINGULAR.includes(kernelName)
    ? tf.mul(CLOSE_SHARE, tf.minimum(tf.abs(row), tf.abs(base)))
    : SMOOTH.includes(kernelName)
      ? CLOSE
      : 0;
  const isClose = tf.lessEqual(tf.abs(difference), close);
  const middle = {...inputs, [name]: twice(tf.div(tf.add(row, base), 2))};
  const [slope] = halves(gradientOf({...use, inputs: middle, dy: tf.onesLike(dy)}, name));
  const quotient = tf.divNoNan(tf.sub(rowOutput, baseOutput), difference);
  return tf.mul(dy, twice(tf.where(isClose, slope, quotient)));
}

/** A product's difference is its gradient half-way, exactly; so is that of a square. */
function quadraticRule(use: Use, dependent: readonly string[]): Record<string, () => Tensor> {
  const {original, inputs} = use;
  const isSquare = original.kernelName === tf.Square || original.kernelName === tf.SquaredDifference;
  const middle = {...inputs};
  if (isSquare || dependent.length > 1) {
    for (const name of dependent) {
      const [row, base] = halves(inputs[name]!);
      middle[name] = twice(tf.div(tf.add(row, base), 2));
    }
  }
  return Object.fromEntries(dependent.map(name => [name, () => gradientOf({...use, inputs: middle}, name)]));
}

/** A quotient is a product with a reciprocal, whose difference is −Δb / (b · b′). */
function quotientRule(use: Use, dependent: readonly string[]): Record<string, () => Tensor> {
  const {inputs} = use;
  const a = inputs['a']!;
  const b = inputs['b']!;
  if (!dependent.includes('b')) return {a: () => gradientOf(use, 'a')};
  const [row, base] = halves(b);
  const product = tf.mul(row, base);
  return {
    a: () => gradientOf({...use, inputs: {a, b: twice(tf.div(tf.mul(product, 2), tf.add(row, base)))}}, 'a'),
    b() {
      const numerator = dependent.includes('a') ? twice(tf.div(tf.add(...halves(a)), 2)) : a;
      return tf.div(gradientOf({...use, inputs: {a: numerator, b: tf.onesLike(b)}}, 'b'), twice(product));
    },
  };
}

/** What is pooled: each half gives the larger of both outputs to where its own maximum is (shap's cross-max rule). */
function poolingRule(use: Use): Tensor {
  const {inputs, output, dy} = use;
  const x = inputs['x']!;
  const [row, base] = halves(x);
  const [rowOutput, baseOutput] = halves(output);
  const most = tf.maximum(rowOutput, baseOutput);
  const differences = tf.concat([tf.sub(most, baseOutput), tf.sub(rowOutput, most)]);
  const given = gradientOf({...use, dy: tf.mul(dy, tf.reshape(differences, dy.shape))}, 'x');
  const [toRow, toBase] = halves(use.original.kernelName === tf.Max ? tf.div(given, ties(use)) : given);
  return twice(tf.divNoNan(tf.add(toRow, toBase), tf.sub(row, base)));
}

/** How many elements share each maximum; tfjs gives the whole gradient to all of them. */
function ties({inputs, output, attrs}: Use): Tensor {
  const x = inputs['x']!;
  const axes = tf.util.parseAxisParam(attrs['reductionIndices'] as number[], x.shape);
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return tf.sum(tf.cast(tf.equal(x, tf.reshape(output, kept)), 'float32'), axes, true);
}

/** The operation's own gradient at other inputs. */
function gradientOf({original, inputs, attrs, dy}: Use, name: string): Tensor {
  const {kernelName, inputsToSave = [], outputsToSave = []} = original;
  const outputs = outputsToSave.some(Boolean)
    ? [tf.engine().runKernel<Tensor>(kernelName, inputs, attrs)]
    : [];
  const saved = [...inputsToSave.map(input => inputs[input]!), ...outputs];
  return original.gradFunc(dy, saved, attrs)[name]!();
}

function halves(tensor: Tensor): [Tensor, Tensor] {
  const [first, second] = tf.split(tensor, 2);
  return [first!, second!];
}

function twice(tensor: Tensor): Tensor {
  return tf.concat([tensor, tensor]);
}
