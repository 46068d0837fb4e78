import {collate} from '../collate';
import {disposeElement} from '../elements';
import type {Batched} from '../elements';
import type {Awaitable, Cursor, NumberTypes, Pass, View} from '../stage';
import {DONE, Stage, viewCursor} from '../stage';

/** Groups of consecutive elements, as tensors with a leading batch axis. */
export class BatchStage<T> extends Stage<Batched<T>> {
  override readonly batchSize: number;
  override readonly batched = true;
  override readonly size: number | undefined;
  override readonly seekable: boolean;
  override readonly numberTypes = undefined;

  constructor(
    private readonly parent: Stage<T>,
    batchSize: number,
    private readonly dropRemainder: boolean,
  ) {
    super([parent]);
    this.batchSize = batchSize;
    this.size = parent.size === undefined ? undefined : this.batches(parent.size);
    this.seekable = parent.seekable;
  }

  override get immediate(): boolean {
    return false;
  }

  override prepare(pass: Pass): Awaitable<void> {
    return this.parent.prepare(pass);
  }

  override view(pass: Pass): View<Batched<T>> {
    return this.over(this.parent.view(pass));
  }

  override async open(pass: Pass, start: number): Promise<Cursor<Batched<T>>> {
    if (this.parent.seekable) {
      await this.parent.prepare(pass);
      const view = this.parent.view(pass);
      if (view.rows !== undefined) return viewCursor(this.over(view), start);
    }
    const elements = await this.parent.open(pass, start * this.batchSize);
    return new BatchCursor(elements, this.batchSize, this.dropRemainder, this.parent.numberTypes);
  }

  private over(view: View<T>): View<Batched<T>> {
    const {rows} = view;
    return {
      length: this.batches(view.length),
      at: batch => {
        const begin = batch * this.batchSize;
        const count = Math.min(this.batchSize, view.length - begin);
        if (rows === undefined) return this.stack(view, begin, count);
        const keys = Array.from({length: count}, (_, i) => rows.key(begin + i));
        return rows.table.gather(keys) as Batched<T>;
      },
      concurrency: 1,
    };
  }

  private batches(elements: number): number {
    return this.dropRemainder ? Math.floor(elements / this.batchSize) : Math.ceil(elements / this.batchSize);
  }

  private async stack(view: View<T>, begin: number, count: number): Promise<Batched<T>> {
    const elements: T[] = [];
    try {
      for (let i = 0; i < count; i++) elements.push(await view.at(begin + i));
    } catch (error) {
      for (const element of elements) disposeElement(element);
      throw error;
    }
    return collate(elements, this.parent.numberTypes) as Batched<T>;
  }
}

class BatchCursor<T> implements Cursor<Batched<T>> {
  private ended = false;

  constructor(
    private readonly source: Cursor<T>,
    private readonly batchSize: number,
    private readonly dropRemainder: boolean,
    private readonly numberTypes: NumberTypes | undefined,
  ) {}

  async next(): Promise<IteratorResult<Batched<T>, undefined>> {
    if (this.ended) return DONE;
    const elements: T[] = [];
    try {
      while (elements.length < this.batchSize) {
        const item = await this.source.next();
        if (item.done === true) {
          this.ended = true;
          break;
        }
        elements.push(item.value);
      }
    } catch (error) {
      this.ended = true;
      for (const element of elements) disposeElement(element);
      throw error;
    }
    if (elements.length === 0 || (this.dropRemainder && elements.length < this.batchSize)) {
      for (const element of elements) disposeElement(element);
      return DONE;
    }
    try {
      return {done: false, value: collate(elements, this.numberTypes) as Batched<T>};
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async return(): Promise<void> {
    this.ended = true;
    await this.source.return();
  }
}
