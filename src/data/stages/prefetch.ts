import {disposeElement} from '../elements';
import type {Awaitable, Cursor, Pass, Stage, View} from '../stage';
import {DONE, Stage as BaseStage} from '../stage';

/** Reads ahead while the reader is busy. */
export class PrefetchStage<T> extends BaseStage<T> {
  override readonly size: number | undefined;
  override readonly seekable: boolean;

  constructor(
    private readonly parent: Stage<T>,
    private readonly count: number,
  ) {
    super([parent]);
    this.size = parent.size;
    this.seekable = parent.seekable;
  }

  override prepare(pass: Pass): Awaitable<void> {
    return this.parent.prepare(pass);
  }

  override view(pass: Pass): View<T> {
    return this.parent.view(pass);
  }

  override async open(pass: Pass, start: number): Promise<Cursor<T>> {
    return new PrefetchCursor(await this.parent.open(pass, start), this.count);
  }
}

type Arrival<T> = {readonly value: T} | {readonly error: unknown};

class PrefetchCursor<T> implements Cursor<T> {
  private readonly arrived: Arrival<T>[] = [];
  private reading = false;
  /** Ends when the read-ahead at work does. */
  private filling: Promise<void> = Promise.resolve();
  private wake: (() => void) | undefined;
  private sourceEnded = false;

  constructor(
    private readonly source: Cursor<T>,
    private readonly count: number,
  ) {}

  async next(): Promise<IteratorResult<T, undefined>> {
    this.fill();
    while (this.arrived.length === 0) {
      if (this.sourceEnded) return DONE;
      await new Promise<void>(resolve => {
        this.wake = resolve;
      });
    }
    const first = this.arrived.shift()!;
    this.fill();
    if ('error' in first) throw first.error;
    return {done: false, value: first.value};
  }

  async return(): Promise<void> {
    this.sourceEnded = true;
    await this.filling;
    for (const arrival of this.arrived.splice(0)) if ('value' in arrival) disposeElement(arrival.value);
    await this.source.return();
  }

  private fill(): void {
    if (!this.reading && !this.sourceEnded) this.filling = this.readAhead();
  }

  private async readAhead(): Promise<void> {
    this.reading = true;
    while (!this.sourceEnded && this.arrived.length < this.count) {
      try {
        const item = await this.source.next();
        if (item.done === true) this.sourceEnded = true;
        else this.arrived.push({value: item.value});
      } catch (error) {
        this.sourceEnded = true;
        this.arrived.push({error});
      }
      this.wake?.();
    }
    this.reading = false;
  }
}
