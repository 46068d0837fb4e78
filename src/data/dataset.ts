/**
 * `Dataset`: a pipeline of data whose every pass is a function of (seed, epoch), and can start anywhere.
 */
import {ConfigurationError, checkNames} from '../core';
import type {ArrayStructure, ElementOf} from './arrays';
import {ArrayTable} from './arrays';
import {checkCount, checkFunction, checkSeed} from './checks';
import type {Batched} from './elements';
import {disposeElement, isRecord} from './elements';
import {PassIterator} from './iterator';
import type {PartSizes} from './partition';
import type {PartitionOptions} from './split';
import {foldStage, splitStage} from './split';
import type {Stage} from './stage';
import {ArrayStage} from './stages/arrays';
import {BatchStage} from './stages/batch';
import {CacheStage} from './stages/cache';
import {FilterStage} from './stages/filter';
import {IterableStage} from './stages/iterable';
import {MapStage} from './stages/map';
import {PrefetchStage} from './stages/prefetch';
import {RepeatStage} from './stages/repeat';
import {ShuffleStage} from './stages/shuffle';
import {SliceStage} from './stages/slice';
import {ZipStage} from './stages/zip';
import type {Transform} from './transform';
import type {DataIterator, IterateOptions} from './types';

/** The element type of a zip: the structure with each dataset's element in its place. */
export type Zipped<D> = {-readonly [K in keyof D]: D[K] extends Dataset<infer T> ? T : never};

/**
 * A pipeline of data: a source, then stages. Nothing is read before a pass begins, and datasets never change:
 * each method returns a new one.
 *
 * Every pass is a function of (seed, epoch) alone, and `iterate({epoch, start: n})` gives exactly what remains
 * after n elements of it, so that a training run can go on from its position. Stages over arrays jump there;
 * streams are replayed.
 *
 * Tensors in an element belong to whoever holds the element: the pipeline disposes those that it drops (filtered
 * out, skipped, read ahead of a reader that stopped, replaced by `map`, stacked by `batch`), the reader those
 * that it was given.
 *
 * @example
 * const data = Dataset.fromArrays({image: new Float32Array([1, 2, 3, 4]), label: new Uint8Array([0, 1, 0, 1])});
 * for await (const {image, label} of data.shuffle({seed: 1}).batch(2)) {
 *   image.shape; // [2]
 *   tf.dispose([image, label]);
 * }
 */
export class Dataset<T> implements AsyncIterable<T> {
  private constructor(private readonly stage: Stage<T>) {}

  /**
   * A dataset over arrays in memory, with the samples along their first axes. `arrays` is one source or a tuple or
   * record of them, nested at will: tensors, flat typed arrays, `{values, shape, dtype?}` or nested arrays of
   * numbers. (An outermost plain array is a tuple, as in `[x, y]`, unless it holds numbers.)
   *
   * Elements have the same structure: numbers from flat arrays, `{values, shape, dtype}` views of the source from
   * all others. Batches are float32, except: tensors keep their type, Int32Arrays and flat arrays of any integer
   * type (labels) become int32, `dtype` says otherwise. Values are not scaled.
   *
   * Tensors stay the caller's; their values are copied to host memory at the first pass.
   *
   * @throws DataError if there is no sample, or the sources differ in length, or one is not an array.
   * @throws ShapeError if values do not fit their shape, or a nested array is ragged.
   *
   * @example
   * const x = tf.tensor2d([[0, 0], [0, 1], [1, 0], [1, 1]]);
   * const xor = Dataset.fromArrays([x, [0, 1, 1, 0]]);
   * xor.size; // 4
   */
  static fromArrays<const S extends ArrayStructure>(arrays: S): Dataset<ElementOf<S>> {
    return new Dataset(new ArrayStage<ElementOf<S>>(new ArrayTable(arrays)));
  }

