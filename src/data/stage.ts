/**
 * The internal form of a pipeline: a chain of stages. A stage can be opened at any position of any pass; one
 * whose elements can be reached in any order (`seekable`) also offers a view.
 */
import type {DataType} from './elements';
import {disposeElement} from './elements';

export type Awaitable<T> = T | Promise<T>;

/** Which pass this is. Every draw in it is a function of these numbers and of where it is used. */
export interface Pass {
  readonly seed: number;
  readonly epoch: number;
  /** The round of every `repeat` around the stage, outermost first: each round draws anew. */
  readonly rounds: readonly number[];
}

/** One running pass over a stage. Calls do not overlap: the reader awaits each before the next. */
export interface Cursor<T> {
  /** The next element. After the end or an error everything is given back, and the answer stays `done`. */
  next(): Promise<IteratorResult<T, undefined>>;
  /** Ends the pass and disposes what it holds. Idempotent. */
  return(): Promise<void>;
}

/** Names a row of a table: an index, or one key a table for a zip of tables. */
export type RowKey = number | readonly RowKey[];

/** What batches can be gathered from directly, with no element in between. */
export interface RowTable {
  /** A new batch, which the caller owns, of the rows in this order. */
  gather(rows: readonly RowKey[]): unknown;
}

/** The elements of one pass in any order. */
export interface View<T> {
  /** May be Infinity. */
  readonly length: number;
  /** The element at a position, made anew: the caller owns its tensors. */
  at(position: number): Awaitable<T>;
  /** How many elements may be in the making at a time. */
  readonly concurrency: number;
  /** Where the elements are rows of a table: the table, and which row is where. */
  readonly rows?: {readonly table: RowTable; key(position: number): RowKey};
}

/** By the path of a leaf in its element, such as `[1]` or `targets.label`. */
export type NumberTypes = ReadonlyMap<string, DataType>;

export const DONE: IteratorReturnResult<undefined> = Object.freeze({done: true, value: undefined});

export abstract class Stage<T> {
  /** Elements a pass; Infinity for endless; undefined where it cannot be known beforehand. */
  abstract readonly size: number | undefined;
  /** Whether `view` may be called. */
  abstract readonly seekable: boolean;

  readonly batchSize: number | undefined;
  /** Whether elements are batches, of a known size or not. */
  readonly batched: boolean;
  /** Whether the order differs between passes. */
  readonly shuffled: boolean;
  /** Whether anything here depends on the pass's seed or epoch. */
  readonly random: boolean;
  /**
   * The tensor types of elements' plain numbers, by path, where the source fixed them. Any stage that lets
   * elements through unchanged keeps them, so that every route to `batch` gives the same types.
   */
  readonly numberTypes: NumberTypes | undefined;
  /** Stages above this one: tells apart the draws of two stages of a kind. */
  readonly depth: number;

  constructor(private readonly parents: readonly Stage<unknown>[]) {
    const sizes = new Set(parents.map(parent => parent.batchSize));
    this.batchSize = sizes.size === 1 ? parents[0]!.batchSize : undefined;
    this.batched = parents.length > 0 && parents.every(parent => parent.batched);
    this.shuffled = parents.some(parent => parent.shuffled);
    this.random = parents.some(parent => parent.random);
    this.numberTypes = parents.length === 1 ? parents[0]!.numberTypes : undefined;
    this.depth = 1 + Math.max(-1, ...parents.map(parent => parent.depth));
  }

  /** Whether elements can be read at once, with no promise in between. */
  get immediate(): boolean {
    return this.seekable && this.parents.every(parent => parent.immediate);
  }

  /** Reads what `view` needs. Returns nothing, rather than a promise, where there is nothing to wait for. */
  abstract prepare(pass: Pass): Awaitable<void>;

  /** The pass in any order. Only where `seekable`, and after `prepare`. */
  abstract view(pass: Pass): View<T>;

  /** The pass in order, from position `start` on. */
  async open(pass: Pass, start: number): Promise<Cursor<T>> {
    await this.prepare(pass);
    return viewCursor(this.view(pass), start);
  }
}

/** A stage that can only be read in order. */
export abstract class StreamStage<T> extends Stage<T> {
  override readonly seekable: boolean = false;

  override prepare(_pass: Pass): Awaitable<void> {
    return undefined;
  }

  override view(_pass: Pass): View<T> {
    throw new Error('A stream has no view: `seekable` was not asked.');
  }

  abstract override open(pass: Pass, start: number): Promise<Cursor<T>>;
}

/** Reads a view in order. */
export function viewCursor<T>(view: View<T>, start: number): Cursor<T> {
  return new OrderedWork(positions(view.length, start), position => view.at(position), view.concurrency);
}

/** The positions from `start` to `length`. */
export function positions(length: number, start: number): Cursor<number> {
  let position = start;
  return {
    next: async () => (position < length ? {done: false, value: position++} : DONE),
    return: async () => {
      position = Infinity;
    },
  };
}

/** Goes on with a value that may have to be waited for, without waiting where it need not. */
export function andThen<A, B>(value: Awaitable<A>, go: (value: A) => Awaitable<B>): Awaitable<B> {
  return value instanceof Promise ? value.then(go) : go(value);
}

/** Runs `work` on what a cursor gives, up to `concurrency` at a time, and gives the results in order. */
export class OrderedWork<S, T> implements Cursor<T> {
  private readonly running: Promise<Outcome<T>>[] = [];
  private sourceEnded = false;
  private ended = false;

  constructor(
    private readonly source: Cursor<S>,
    private readonly work: (item: S) => Awaitable<T>,
    private readonly concurrency: number,
  ) {}

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.ended) return DONE;
    while (!this.sourceEnded && this.running.length < this.concurrency) {
      let item: IteratorResult<S, undefined>;
      try {
        item = await this.source.next();
      } catch (error) {
        // In its place in the order: what came before it is given out first.
        this.running.push(Promise.resolve({error}));
        this.sourceEnded = true;
        break;
      }
      if (item.done === true) this.sourceEnded = true;
      else this.running.push(this.start(item.value));
    }
    const first = this.running.shift();
    if (first === undefined) {
      this.ended = true;
      return DONE;
    }
    const outcome = await first;
    if ('error' in outcome) {
      await this.return();
      throw outcome.error;
    }
    return {done: false, value: outcome.value};
  }

  private async start(item: S): Promise<Outcome<T>> {
    try {
      return {value: await this.work(item)};
    } catch (error) {
      return {error};
    }
  }

  async return(): Promise<void> {
    this.ended = true;
    const left = await Promise.all(this.running.splice(0));
    for (const outcome of left) if ('value' in outcome) disposeElement(outcome.value);
    await this.source.return();
  }
}

type Outcome<T> = {readonly value: T} | {readonly error: unknown};

/** Reads and disposes up to `count` elements: how a stream is brought to a position. */
export async function discard(cursor: Cursor<unknown>, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const item = await cursor.next();
    if (item.done === true) return;
    disposeElement(item.value);
  }
}
