import {DataError} from '../../core';
import type {Awaitable, Cursor, Pass, View} from '../stage';
import {DONE, Stage, discard} from '../stage';

/** How many rounds' orders are remembered by one view. */
const ROUNDS_KEPT = 16;

/** The pass several times over; every round draws anew. */
export class RepeatStage<T> extends Stage<T> {
  override readonly size: number | undefined;
  override readonly seekable: boolean;

  constructor(
    private readonly parent: Stage<T>,
    private readonly times: number,
  ) {
    super([parent]);
    this.size = parent.size === undefined ? undefined : this.lengthOf(parent.size);
    this.seekable = parent.seekable && parent.size !== Infinity;
  }

  override prepare(pass: Pass): Awaitable<void> {
    return this.parent.prepare(pass);
  }

  override view(pass: Pass): View<T> {
    const rounds = new Map<number, View<T>>();
    const viewOf = (round: number): View<T> => {
      let view = rounds.get(round);
      if (view === undefined) {
        if (rounds.size >= ROUNDS_KEPT) rounds.delete(rounds.keys().next().value!);
        view = this.parent.view(inRound(pass, round));
        rounds.set(round, view);
      }
      return view;
    };
    const first = viewOf(0);
    const {length, concurrency} = first;
    const roundOf = (position: number): View<T> => viewOf(Math.floor(position / length));
    return {
      length: this.lengthOf(length),
      at: position => roundOf(position).at(position % length),
      concurrency,
      rows: first.rows && {
        table: first.rows.table,
        key: position => roundOf(position).rows!.key(position % length),
      },
    };
  }

  override async open(pass: Pass, start: number): Promise<Cursor<T>> {
    let length = this.parent.size;
    if (length === undefined && this.parent.seekable) {
      await this.parent.prepare(pass);
      length = this.parent.view(inRound(pass, 0)).length;
    }
    const open = (round: number, from: number): Promise<Cursor<T>> =>
      this.parent.open(inRound(pass, round), from);
    // A known length says which round `start` lies in; otherwise the rounds before it are replayed.
    if (length === 0) return new RepeatCursor(open, 0, 0, 0);
    if (length !== undefined && length !== Infinity) {
      return new RepeatCursor(open, this.times, Math.floor(start / length), start % length);
    }
    const cursor = new RepeatCursor(open, this.times, 0, length === Infinity ? start : 0);
    if (length !== Infinity) await discard(cursor, start);
    return cursor;
  }

  private lengthOf(round: number): number {
    return round === 0 || this.times === 0 ? 0 : round * this.times;
  }
}

function inRound(pass: Pass, round: number): Pass {
  return {...pass, rounds: [...pass.rounds, round]};
}

class RepeatCursor<T> implements Cursor<T> {
  private current: Cursor<T> | undefined;
  private given = 0;

  constructor(
    private readonly open: (round: number, from: number) => Promise<Cursor<T>>,
    private readonly times: number,
    private round: number,
    private from: number,
  ) {}

  async next(): Promise<IteratorResult<T, undefined>> {
    while (this.round < this.times) {
      this.current ??= await this.open(this.round, this.from);
      const item = await this.read(this.current);
      if (item.done !== true) {
        this.given++;
        return item;
      }
      if (this.given === 0 && this.from === 0 && this.times === Infinity) {
        await this.return();
        throw new DataError('An endless repeat() of a dataset that gave no element in a whole round.', {
          hint: 'Look at the filter or the source before it.',
          code: 'data/empty',
        });
      }
      this.round++;
      this.from = 0;
      this.given = 0;
      this.current = undefined;
    }
    return DONE;
  }

  private async read(source: Cursor<T>): Promise<IteratorResult<T, undefined>> {
    try {
      return await source.next();
    } catch (error) {
      this.round = Infinity;
      throw error;
    }
  }

  async return(): Promise<void> {
    this.round = Infinity;
    await this.current?.return();
  }
}
