/** What games found, in the form of an explanation. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import type {Attributed, Request} from './explainer';
import type {Values} from './explanation';
import type {MaskedExample} from './featureMasker';
import type {Link} from './link';

/** What a method finds for one example. */
export interface Played {
  /** `[players, columns]` of the game. */
  readonly values: Float64Array;
  /** The value of all features together, `[columns]`. */
  readonly all: Float64Array;
  /** What the values start from, `[columns]`, if they promise to sum up to the rest. */
  readonly base?: Float64Array;
  /** As `values`, for methods that draw. */
  readonly standardErrors?: Float64Array | undefined;
}

/** The same, and whose it is. */
export type PlayedExample = Played & Pick<MaskedExample, 'players' | 'combine'>;

export interface AttributionForm {
  /** Whether all scores were played for: `values` then have a column for each. */
  readonly isAll: boolean;
  readonly link: Link;
  /** Whether each feature has one value, also where features are of the input. */
  readonly perFeature: boolean;
  readonly shape: 'features' | 'pairs';
}

/** The attributions of one class, with what they start from and how far they miss. */
export function attributedOf(
  {inputs, targets, outputs, dy}: Request,
  examples: readonly PlayedExample[],
  {isAll, link, perFeature, shape}: AttributionForm,
): Attributed {
  const columns = isAll ? dy.shape[1] : 1;
  const own = (numbers: Float64Array, example: number): Float64Array =>
    isAll ? numbers.filter((_, i) => i % columns === targets[example]) : numbers;
  const inShape = !perFeature && shape === 'features' && examples.every(({combine}) => combine !== undefined);
  const arrange = (each: readonly Float64Array[]): Values[] =>
    inShape ? spread(each, examples, inputs) : [stack(each, examples, shape)];

  const linked = link === 'identity' ? outputs : outputs.map((_, i) => own(examples[i]!.all, i)[0]!);
  const values = examples.map((example, i) => own(example.values, i));
  const errors = examples.flatMap(({standardErrors}, i) => (standardErrors ? [own(standardErrors, i)] : []));
  const bases = examples.flatMap(({base}, i) => (base ? [own(base, i)[0]!] : []));
  return {
    attributions: arrange(values),
    outputs: linked,
    ...(errors.length === examples.length && {standardErrors: arrange(errors)}),
    ...(bases.length === examples.length && {
      baseValues: Float32Array.from(bases),
      deltas: linked.map((output, i) => values[i]!.reduce((sum, value) => sum + value, bases[i]! - output)),
    }),
  };
}

/** Each number of the inputs with what it has of the features' values. */
function spread(
  each: readonly Float64Array[],
  examples: readonly PlayedExample[],
  inputs: readonly Tensor[],
): Values[] {
  const combined = each.map((values, i) => examples[i]!.combine!(values));
  return inputs.map(({shape, size}, place) => {
    const data = new Float32Array(size);
    combined.forEach((found, i) => data.set(found[place]!, (i * size) / each.length));
    return {data, shape: [...shape]};
  });
}

/** One value for each feature, or each pair: zero where an example has fewer features than another. */
function stack(
  each: readonly Float64Array[],
  examples: readonly PlayedExample[],
  shape: 'features' | 'pairs',
): Values {
  const most = Math.max(...examples.map(({players}) => players));
  const wide = shape === 'pairs' ? [most, most] : [most];
  const size = tf.util.sizeFromShape(wide);
  const data = new Float32Array(each.length * size);
  each.forEach((values, i) => {
    const {players} = examples[i]!;
    values.forEach((value, j) => {
      const at = shape === 'pairs' ? Math.floor(j / players) * most + (j % players) : j;
      data[i * size + at] = value;
    });
  });
  return {data, shape: [each.length, ...wide]};
}
