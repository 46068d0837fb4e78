import {Random} from '../../core';
import {disposeElement} from '../elements';
import type {Awaitable, Cursor, Pass, View} from '../stage';
import {DONE, OrderedWork, Stage, discard, positions, viewCursor} from '../stage';

/** Random order: of all elements, or of a buffer that slides over them. */
export class ShuffleStage<T> extends Stage<T> {
  override readonly size: number | undefined;
  override readonly shuffled = true;
  override readonly random = true;
  override readonly seekable: boolean;

  constructor(
    private readonly parent: Stage<T>,
    private readonly seed: number | undefined,
    private readonly buffer: number | undefined,
  ) {
    super([parent]);
    this.size = parent.size;
    this.seekable = parent.seekable && parent.size !== Infinity;
  }

  override prepare(pass: Pass): Awaitable<void> {
    return this.parent.prepare(pass);
  }

  override view(pass: Pass): View<T> {
    const view = this.parent.view(pass);
    const {length} = view;
    const random = this.draws(pass);
    const order =
      this.buffer === undefined || this.buffer >= length
        ? random.permutation(length)
        : bufferedOrder(length, this.buffer, random);
    return reorder(view, order);
  }

  override async open(pass: Pass, start: number): Promise<Cursor<T>> {
    if (this.seekable) {
      await this.parent.prepare(pass);
      return viewCursor(this.view(pass), start);
    }
    // An endless source with a view: the buffer holds positions, so that jumping ahead reads no element.
    if (this.parent.seekable) {
      await this.parent.prepare(pass);
      const view = this.parent.view(pass);
      const order = new ShuffleCursor(positions(view.length, 0), this.buffer!, this.draws(pass));
      await discard(order, start);
      return new OrderedWork(order, position => view.at(position), view.concurrency);
    }
    const cursor = new ShuffleCursor(await this.parent.open(pass, 0), this.buffer!, this.draws(pass));
    await discard(cursor, start);
    return cursor;
  }

  private draws(pass: Pass): Random {
    // A seed of its own makes the order independent of where in a pipeline the stage stands.
    return this.seed === undefined
      ? new Random(pass.seed, 'shuffle', this.depth, pass.epoch, ...pass.rounds)
      : new Random(this.seed, 'shuffle', pass.epoch, ...pass.rounds);
  }
}

/** A view's elements in another order, or a part of them. */
export function reorder<T>(view: View<T>, order: Uint32Array): View<T> {
  const {rows} = view;
  return {
    length: order.length,
    at: position => view.at(order[position]!),
    concurrency: view.concurrency,
    rows: rows && {table: rows.table, key: position => rows.key(order[position]!)},
  };
}

/** The order that a sliding buffer gives: the same as `ShuffleCursor`'s, without reading an element. */
function bufferedOrder(length: number, size: number, random: Random): Uint32Array {
  const order = new Uint32Array(length);
  const buffer: number[] = [];
  let next = 0;
  for (let i = 0; i < length; i++) {
    while (next < length && buffer.length < size) buffer.push(next++);
    order[i] = draw(buffer, random);
  }
  return order;
}

/** Takes a random one out of `held`. */
function draw<T>(held: T[], random: Random): T {
  const chosen = random.integer(held.length);
  const value = held[chosen]!;
  const last = held.pop()!;
  if (chosen < held.length) held[chosen] = last;
  return value;
}

class ShuffleCursor<T> implements Cursor<T> {
  private readonly held: T[] = [];
  private sourceEnded = false;
  private ended = false;

  constructor(
    private readonly source: Cursor<T>,
    private readonly size: number,
    private readonly random: Random,
  ) {}

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.ended) return DONE;
    try {
      while (!this.sourceEnded && this.held.length < this.size) {
        const item = await this.source.next();
        if (item.done === true) this.sourceEnded = true;
        else this.held.push(item.value);
      }
      if (this.held.length === 0) {
        this.ended = true;
        return DONE;
      }
      return {done: false, value: draw(this.held, this.random)};
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async return(): Promise<void> {
    this.ended = true;
    for (const element of this.held.splice(0)) disposeElement(element);
    await this.source.return();
  }
}
