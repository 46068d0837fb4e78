/**
 * `Dataset`: a pipeline of data whose every pass is a function of (seed, epoch), and can start anywhere.
 */
import type {ArrayStructure, ElementOf} from './arrays';
import {ArrayTable} from './arrays';
import type {Batched} from './elements';
import {PassIterator} from './iterator';
import type {Stage} from './stage';
import {ArrayStage} from './stages/arrays';
import {BatchStage} from './stages/batch';
import {ShuffleStage} from './stages/shuffle';
import type {IterateOptions} from './types';

export class Dataset<T> implements AsyncIterable<T> {
  private constructor(private readonly stage: Stage<T>) {}

  static fromArrays<const S extends ArrayStructure>(arrays: S): Dataset<ElementOf<S>> {
    return new Dataset(new ArrayStage<ElementOf<S>>(new ArrayTable(arrays)));
  }

  /** Elements a pass: Infinity for an endless dataset, undefined where it is not known beforehand. */
  get size(): number | undefined {
    return this.stage.size;
  }

  /** Elements a batch, once `batch` was applied. */
  get batchSize(): number | undefined {
    return this.stage.batchSize;
  }

  /** Whether there is a shuffle in the pipeline. */
  get shuffled(): boolean {
    return this.stage.shuffled;
  }

  shuffle({seed, buffer}: {seed?: number; buffer?: number} = {}): Dataset<T> {
    return new Dataset(new ShuffleStage(this.stage, seed, buffer));
  }

  batch(size: number, {dropRemainder = false}: {dropRemainder?: boolean} = {}): Dataset<Batched<T>> {
    return new Dataset(new BatchStage(this.stage, size, dropRemainder));
  }

  iterate({epoch = 0, start = 0, seed = 0}: IterateOptions = {}): PassIterator<T> {
    return new PassIterator(() => this.stage.open({seed, epoch, rounds: []}, start), start);
  }

  [Symbol.asyncIterator](): PassIterator<T> {
    return this.iterate();
  }
}
