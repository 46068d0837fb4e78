/**
 * Maskers: what a model is shown when only some features of an example are there. Perturbation methods ask a game of
 * coalitions; a masker makes rows of them.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, asGiven} from '../core';
import {sliceRows} from './explainer';
import type {FeatureNames, Features} from './featureMask';
import {idleFeatures} from './idlePlayers';
import {inputPartition} from './inputPartition';
import type {Partition} from './partitionTree';

/** Makes rows for the model out of examples with some features missing. Give your own to hide features your own way. */
export interface FeatureMasker {
  /**
   * @param example the model's inputs, each a batch of one; they live until `dispose` is called on what is returned
   * @param index the example's place in the batch
   */
  of(example: readonly Tensor[], index: number): MaskedExample | Promise<MaskedExample>;
}

/** @throws ConfigurationError for what is no masker. */
export function checkMasker(masker: FeatureMasker | undefined): void {
  if (masker === undefined || typeof masker?.of === 'function') return;
  throw new ConfigurationError(`masker is ${asGiven(masker)}.`, {
    hint: 'Give maskTokens({…}), or an object {of: example => …} of your own.',
    code: 'configuration/masker',
  });
}

/** One example, of which features can be hidden. */
export interface MaskedExample {
  /** How many features there are to hide. */
  readonly players: number;
  /** How many rows stand for one coalition: the game's value is their mean score. */
  readonly rows: number;
  /**
   * The inputs `[count × rows, …]` for coalitions: the rows `first … first + rows − 1` of the first, then those of the
   * second. Called inside a tidy.
   *
   * @param coalitions `count` times `players` ones (there) and zeros (hidden)
   */
  mask(coalitions: Uint8Array, count: number, first: number, rows: number): Tensor[];
  /** Where features are of the inputs: for each input the feature that each of its numbers has the value of, or -1. */
  readonly labels?: readonly Int32Array[];
  /** The features' names, where they have some of their own. */
  readonly names?: FeatureNames;
  /** Or what each of its numbers gets of the features' values, where they are mixed. */
  combine?(values: Float64Array): Float64Array[];
  /** Which features belong together, for PartitionShap; by default neighbours by their numbers. */
  partition?(): Promise<Partition>;
  /** One for each feature whose hiding changes nothing, so that no coalition is spent on it; zero for the others. */
  idle?(): Promise<Uint8Array>;
  /** Lets go of what it holds. */
  dispose(): void;
}

/** Which numbers of one input are there in each coalition, `[count, numbers]`. */
export type Cover = (coalitions: Uint8Array, count: number, input: number) => Uint8Array;

/** Hides features behind the rows of a background, each in turn: the interventional way. A baseline is a single row. */
export function backgroundMasker(
  backgroundOf: (example: number) => readonly Tensor[],
  featuresOf: (example: number) => Features,
): FeatureMasker {
  const partitions = new Map<Features, Promise<Partition>>();
  return {
    of(example, index) {
      const features = featuresOf(index);
      const {count: players, labels} = features;
      const background = backgroundOf(index);
      const cover: Cover = (coalitions, count, input) => {
        const owners = labels[input]!;
        const size = owners.length;
        const there = new Uint8Array(count * size);
        for (let i = 0; i < count; i++) {
          for (let j = 0; j < size; j++) there[i * size + j] = coalitions[i * players + owners[j]!]!;
        }
        return there;
      };
      return {
        ...coveredExample(example, background, players, cover),
        ...{labels, ...(features.names && {names: features.names})},
        idle: () => idleFeatures(features, example, background),
        partition() {
          // A background of several rows is the same for all examples, and a single row does not matter.
          const found = partitions.get(features) ?? inputPartition(features, example, background);
          partitions.set(features, found);
          return found;
        },
      };
    },
  };
}

/**
 * An example of which parts are replaced by the rows of a background.
 *
 * @param background `[rows, …]` for each input, which stays the caller's
 */
export function coveredExample(
  example: readonly Tensor[],
  background: readonly Tensor[],
  players: number,
  cover: Cover,
): MaskedExample {
  // The example and the background, over and over: the same in every chunk but the last.
  let tiles: {key: string; examples: Tensor[]; backgrounds: Tensor[]} | undefined;
  const dispose = (): void => {
    tf.dispose([...(tiles?.examples ?? []), ...(tiles?.backgrounds ?? [])]);
    tiles = undefined;
  };
  const tilesFor = (count: number, first: number, rows: number): NonNullable<typeof tiles> => {
    const key = [count, first, rows].join();
    if (tiles?.key === key) return tiles;
    dispose();
    const tile = (tensor: Tensor, times: number[]): Tensor =>
      tf.keep(tf.tidy(() => tf.tile(tf.reshape(tensor, [1, tensor.shape[0], -1]), times)));
    tiles = {
      key,
      examples: example.map(tensor => tile(tensor, [count, rows, 1])),
      backgrounds: background.map((tensor, i) =>
        tf.tidy(() => tile(tf.cast(sliceRows(tensor, first, rows), example[i]!.dtype), [count, 1, 1])),
      ),
    };
    return tiles;
  };
  return {
    players,
    rows: background[0]!.shape[0],
    mask(coalitions, count, first, rows) {
      const {examples, backgrounds} = tilesFor(count, first, rows);
      return example.map((tensor, i) => {
        const there = tf.tensor(cover(coalitions, count, i), [count, 1, tensor.size], 'bool');
        const shown = tf.where(tf.tile(there, [1, rows, 1]), examples[i]!, backgrounds[i]!);
        return tf.reshape(shown, [count * rows, ...tensor.shape.slice(1)]);
      });
    },
    dispose,
  };
}
