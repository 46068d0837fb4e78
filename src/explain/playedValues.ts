/** What games found, in the form of an explanation. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import type {Attributed, Request} from './explainer';
import type {Values} from './explanation';
import type {MaskedExample} from './featureMasker';
import type {Link} from './link';
import {membersOf, partName} from './parts';
import type {FeatureParts} from './parts';

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
export type PlayedExample = Played & Pick<MaskedExample, 'players' | 'combine' | 'labels' | 'names'>;

export interface AttributionForm {
  /** Whether all scores were played for: `values` then have a column for each. */
  readonly isAll: boolean;
  readonly link: Link;
  /** Whether each feature has one value, also where features are of the input. */
  readonly perFeature: boolean;
  readonly shape: 'features' | 'pairs';
  /** Of the inputs' columns, or of the features. */
  readonly featureNames?: readonly string[] | undefined;
}

/** The attributions of one class, with what they start from and how far they miss. */
export function attributedOf(
  {inputs, targets, outputs, dy}: Request,
  examples: readonly PlayedExample[],
  {isAll, link, perFeature, shape, featureNames}: AttributionForm,
): Attributed {
  const columns = isAll ? dy.shape[1] : 1;
  const own = (numbers: Float64Array, example: number): Float64Array =>
    isAll ? numbers.filter((_, i) => i % columns === targets[example]) : numbers;
  const inShape =
    !perFeature && shape === 'features' && examples.every(({combine, labels}) => combine ?? labels);
  const parts = partsOf(examples, inputs);
  const names = inShape ? undefined : namesOf(parts, examples[0]!.players, featureNames);
  const arrange = (each: readonly Float64Array[]): Values[] =>
    inShape ? spread(each, examples, inputs) : [stack(each, examples, shape)];

  const linked = link === 'identity' ? outputs : outputs.map((_, i) => own(examples[i]!.all, i)[0]!);
  const values = examples.map((example, i) => own(example.values, i));
  const errors = examples.flatMap(({standardErrors}, i) => (standardErrors ? [own(standardErrors, i)] : []));
  const bases = examples.flatMap(({base}, i) => (base ? [own(base, i)[0]!] : []));
  return {
    attributions: arrange(values),
    outputs: linked,
    ...(inShape && parts && {parts}),
    ...(names && {featureNames: names}),
    ...(shape === 'pairs' && {arePairs: true}),
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
  const combined = each.map((values, i) => {
    const {combine, labels} = examples[i]!;
    return (
      combine?.(values) ?? labels!.map(owners => Float64Array.from(owners, feature => values[feature] ?? 0))
    );
  });
  return inputs.map(({shape, size}, place) => {
    const data = new Float32Array(size);
    combined.forEach((found, i) => data.set(found[place]!, (i * size) / each.length));
    return {data, shape: [...shape]};
  });
}

/** Which numbers have a feature's value in common, if any have. */
function partsOf(examples: readonly PlayedExample[], inputs: readonly Tensor[]): FeatureParts | undefined {
  const [first] = examples;
  const numbers = inputs.reduce((sum, {size, shape}) => sum + size / shape[0], 0);
  if (!examples.every(({labels, players}) => labels !== undefined && players < numbers)) return undefined;
  const own = examples.every(({labels}) => labels === first!.labels) ? [first!] : examples;
  return {
    masks: inputs.map(({shape}, place) => ({
      data: Float32Array.from(own.flatMap(({labels}) => [...labels![place]!])),
      shape: [own.length, ...shape.slice(1)],
    })),
    ...(first!.names && {names: Array.from({length: first!.players}, (_, i) => first!.names!.get(i) ?? '')}),
  };
}

/** What explanations of features are called: by the mask, or by the columns that they are of. */
function namesOf(
  parts: FeatureParts | undefined,
  players: number,
  featureNames: readonly string[] | undefined,
): readonly string[] | undefined {
  if (parts === undefined || parts.masks.some(({shape: [rows]}) => rows! > 1)) return undefined;
  if (featureNames?.length === players || (featureNames ?? parts.names) === undefined) return featureNames;
  return membersOf(parts.masks.map(({data}) => data)).map((members, feature) =>
    partName(parts.names?.[feature], members, place => featureNames?.[place] ?? `feature ${place}`),
  );
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
