import {DataError} from '../../core';
import {disposeElement} from '../elements';
import type {Cursor, Pass} from '../stage';
import {DONE, StreamStage, discard} from '../stage';

type AnyIterable<T> = Iterable<T> | AsyncIterable<T>;
type AnyIterator<T> = Iterator<T, unknown> | AsyncIterator<T, unknown>;

/** What a function's iterables give; the function is called for each pass. */
export class IterableStage<T> extends StreamStage<T> {
  /** Iterators given out before: one that comes again cannot start anew. */
  private readonly seen = new WeakSet<object>();

  constructor(
    private readonly factory: () => AnyIterable<T>,
    override readonly size: number | undefined,
    override readonly batched: boolean,
  ) {
    super([]);
  }

  override async open(_pass: Pass, start: number): Promise<Cursor<T>> {
    const iterable = this.factory();
    if (!isIterable(iterable)) {
      throw new DataError(`The function given to fromIterable returned ${describe(iterable)}.`, {
        hint: 'Return something that for await can read: an array, a generator, a stream.',
        code: 'data/source',
      });
    }
    const iterator: AnyIterator<T> =
      Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
    if (this.seen.has(iterator)) {
      throw new DataError('The function given to fromIterable returned the same iterator again.', {
        hint: 'It is called once a pass and must make a new one each time: () => generate(), not () => generator.',
        code: 'data/not-restartable',
      });
    }
    this.seen.add(iterator);
    const cursor = new IterableCursor(iterator, this.size);
    await discard(cursor, start);
    return cursor;
  }
}

class IterableCursor<T> implements Cursor<T> {
  private ended = false;
  private given = 0;

  constructor(
    private readonly iterator: AnyIterator<T>,
    private readonly size: number | undefined,
  ) {}

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.ended) return DONE;
    let item: IteratorResult<T, unknown>;
    try {
      item = await this.iterator.next();
    } catch (error) {
      this.ended = true;
      throw error;
    }
    if (item.done === true) {
      this.ended = true;
      if (this.size !== undefined && this.given < this.size)
        throw this.wrongSize(`ended after ${this.given}`);
      return DONE;
    }
    if (this.size !== undefined && this.given >= this.size) {
      disposeElement(item.value);
      await this.return();
      throw this.wrongSize('gives more');
    }
    this.given++;
    return {done: false, value: item.value};
  }

  async return(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    await this.iterator.return?.();
  }

  private wrongSize(found: string): DataError {
    return new DataError(`The iterable was said to have ${this.size} elements and ${found}.`, {
      hint: 'Correct the size given to fromIterable, or leave it out.',
      code: 'data/size',
    });
  }
}

function isIterable<T>(value: AnyIterable<T>): boolean {
  return (
    typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)
  );
}

function describe(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