  /**
   * A dataset over what a function's iterables give. The function is called once a pass and must return a new
   * iterable with the same elements each time. Elements are handed over: tensors in them are the pipeline's.
   *
   * @param factory Makes the iterable: an array, a generator, an async generator, a stream.
   * @param options `size`: elements a pass, where known (Infinity for endless); checked while reading. `batched`: the
   *   elements are batches already, so that `Trainer` takes them as they are. Default false.
   * @throws ConfigurationError if `factory` is no function, or for unknown options. While reading, DataError if it gives the same iterator
   *   twice or another number of elements than `size`.
   *
   * @example
   * const squares = Dataset.fromIterable(function* () {
   *   for (let i = 0; i < 4; i++) yield {x: i, y: i * i};
   * }, {size: 4});
   * (await squares.toArray()).map(({y}) => y); // [0, 1, 4, 9]
   */
  static fromIterable<T>(
    factory: () => Iterable<T> | AsyncIterable<T>,
    options: {size?: number; batched?: boolean} = {},
  ): Dataset<T> {
    if (typeof factory !== 'function') {
      throw new ConfigurationError('fromIterable() takes a function that returns an iterable.', {
        hint: 'Write fromIterable(() => iterable): it is called anew for each pass.',
        code: 'configuration/function',
      });
    }
    checkNames('fromIterable()', options, ['size', 'batched']);
    const {size, batched = false} = options;
    if (size !== undefined) checkCount('The size given to fromIterable()', size, 0, {endless: true});
    return new Dataset(new IterableStage(factory, size, batched));
  }

  /**
   * Several datasets side by side, ending with the shortest. Stages that draw from the pass's seed at the same
   * depth of their pipelines draw alike, so that two branches can be shuffled or flipped together.
   *
   * @param datasets A tuple or record of datasets; elements have its structure.
   * @throws ConfigurationError if there is none.
   *
   * @example
   * const both = Dataset.zip({x: Dataset.fromArrays([1, 2, 3]), y: Dataset.fromArrays([4, 5])});
   * await both.toArray(); // [{x: 1, y: 4}, {x: 2, y: 5}]
   */
  static zip<const D extends readonly Dataset<unknown>[] | {readonly [key: string]: Dataset<unknown>}>(
    datasets: D,
  ): Dataset<Zipped<D>> {
    const parts: unknown[] = Array.isArray(datasets) || isRecord(datasets) ? Object.values(datasets) : [];
    const stages = parts.map(part =>
      part instanceof Dataset ? (part as Dataset<unknown>).stage : undefined,
    );
    const known = stages.filter(stage => stage !== undefined);
    if (known.length === 0 || known.length < stages.length) {
      throw new ConfigurationError('zip() takes a tuple or a record of datasets.', {
        hint: 'Write Dataset.zip([a, b]) or Dataset.zip({x: a, y: b}).',
        code: 'configuration/zip',
      });
    }
    return new Dataset(
      new ZipStage<Zipped<D>>(known, Array.isArray(datasets) ? undefined : Object.keys(datasets)),
    );
  }

  /** Elements a pass: Infinity for an endless dataset, undefined where it is not known beforehand. */
  get size(): number | undefined {
    return this.stage.size;
  }

  /** Elements a batch, once `batch` was applied; undefined where `fromIterable` gives batches of its own. */
  get batchSize(): number | undefined {
    return this.stage.batchSize;
  }

  /** Whether elements are batches: after `batch`, or from `fromIterable` with `batched`. */
  get batched(): boolean {
    return this.stage.batched;
  }

  /** Whether elements can be reached in any order, as a full shuffle and `split` need: not so for streams. */
  get randomAccess(): boolean {
    return this.stage.seekable && this.stage.size !== Infinity;
  }

  /** Whether there is a shuffle in the pipeline. */
  get shuffled(): boolean {
    return this.stage.shuffled;
  }

  /**
   * Random order, another in each epoch: of all elements, or with `buffer` of as many as that at a time (each
   * element is drawn from a buffer that slides over the data), for streams.
   *
   * @param options `seed`: fixes the order by itself; without it the seed of the pass does.
   * @throws ConfigurationError for a stream or an endless dataset without `buffer`, and for unknown options.
   *
   * @example
   * await Dataset.fromArrays([1, 2, 3, 4]).shuffle({seed: 7}).toArray({epoch: 3}); // the same on every run
   */
  shuffle(options: {seed?: number; buffer?: number} = {}): Dataset<T> {
    checkNames('shuffle()', options, ['seed', 'buffer'], {bufferSize: 'buffer', buffer_size: 'buffer'});
    const {seed, buffer} = options;
    checkSeed('The seed of shuffle()', seed);
    if (buffer !== undefined) checkCount('The buffer of shuffle()', buffer, 1);
    else if (!this.randomAccess) {
      throw new ConfigurationError(
        'shuffle() of all elements needs them within reach; this is a stream or endless.',
        {
          hint: 'Give shuffle({buffer: 1024}), or call cache() or take() before it.',
          code: 'configuration/shuffle',
        },
      );
    }
    return new Dataset(new ShuffleStage(this.stage, seed, buffer));
  }

