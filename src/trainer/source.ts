/**
 * One face for everything that can be trained on: passes over batches that know where they stand.
 */
import {Tensor} from '@tensorflow/tfjs-core';
import {CheckpointError, ConfigurationError, DataError, ShapeError} from '../core';
import type {StateTree} from '../core';
import {Dataset} from '../data';
import type {ArraySource, ArrayStructure} from '../data';
import type {Port} from '../graph';
import type {BatchPorts} from './batches';
import type {ArrayData, Batch, ResumableIterable, TrainingData} from './options';
import {isRecord} from './perOutput';

/** Where in the data a run stands: which pass, and how many of its batches were consumed. */
export interface DataPosition {
  readonly pass: number;
  readonly consumed: number;
  /** What a resumable iterable said of itself after the last consumed batch. */
  readonly custom?: StateTree;
}

export interface BatchSource {
  /** Batches a pass: a number, Infinity, or undefined where unknown. */
  readonly batchesPerPass: number | undefined;
  /** Whether a second pass gives data again. */
  readonly repeatable: boolean;
  /** Whether a pass can be opened beside the one that runs, without disturbing it. */
  readonly rereadable: boolean;
  /** Identifies how the data is cut into batches: a checkpoint from the middle of an epoch must agree. */
  readonly layout: string;
  /** @throws CheckpointError when the pass cannot be entered there. Changes nothing. */
  checkResumable(position: DataPosition): void;
  open(position: DataPosition, seed: number): BatchCursor;
}

/** One pass. */
export interface BatchCursor {
  /** The next batch, which becomes the caller's, or undefined at the end. */
  next(): Promise<unknown>;
  /** Whether the batch given last was the pass's last one. */
  readonly exhausted: boolean;
  /** What a resumable iterable said of itself once the pass was exhausted. */
  readonly endState: StateTree;
  /** Where the reader stands: batches looked at ahead do not count. */
  readonly position: DataPosition;
  close(): Promise<void>;
}

export interface SourceOptions {
  batchSize: number;
  shuffle: boolean;
  ports: BatchPorts | undefined;
  sampleWeight?: ArrayData;
  /** How errors call this data: `'training data'`. */
  what: string;
}

/**
 * @throws DataError for data of no known form, ConfigurationError for options that do not go with it.
 */
export function createSource(data: unknown, options: SourceOptions): BatchSource {
  const {sampleWeight, what} = options;
  if (Array.isArray(data)) return datasetSource(arraysToDataset(data, options), options);
  if (sampleWeight !== undefined) {
    throw new ConfigurationError('sampleWeight goes with arrays only.', {
      hint: 'Let the Dataset give [x, y, sampleWeight] instead.',
    });
  }
  if (data instanceof Dataset) return datasetSource(data as Dataset<unknown>, options);
  if (isIterable(data)) return iterableSource(data, what);
  throw new DataError(`The ${what} is ${data === null ? 'null' : typeof data}.`, {
    hint: 'Expected [x, y] arrays or tensors, a Dataset, or an iterable of batches.',
  });
}

/** The arrays `[x, y]` or `[x, y, sampleWeight]` as a Dataset of `{xs, ys, sampleWeights}`. */
export function arraysToDataset(
  data: readonly unknown[],
  {ports, sampleWeight, what}: SourceOptions,
): Dataset<unknown> {
  if (data.length < 1 || data.length > 3) {
    throw new DataError(`The ${what} is an array of ${data.length} entries.`, {
      hint: 'Expected [x], [x, y] or [x, y, sampleWeight]; give a list of batches as a Dataset or a generator.',
    });
  }
  const [x, y, w = sampleWeight] = data as [ArrayData, ArrayData?, ArrayData?];
  const element: Record<string, Sources> = {xs: byPort(x, ports?.inputs)};
  if (y !== undefined) element['ys'] = byPort(y, ports?.outputs);
  if (w !== undefined) element['sampleWeights'] = weightsByPort(w, ports?.outputs);
  return Dataset.fromArrays<ArrayStructure>(element);
}

/** The targets of `[x, y]` alone, as a Dataset of records by output. */
export function targetsDataset(y: ArrayData, ports: BatchPorts | undefined): Dataset<unknown> {
  return Dataset.fromArrays<ArrayStructure>(byPort(y, ports?.outputs));
}

