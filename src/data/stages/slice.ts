import type {Awaitable, Cursor, Pass, View} from '../stage';
import {DONE, Stage} from '../stage';

/** A part of the pass, from one position to another: `take` and `skip`. */
export class SliceStage<T> extends Stage<T> {
  override readonly size: number | undefined;
  override readonly seekable: boolean;

  constructor(
    private readonly parent: Stage<T>,
    private readonly begin: number,
    private readonly end: number,
  ) {
    super([parent]);
    this.size = parent.size === undefined ? undefined : this.lengthOf(parent.size);
    this.seekable = parent.seekable;
  }

  override prepare(pass: Pass): Awaitable<void> {
    return this.parent.prepare(pass);
  }

  override view(pass: Pass): View<T> {
    const view = this.parent.view(pass);
    const {begin} = this;
    const {rows} = view;
    return {
      length: this.lengthOf(view.length),
      at: position => view.at(begin + position),
      concurrency: view.concurrency,
      rows: rows && {table: rows.table, key: position => rows.key(begin + position)},
    };
  }

  override async open(pass: Pass, start: number): Promise<Cursor<T>> {
    const left = this.end - this.begin - start;
    return new SliceCursor(() => this.parent.open(pass, this.begin + start), left);
  }

  private lengthOf(available: number): number {
    return Math.max(0, Math.min(available, this.end) - this.begin);
  }
}

/** The first `left` elements; the source is not even opened for none. */
class SliceCursor<T> implements Cursor<T> {
  private source: Cursor<T> | undefined;

  constructor(
    private readonly open: () => Promise<Cursor<T>>,
    private left: number,
  ) {}

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.left <= 0) return DONE;
    this.source ??= await this.open();
    const item = await this.source.next();
    if (item.done === true) this.left = 0;
    else if (--this.left <= 0) await this.source.return();
    return item;
  }

  async return(): Promise<void> {
    this.left = 0;
    await this.source?.return();
  }
}