  /**
   * Groups of `size` consecutive elements as tensors with a leading batch axis, in the elements' structure; the
   * last may be smaller. Plain numbers become float32 unless the source fixed their type, booleans bool; a plain
   * array is a tuple of inputs, a vector is a typed array.
   *
   * @throws ConfigurationError for a size below 1 and for unknown options. While reading, DataError or ShapeError if elements differ.
   *
   * @example
   * const [batch] = await Dataset.fromArrays([1, 2, 3]).batch(2).toArray();
   * batch.dataSync(); // Float32Array [1, 2]
   */
  batch(size: number, options: {dropRemainder?: boolean} = {}): Dataset<Batched<T>> {
    checkNames('batch()', options, ['dropRemainder'], {drop_remainder: 'dropRemainder'});
    const {dropRemainder = false} = options;
    checkCount('The batch size', size, 1);
    return new Dataset(new BatchStage(this.stage, size, dropRemainder));
  }

  /**
   * Each element through a function, which may be asynchronous. `context.random` is a stream of random numbers that
   * is a function of (seed, epoch, index): use it for augmentation.
   *
   * Tensors of the element that the result does not hold are disposed, and so are those that `fn` made on the way
   * (before its first `await`; what an asynchronous function makes later is its own care).
   *
   * @param options `concurrency`: how many calls of an asynchronous `fn` may run at a time; order is kept. Default 1.
   * @throws ConfigurationError for a concurrency below 1 and for unknown options. What `fn` throws ends the pass.
   *
   * @example
   * const noisy = Dataset.fromArrays([1, 2]).map((x, {random}) => x + 0.1 * random.normal());
   */
  map<U>(fn: Transform<T, U>, options: {concurrency?: number} = {}): Dataset<U> {
    checkFunction('map()', fn);
    checkNames('map()', options, ['concurrency']);
    const {concurrency = 1} = options;
    checkCount('The concurrency of map()', concurrency, 1);
    return new Dataset(new MapStage(this.stage, fn, concurrency));
  }

  /**
   * The elements for which `predicate` is true; the others' tensors are disposed.
   *
   * @example
   * await Dataset.fromArrays([1, 2, 3]).filter(x => x !== 2).toArray(); // [1, 3]
   */
  filter(predicate: Transform<T, boolean>): Dataset<T> {
    checkFunction('filter()', predicate);
    return new Dataset(new FilterStage(this.stage, predicate));
  }

  /**
   * The first `count` elements of each pass.
   *
   * @throws ConfigurationError for a negative count.
   *
   * @example
   * await Dataset.fromArrays([1, 2, 3]).take(2).toArray(); // [1, 2]
   */
  take(count: number): Dataset<T> {
    checkCount('The count of take()', count, 0, {endless: true});
    return new Dataset(new SliceStage(this.stage, 0, count));
  }

  /**
   * Each pass without its first `count` elements.
   *
   * @throws ConfigurationError for a negative count.
   *
   * @example
   * await Dataset.fromArrays([1, 2, 3]).skip(2).toArray(); // [3]
   */
  skip(count: number): Dataset<T> {
    checkCount('The count of skip()', count, 0);
    return new Dataset(new SliceStage(this.stage, count, Infinity));
  }

  /**
   * Each pass several times over, or for ever. Shuffles and random transforms before it draw anew each time.
   *
   * @throws ConfigurationError for negative times. While reading, DataError if an endless one gives nothing.
   *
   * @example
   * await Dataset.fromArrays([1, 2]).repeat(2).toArray(); // [1, 2, 1, 2]
   */
  repeat(times = Infinity): Dataset<T> {
    checkCount('The times of repeat()', times, 0, {endless: true});
    return new Dataset(new RepeatStage(this.stage, times));
  }

  /**
   * Reads up to `count` elements ahead while the reader is busy; for sources and transforms that wait.
   *
   * @throws ConfigurationError for a count below 1.
   *
   * @example
   * const ahead = Dataset.fromArrays([1, 2, 3]).map(async x => x * x).batch(2).prefetch(1);
   */
  prefetch(count: number): Dataset<T> {
    checkCount('The count of prefetch()', count, 1);
    return new Dataset(new PrefetchStage(this.stage, count));
  }

