/** Feature masks: which numbers of an example come and go together. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, TensorLike} from '@tensorflow/tfjs-core';
import {ConfigurationError, ShapeError, asGiven} from '../core';
import {ownersOf} from './grouping';
import type {Segments} from './segments';
import {isTensors, toTensor} from './inputs';

/**
 * Integers that say which feature (segment, group) each number belongs to, in an example's shape or one that
 * broadcasts to it (`[height, width, 1]`, and `[height, width]` too, for an image), or with a batch in front where they
 * differ from example to example; for several inputs an array of such. Numbers with the same integer are one feature.
 *
 * For vectors also groups of columns by their names, `{city: [2, 3, 4]}`; a column in no group is a feature of its own.
 * For images also segments, as `slic` and `quickshift` find them.
 */
export type FeatureMask = Mask | readonly Mask[] | Readonly<Record<string, readonly number[]>>;

type Mask = Tensor | TensorLike | Segments;

/** The features of an example, `0 … count − 1`. */
export interface Features {
  readonly count: number;
  /** For each input the feature that each of its numbers belongs to. */
  readonly labels: readonly Int32Array[];
  /** Their names, where the mask gives them. */
  readonly names?: FeatureNames;
}

/** By the features' numbers. */
export type FeatureNames = ReadonlyMap<number, string>;

/**
 * The features of each example; without a mask every number is one.
 *
 * @returns a function from an example's place in the batch
 * @throws ShapeError for a mask that does not fit its input, ConfigurationError for one that is not of integers.
 */
export async function featuresOf(
  mask: FeatureMask | undefined,
  inputs: readonly Tensor[],
): Promise<(example: number) => Features> {
  if (mask === undefined) {
    const single = ownFeatures(inputs);
    return () => single;
  }
  if (typeof mask !== 'object' || (mask as unknown) === null) {
    throw new ConfigurationError(`The featureMask is ${asGiven(mask)}.`, {
      hint: 'Give integers in the shape of an example, or the columns of each group: {city: [2, 3]}.',
      code: 'configuration/feature-mask',
    });
  }
  const labels = isGroups(mask)
    ? [groupLabels(mask, inputs)]
    : await Promise.all(masksFor(mask, inputs).map((given, i) => readLabels(given, inputs[i]!, i)));
  const names = isGroups(mask) ? Object.entries(mask) : [];
  const found = new Map<number, Features>();
  const differ = labels.some(({batch}) => batch > 1);
  return example => {
    const at = differ ? example : 0;
    const known = found.get(at);
    if (known !== undefined) return known;
    const features = numbered(labels.map(({data, batch}) => part(data, batch, at)));
    const named = {
      ...features,
      names: new Map(names.map(([name, [column]]) => [features.labels[0]![column!]!, name])),
    };
    found.set(at, named);
    return named;
  };
}

interface Labels {
  readonly data: Int32Array;
  readonly batch: number;
}

function ownFeatures(inputs: readonly Tensor[]): Features {
  let count = 0;
  const labels = inputs.map(input => Int32Array.from({length: input.size / input.shape[0]}, () => count++));
  return {count, labels};
}

function isGroups(mask: FeatureMask): mask is Readonly<Record<string, readonly number[]>> {
  return (
    typeof mask === 'object' &&
    !isSegments(mask) &&
    !Array.isArray(mask) &&
    !ArrayBuffer.isView(mask) &&
    !(mask instanceof tf.Tensor)
  );
}

function groupLabels(groups: Readonly<Record<string, readonly number[]>>, inputs: readonly Tensor[]): Labels {
  const [input] = inputs;
  if (inputs.length > 1 || input!.rank !== 2) {
    throw new ConfigurationError('Groups of columns are for a single input of vectors.', {
      hint: 'Give featureMask as integers in the shape of an example.',
      code: 'configuration/feature-mask',
    });
  }
  const width = input!.shape[1]!;
  const data = Int32Array.from({length: width}, (_, column) => column);
  for (const [column, name] of ownersOf(groups, width)) data[column] = groups[name]![0]!;
  return {data, batch: 1};
}

function masksFor(mask: FeatureMask, inputs: readonly Tensor[]): readonly Mask[] {
  if (inputs.length === 1 && !isTensors(mask)) return [mask as Mask];
  if (Array.isArray(mask) && mask.length === inputs.length) return mask;
  throw new ConfigurationError(`There are ${inputs.length} inputs, and no feature mask for each.`, {
    hint: 'Give an array with one mask for each input.',
    code: 'configuration/feature-mask',
  });
}

function isSegments(given: object): given is Segments {
  return 'labels' in given && 'count' in given && given.labels instanceof Int32Array;
}

/** `[height, width]`, where it is segments of an image. */
function toMask(given: Mask, {rank, shape: [, height = 1, width = 1]}: Tensor, name: string): Tensor {
  if (!isSegments(Object(given) as object)) return toTensor(given, name);
  const {labels} = given as Segments;
  if (rank === 4 && labels.length === height * width) return tf.tensor2d(labels, [height, width], 'int32');
  throw new ShapeError(`${name} segments ${labels.length} pixels; the input is no image of so many.`, {
    hint: 'Segment the image that is explained.',
    code: 'shape/feature-mask',
  });
}

async function readLabels(given: Mask, input: Tensor, place: number): Promise<Labels> {
  const spread = tf.tidy(() => {
    let mask = tf.cast(toMask(given, input, `The feature mask of input ${place}`), 'float32');
    // [height, width] for images, and a batch of one for what has none.
    if (input.rank === 4 && mask.rank === 2) mask = tf.expandDims(mask, -1);
    if (mask.rank === input.rank - 1) mask = tf.expandDims(mask, 0);
    const [batch] = mask.shape;
    const fits =
      mask.rank === input.rank &&
      mask.shape.every((size, axis) => size === input.shape[axis] || size === 1) &&
      (batch === 1 || batch === input.shape[0]);
    if (!fits) {
      throw new ShapeError(
        `The feature mask of input ${place} has shape [${mask.shape}], the input [${input.shape}].`,
        {hint: 'Give one integer for each number of an example.', code: 'shape/feature-mask'},
      );
    }
    return tf.broadcastTo(mask, [batch, ...input.shape.slice(1)]);
  });
  try {
    const values = await spread.data();
    const wrong = values.find(value => !Number.isInteger(value) || Math.abs(value) >= 2 ** 24);
    if (wrong !== undefined) {
      throw new ConfigurationError(`The feature mask of input ${place} holds ${wrong}.`, {
        hint: 'It holds integers below 2^24: the same for numbers that come and go together.',
        code: 'configuration/feature-mask',
      });
    }
    return {data: Int32Array.from(values), batch: spread.shape[0]};
  } finally {
    spread.dispose();
  }
}

function part(data: Int32Array, batch: number, at: number): Int32Array {
  if (batch === 1) return data;
  const size = data.length / batch;
  return data.subarray(at * size, (at + 1) * size);
}

/** Whatever integers they were: `0 … count − 1`, in the same order. */
function numbered(labels: readonly Int32Array[]): Features {
  const all = [...new Set(labels.flatMap(data => [...new Set(data)]))].sort((a, b) => a - b);
  const place = new Map(all.map((label, i) => [label, i]));
  return {count: all.length, labels: labels.map(data => data.map(label => place.get(label)!))};
}
