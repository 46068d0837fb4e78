/**
 * The iterator that a reader holds: opens the pipeline at the first `next`, and keeps calls in line.
 */
import type {Cursor} from './stage';
import {DONE} from './stage';
import type {DataIterator} from './types';

export class PassIterator<T> implements DataIterator<T> {
  private cursor: Cursor<T> | undefined;
  private ended = false;
  /** Ends when all earlier calls have: stages are never called twice at a time. */
  private line: Promise<unknown> = Promise.resolve();
  private given: number;

  constructor(
    private readonly open: () => Promise<Cursor<T>>,
    start: number,
  ) {
    this.given = start;
  }

  get position(): number {
    return this.given;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.inLine(async () => {
      if (this.ended) return DONE;
      try {
        this.cursor ??= await this.open();
        const item = await this.cursor.next();
        if (item.done === true) this.ended = true;
        else this.given++;
        return item;
      } catch (error) {
        this.ended = true;
        throw error;
      }
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    return this.inLine(async () => {
      this.ended = true;
      const {cursor} = this;
      this.cursor = undefined;
      await cursor?.return();
      return DONE;
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private inLine<R>(run: () => Promise<R>): Promise<R> {
    const result = this.line.then(run);
    this.line = result.catch(() => undefined);
    return result;
  }
}