  /**
   * Keeps all elements in host memory once a pass was read to its end (tensors as their values), and gives later
   * passes from there. What came before it is frozen as in epoch 0: put random transforms after it.
   *
   * @throws ConfigurationError for an endless dataset.
   *
   * @example
   * const slow = Dataset.fromIterable(async function* () { yield 1; yield 2; });
   * const shuffled = slow.cache().shuffle(); // now within reach
   */
  cache(): Dataset<T> {
    if (this.stage.size === Infinity) {
      throw new ConfigurationError('cache() of an endless dataset would never be complete.', {
        hint: 'Call cache() before repeat(), or take() before it.',
        code: 'configuration/cache',
      });
    }
    return new Dataset(new CacheStage(this.stage));
  }

  /**
   * Disjoint parts, at random or (`shuffle: false`) in order. Elements in no part, where the parts do not add up to
   * all, are left out. With `stratify`, each part has the classes' shares of the whole.
   *
   * @param options `fractions`: the parts' shares, at most 1 together; or `sizes`, in elements.
   * @throws ConfigurationError for parts that mean nothing, for streams, and for shuffled data.
   * @throws DataError if a part would be empty, or a class has fewer members than there are parts (at the first
   *   pass, where the classes are not in memory before).
   *
   * @example
   * const data = Dataset.fromArrays({x: new Float32Array(10), y: new Uint8Array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])});
   * const [train, test] = data.split({fractions: [0.8, 0.2], stratify: ({y}) => y, seed: 1});
   * [train.size, test.size]; // [8, 2]
   */
  split(options: PartSizes & PartitionOptions<T>): Dataset<T>[] {
    return splitStage(this.stage, options).map(part => new Dataset(part));
  }

  /**
   * The k pairs of training and validation data of k-fold cross-validation: each element validates once.
   *
   * @throws ConfigurationError for k below 2, for streams, and for shuffled data.
   * @throws DataError if there are fewer elements than folds, or fewer members of a class.
   *
   * @example
   * const folds = Dataset.fromArrays([1, 2, 3, 4, 5]).kFold(5, {seed: 1});
   * folds.map(({train, validation}) => [train.size, validation.size]); // five times [4, 1]
   */
  kFold(k: number, options: PartitionOptions<T> = {}): {train: Dataset<T>; validation: Dataset<T>}[] {
    return foldStage(this.stage, k, options).map(({train, validation}) => ({
      train: new Dataset(train),
      validation: new Dataset(validation),
    }));
  }

  /**
   * One pass. The reader owns the elements, and calls `return` if it stops early (`for await` does).
   *
   * @param options `epoch`: which pass; every draw in it is a function of (seed, epoch). `start`: how many elements
   *   to leave out; the pass goes on as if they had been read. `seed`: the seed of stages that have none of their own.
   * @throws ConfigurationError for numbers that are no whole numbers of at least 0.
   *
   * @example
   * const rest = Dataset.fromArrays([1, 2, 3]).iterate({start: 2});
   * (await rest.next()).value; // 3
   * rest.position; // 3
   */
  iterate(options: IterateOptions = {}): DataIterator<T> {
    checkNames('iterate()', options, ['epoch', 'start', 'seed']);
    const {epoch = 0, start = 0, seed = 0} = options;
    checkCount('The epoch of iterate()', epoch, 0);
    checkCount('The start of iterate()', start, 0);
    checkSeed('The seed of iterate()', seed);
    return new PassIterator(() => this.stage.open({seed, epoch, rounds: []}, start), start);
  }

  /** The pass of epoch 0, for `for await`. */
  [Symbol.asyncIterator](): DataIterator<T> {
    return this.iterate();
  }

  /**
   * All elements of one pass. The caller owns their tensors.
   *
   * @throws ConfigurationError for an endless dataset.
   *
   * @example
   * await Dataset.fromArrays([1, 2]).toArray(); // [1, 2]
   */
  async toArray(options: IterateOptions = {}): Promise<T[]> {
    if (this.stage.size === Infinity) {
      throw new ConfigurationError('toArray() of an endless dataset would never end.', {
        hint: 'Call take() before it.',
        code: 'configuration/endless',
      });
    }
    const elements: T[] = [];
    try {
      for await (const element of this.iterate(options)) elements.push(element);
    } catch (error) {
      disposeElement(elements);
      throw error;
    }
    return elements;
  }
}