type Sources = Readonly<Record<string, ArraySource>>;

/**
 * One source for each port, by name (by number where there are no ports). A list counts as several sources only
 * where there are several ports, or it holds tensors or the like: otherwise it is one array of numbers.
 */
function byPort(data: ArrayData, ports: readonly Port[] | undefined): Sources {
  if (isRecord<ArraySource>(data) && !('values' in data)) return data;
  const several =
    Array.isArray(data) &&
    data.length > 0 &&
    (data.every(isSingleSource) || (ports !== undefined && ports.length > 1 && data.length === ports.length));
  const list = several ? (data as readonly ArraySource[]) : [data as ArraySource];
  if (ports !== undefined && list.length !== ports.length) {
    throw new ShapeError(`The data has ${list.length} arrays for ${ports.length} ports.`, {
      hint: `Expected one for each of: ${ports.map(port => port.name).join(', ')}.`,
    });
  }
  return Object.fromEntries(list.map((source, i) => [ports?.[i]?.name ?? String(i), source]));
}

/** As `byPort`; one array of weights serves all outputs. */
function weightsByPort(data: ArrayData, ports: readonly Port[] | undefined): Sources {
  const isOne =
    isSingleSource(data) || (Array.isArray(data) && !data.some(isSingleSource) && !Array.isArray(data[0]));
  if (!isOne || ports === undefined) return byPort(data, ports);
  return Object.fromEntries(ports.map(({name}) => [name, data as ArraySource]));
}

function isSingleSource(value: unknown): boolean {
  return value instanceof Tensor || ArrayBuffer.isView(value) || (isRecord(value) && 'values' in value);
}

function datasetSource(dataset: Dataset<unknown>, {batchSize, shuffle, what}: SourceOptions): BatchSource {
  if (dataset.size === 0) throw emptyError(what);
  let batches = dataset;
  if (!dataset.batched) {
    // A stream cannot be put into a new order as a whole: its own shuffle({buffer}) can.
    if (shuffle && !dataset.shuffled && dataset.randomAccess && dataset.size !== Infinity)
      batches = batches.shuffle();
    batches = batches.batch(batchSize);
  }
  return {
    batchesPerPass: batches.size,
    repeatable: true,
    rereadable: true,
    layout: `${batches.batchSize ?? '?'}×${batches.size ?? '?'}`,
    checkResumable: () => undefined,
    open({pass, consumed}, seed) {
      const iterator = batches.iterate({epoch: pass, start: consumed, seed});
      return new LookaheadCursor({pass, consumed}, iterator, batches.size);
    },
  };
}

type AnyIterable = (Iterable<Batch> | AsyncIterable<Batch>) & Partial<ResumableIterable>;

function isIterable(data: unknown): data is AnyIterable {
  return (
    typeof data === 'object' && data !== null && (Symbol.iterator in data || Symbol.asyncIterator in data)
  );
}

function iterableSource(data: AnyIterable, what: string): BatchSource {
  const iterate = (): Iterator<unknown> | AsyncIterator<unknown> =>
    Symbol.asyncIterator in data ? data[Symbol.asyncIterator]() : data[Symbol.iterator]();
  // A generator object is its own iterator: it cannot start again.
  const repeatable = !('next' in data);
  const getState = data.getState === undefined ? undefined : (): StateTree => data.getState!() as StateTree;
  return {
    batchesPerPass: undefined,
    repeatable,
    rereadable: false,
    layout: 'iterable',
    checkResumable(position) {
      if (position.consumed > 0 && (position.custom === undefined || data.setState === undefined)) {
        throw new CheckpointError(
          `The ${what} cannot continue in the middle of a pass (after batch ${position.consumed}).`,
          {
            hint: 'Use a Dataset, or give the iterable getState() and setState().',
            code: 'checkpoint/data-position',
          },
        );
      }
    },
    open(position) {
      if (position.custom !== undefined) data.setState?.(position.custom);
      return new LookaheadCursor(position, iterate(), undefined, getState);
    },
  };
}

/**
 * Reads one batch ahead where the length is unknown, so that the last batch is known as such; the position counts
 * what the reader got.
 */
