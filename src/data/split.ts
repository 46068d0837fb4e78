/**
 * `split` and `kFold`: a pipeline into parts by index.
 */
import {ConfigurationError, Random, checkNames} from '../core';
import {checkCount, checkFunction, checkSeed} from './checks';
import type {PartSizes} from './partition';
import {checkParts, cut, partSizes, stratify} from './partition';
import type {Stage} from './stage';
import type {Label} from './stages/subset';
import {Partition, SubsetStage} from './stages/subset';

/** Options of `split` and `kFold`. */
export interface PartitionOptions<T> {
  /** Gives every part the same mix of classes: the class of an element. */
  stratify?: (element: T) => Label;
  /** Fixes which element goes where. Default 0, whatever seed the passes have. */
  seed?: number;
  /** False cuts the data in its order, as time series need. Default true. */
  shuffle?: boolean;
}

const NAMES = ['stratify', 'seed', 'shuffle'];

/** One stage a part. */
export function splitStage<T>(stage: Stage<T>, options: PartSizes & PartitionOptions<T>): Stage<T>[] {
  checkNames('split()', options, ['fractions', 'sizes', ...NAMES]);
  checkParts(options);
  const partition = divide(
    stage,
    'split',
    options,
    total => partSizes(total, options),
    parts => parts,
  );
  const count = 'sizes' in options ? options.sizes.length : options.fractions.length;
  return Array.from({length: count}, (_, part) => new SubsetStage(partition, part));
}

/** One pair of stages a fold. */
export function foldStage<T>(
  stage: Stage<T>,
  k: number,
  options: PartitionOptions<T>,
): {train: Stage<T>; validation: Stage<T>}[] {
  checkCount('The number of folds', k, 2);
  checkNames('kFold()', options, NAMES);
  const evenly = (total: number): number[] =>
    partSizes(total, {sizes: Array.from({length: k}, (_, fold) => Math.floor((total + k - 1 - fold) / k))});
  const partition = divide(stage, 'kFold', options, evenly, folds => [...folds, ...folds.map(allBut(folds))]);
  return Array.from({length: k}, (_, fold) => ({
    train: new SubsetStage(partition, k + fold),
    validation: new SubsetStage(partition, fold),
  }));
}

function allBut(folds: readonly Uint32Array[]): (left: Uint32Array) => Uint32Array {
  return left => Uint32Array.from(folds.flatMap(fold => (fold === left ? [] : Array.from(fold))));
}

function divide<T>(
  stage: Stage<T>,
  method: string,
  {seed = 0, shuffle = true, stratify: label}: PartitionOptions<T>,
  sizesFor: (total: number) => number[],
  arrange: (parts: readonly Uint32Array[]) => readonly Uint32Array[],
): Partition<T> {
  checkSeed(`The seed of ${method}()`, seed);
  if (label !== undefined) checkFunction(`The stratify of ${method}()`, label);
  if (label !== undefined && !shuffle) {
    throw new ConfigurationError(`${method}() cannot both stratify and keep the order.`, {
      hint: 'Leave out stratify or shuffle: false.',
      code: 'configuration/split',
    });
  }
  if (!stage.seekable || stage.size === Infinity) {
    throw new ConfigurationError(`${method}() needs elements within reach; this is a stream or endless.`, {
      hint: 'Call cache() (or take() and cache()) before it.',
      code: 'configuration/split',
    });
  }
  if (stage.shuffled) {
    throw new ConfigurationError(`${method}() of shuffled data would give each epoch other parts.`, {
      hint: `Call ${method}() first (it shuffles by its own seed), then shuffle() the parts.`,
      code: 'configuration/split',
    });
  }
  const plan = (total: number, labels: readonly string[]): readonly Uint32Array[] => {
    const sizes = sizesFor(total);
    const random = new Random(seed, method);
    if (label !== undefined) return arrange(stratify(labels, sizes, random));
    const order = shuffle ? random.permutation(total) : Uint32Array.from({length: total}, (_, i) => i);
    return arrange(cut(order, sizes));
  };
  return new Partition(stage, plan, label);
}
