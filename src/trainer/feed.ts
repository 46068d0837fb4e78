/**
 * The batches of a run: which pass over the data is open, where it stands, and how it is waited for.
 */
import type {DataPosition, BatchCursor, BatchSource} from './source';
import {disposeElement} from './source';

export interface FeedOptions {
  /** Whether the data runs on over epochs and starts again where it ends (`stepsPerEpoch`). */
  readonly runsOn: boolean;
  readonly signal: AbortSignal | undefined;
}

export class DataFeed {
  private cursor: BatchCursor | undefined;
  /** Where the data stands while no pass is open. */
  private resting: DataPosition;
  private waiting = false;

  constructor(
    private readonly source: BatchSource,
    epoch: number,
    private readonly options: FeedOptions,
  ) {
    this.resting = {pass: epoch, consumed: 0};
  }

  /** Where the data stands: batches looked at ahead do not count. */
  get position(): DataPosition {
    return this.cursor?.position ?? this.resting;
  }

  /** Whether the batch given last was the last of the epoch's data. */
  get ended(): boolean {
    const restarts = this.options.runsOn && this.source.repeatable;
    return this.cursor?.exhausted === true && !restarts;
  }

  /** Where the data will stand when epoch `epoch` begins after the running one has ended. */
  positionOf(epoch: number): DataPosition {
    if (this.options.runsOn) return this.position;
    const {cursor} = this;
    const custom = cursor === undefined ? this.resting.custom : (cursor.endState ?? cursor.position.custom);
    return custom === undefined ? {pass: epoch, consumed: 0} : {pass: epoch, consumed: 0, custom};
  }

  /** Goes on from `position`, which must have been checked by `source.checkResumable`. */
  restore(position: DataPosition): void {
    this.resting = position;
  }

  /** The next batch, which becomes the caller's, or undefined at the end. Rejects with the signal's reason at an abort. */
  async next(seed: number): Promise<unknown> {
    this.cursor ??= this.source.open(this.resting, seed);
    const element = await this.read(this.cursor);
    if (element !== undefined || !this.options.runsOn || !this.source.repeatable) return element;
    await this.close({pass: this.cursor.position.pass + 1, consumed: 0});
    this.cursor = this.source.open(this.resting, seed);
    return this.read(this.cursor);
  }

  /** Ends the running epoch's pass, unless the data runs on. */
  async endEpoch(nextEpoch: number): Promise<void> {
    if (!this.options.runsOn) await this.close(this.positionOf(nextEpoch));
  }

  /** Closes the open pass. What is read afterwards begins at `next`. */
  async close(next: DataPosition = this.position): Promise<void> {
    const {cursor} = this;
    this.cursor = undefined;
    this.resting = next;
    const closing = cursor?.close();
    // A source that never answers must not keep the run from ending.
    if (this.waiting) closing?.catch(() => undefined);
    else await closing;
  }

  private async read(cursor: BatchCursor): Promise<unknown> {
    const {signal} = this.options;
    if (signal === undefined) return cursor.next();
    signal.throwIfAborted();
    this.waiting = true;
    const reading = cursor.next();
    let forget = (): void => undefined;
    const aborted = new Promise<never>((_, reject) => {
      const listener = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', listener, {once: true});
      forget = () => signal.removeEventListener('abort', listener);
    });
    try {
      const element = await Promise.race([reading, aborted]);
      this.waiting = false;
      return element;
    } catch (error) {
      if (!signal.aborted) this.waiting = false;
      // The batch may still come, when nobody waits for it any more.
      else void reading.then(disposeElement, () => undefined);
      throw error;
    } finally {
      forget();
    }
  }
}