class LookaheadCursor implements BatchCursor {
  exhausted = false;
  private ahead: {value: unknown} | undefined;
  private failed: {error: unknown} | undefined;
  private started = false;
  private pass: number;
  private consumed: number;
  endState: StateTree;
  private custom: StateTree;
  private customAhead: StateTree;

  constructor(
    position: DataPosition,
    private readonly iterator: Iterator<unknown> | AsyncIterator<unknown>,
    private readonly size: number | undefined,
    private readonly getState?: () => StateTree,
  ) {
    this.pass = position.pass;
    this.consumed = position.consumed;
    this.custom = position.custom;
  }

  get position(): DataPosition {
    const {pass, consumed, custom} = this;
    return custom === undefined ? {pass, consumed} : {pass, consumed, custom};
  }

  async next(): Promise<unknown> {
    if (this.failed !== undefined) throw this.failed.error;
    const knowsLength = this.size !== undefined;
    const current = this.started && !knowsLength ? this.takeAhead() : await this.pull();
    this.started = true;
    if (current === undefined) {
      this.exhausted = true;
      return undefined;
    }
    this.consumed++;
    this.custom = this.customAhead;
    if (knowsLength) {
      this.exhausted = this.consumed >= this.size;
    } else {
      try {
        this.ahead = await this.pull();
      } catch (error) {
        // The batch in hand is still good: the error is the next one's.
        this.failed = {error};
      }
      this.exhausted = this.ahead === undefined && this.failed === undefined;
    }
    return current.value;
  }

  async close(): Promise<void> {
    const ahead = this.takeAhead();
    if (ahead !== undefined) disposeElement(ahead.value);
    await this.iterator.return?.();
  }

  private takeAhead(): {value: unknown} | undefined {
    const {ahead} = this;
    this.ahead = undefined;
    return ahead;
  }

  private async pull(): Promise<{value: unknown} | undefined> {
    const result: IteratorResult<unknown, unknown> = await this.iterator.next();
    // A copy: the iterable may go on changing what it gave.
    const state = structuredClone(this.getState?.());
    if (result.done === true) {
      this.endState = state;
      return undefined;
    }
    this.customAhead = state;
    return {value: result.value};
  }
}

/** Disposes the tensors of an element that nobody will use. */
export function disposeElement(element: unknown): void {
  if (element instanceof Tensor) element.dispose();
  else if (Array.isArray(element)) element.forEach(disposeElement);
  else if (isRecord<unknown>(element)) Object.values(element).forEach(disposeElement);
}

export function emptyError(what: string): DataError {
  return new DataError(`The ${what} is empty.`, {hint: 'It needs at least one sample.', code: 'data/empty'});
}

/** Splits off the last `fraction` of arrays or of an unbatched Dataset of known size. */
export function splitForValidation(
  data: TrainingData,
  fraction: number,
  options: SourceOptions,
): {training: Dataset<unknown>; validation: Dataset<unknown>} {
  if (!(fraction > 0 && fraction < 1)) {
    throw new ConfigurationError(`validationSplit is ${fraction}.`, {
      hint: 'Give a fraction between 0 and 1.',
    });
  }
  const dataset = Array.isArray(data)
    ? arraysToDataset(data, options)
    : data instanceof Dataset
      ? data
      : undefined;
  const size = dataset?.size;
  if (dataset === undefined || dataset.batched || size === undefined || !Number.isFinite(size)) {
    throw new ConfigurationError('validationSplit needs arrays or an unbatched Dataset of known size.', {
      hint: 'Give the validation data by `validation`.',
    });
  }
  if (dataset.shuffled) {
    throw new ConfigurationError(
      'validationSplit of a shuffled Dataset would mix both sides in every epoch.',
      {
        hint: 'Split first, by dataset.split(…), and shuffle the training part.',
      },
    );
  }
  const kept = Math.floor(size * (1 - fraction));
  if (kept === 0 || kept === size) {
    throw new DataError(`validationSplit ${fraction} of ${size} samples leaves one side empty.`, {
      hint: 'Choose another fraction.',
    });
  }
  return {training: dataset.take(kept), validation: dataset.skip(kept)};
}
