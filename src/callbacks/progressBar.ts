import {ConfigurationError, resolveTerminal} from '../core';
import type {TerminalSink} from '../core';
import type {BatchEndContext, Callback, EpochEndContext, Logs, TrainContext} from '../trainer';
import {badOption, checkInteger, checkNames, checkNumber} from './options';
import {barLine, epochTitle, plainLine} from './progressLine';
import type {Progress} from './progressLine';

export interface ProgressBarOptions {
  /** Gets every update, for a page's own display. With it nothing is written, unless `sink` is given too. */
  onUpdate?: (progress: Progress) => void;
  /** Where text goes. Default: the registered terminal, which in Node is standard output. */
  sink?: TerminalSink;
  /** Characters of the bar. Default 20. */
  width?: number;
  /** Seconds between updates, at least. Default 0.05. Reading the numbers for one waits for the device. */
  interval?: number;
  /** The clock, in milliseconds. Default `performance.now`. */
  now?: () => number;
}

/**
 * Shows how training proceeds, as Keras does: in a terminal a bar with running means, elsewhere (a log file, a pipe)
 * one line an epoch. A page gives `onUpdate`.
 *
 * @throws {@link ConfigurationError} when there is no terminal and neither `onUpdate` nor `sink` is given
 *
 * @example
 * new ProgressBar({onUpdate: ({epoch, batch, logs}) => {}});
 */
export class ProgressBar implements Callback {
  readonly name = 'ProgressBar';
  /** After those that log numbers. */
  readonly order = 50;

  private readonly onUpdate: ((progress: Progress) => void) | undefined;
  private readonly sink: TerminalSink | undefined;
  private readonly width: number;
  private readonly interval: number;
  private readonly now: () => number;

  /** When the epoch began here, with how many batches done; and the same after its first batch. */
  private began: Mark | undefined;
  private warm: Mark | undefined;
  private shownAt = -Infinity;
  /** The order of the numbers in the line: those of training first. */
  private trainingNames: readonly string[] = [];
  /** Whether the terminal's line is unfinished. */
  private open = false;

  constructor(options: ProgressBarOptions = {}) {
    checkNames(this.name, options, ['onUpdate', 'sink', 'width', 'interval', 'now']);
    const {onUpdate, sink, width = 20, interval = 0.05, now = () => performance.now()} = options;
    if (onUpdate !== undefined && typeof onUpdate !== 'function') {
      throw badOption(this.name, 'onUpdate', onUpdate, 'a function');
    }
    checkInteger(this.name, 'width', width, 1);
    checkNumber(this.name, 'interval', interval, 'a number of at least 0', n => n >= 0);
    this.onUpdate = onUpdate;
    this.sink = sink ?? (onUpdate ? undefined : resolveTerminal());
    this.width = width;
    this.interval = interval;
    this.now = now;
    if (!this.onUpdate && !this.sink) {
      throw new ConfigurationError('ProgressBar has nowhere to write: there is no terminal here.', {
        hint: 'In a page give onUpdate: progress => …, which gets the numbers to show.',
        code: 'configuration/no-terminal',
      });
    }
  }

  onTrainBegin(): void {
    this.began = this.warm = undefined;
    this.open = false;
  }

  onEpochBegin(context: TrainContext): void {
    this.begin(context, 0);
  }

  onTrainBatchBegin(context: TrainContext): void {
    // A run that continues in the middle of an epoch has no epoch's begin. The batch that begins is counted already.
    if (!this.began) this.begin(context, Math.max(0, context.batch - 1));
  }

  async onTrainBatchEnd(context: BatchEndContext): Promise<void> {
    const now = this.now();
    this.warm ??= {time: now, batch: context.batch};
    if (now - this.shownAt < this.interval * 1000) return;
    // A log file gets a line at the epoch's end alone: nothing to wait for the device for, but the names.
    if (!this.onUpdate && !this.sink?.isTTY && this.trainingNames.length > 0) return;
    this.shownAt = now;
    const logs = await context.logs.read();
    this.trainingNames = Object.keys(logs).sort();
    this.show(this.progressAt(context, now, logs, false));
  }

  onEpochEnd(context: EpochEndContext): void {
    this.show(this.progressAt(context, this.now(), context.logs, true));
    this.began = this.warm = undefined;
    this.shownAt = -Infinity;
  }

  /** Leaves the cursor on a line of its own, however training ended. */
  onTrainEnd(): void {
    if (this.open) this.sink?.write('\n');
    this.open = false;
    this.began = this.warm = undefined;
  }

  private begin(context: TrainContext, batch: number): void {
    const time = this.now();
    this.began = {time, batch};
    this.warm = undefined;
    this.shownAt = -Infinity;
    if (this.sink?.isTTY) this.sink.write(`${epochTitle(this.progressAt(context, time, {}, false))}\n`);
  }

  private progressAt(context: TrainContext, now: number, logs: Readonly<Logs>, done: boolean): Progress {
    const {epoch, epochs, batch} = context;
    const began = this.began ?? {time: now, batch};
    // The first batch compiles and warms up, so it says little about the others.
    const from = this.warm && batch > this.warm.batch ? this.warm : began;
    const secondsPerBatch = batch > from.batch ? (now - from.time) / 1000 / (batch - from.batch) : 0;
    const batchesPerEpoch = done ? batch : context.batchesPerEpoch;
    return {
      epoch,
      epochs,
      batch,
      batchesPerEpoch,
      elapsedSeconds: (now - began.time) / 1000,
      secondsPerBatch,
      remainingSeconds:
        batchesPerEpoch === undefined ? undefined : secondsPerBatch * (batchesPerEpoch - batch),
      logs: this.sorted(logs),
      done,
    };
  }

  private show(progress: Progress): void {
    this.onUpdate?.(progress);
    const {sink, width} = this;
    if (!sink) return;
    if (!sink.isTTY) {
      if (progress.done) sink.write(`${plainLine(progress)}\n`);
      return;
    }
    // The final line is not written over, so it may wrap. A terminal that does not know its width says 0.
    const columns = progress.done ? Infinity : sink.columns || Infinity;
    sink.write(`\r${barLine(progress, {width, columns})}\x1b[K${progress.done ? '\n' : ''}`);
    this.open = !progress.done;
  }

  /** Numbers of training, then of validation, then the others (rates, say). */
  private sorted(logs: Readonly<Logs>): Logs {
    const rank = (name: string): number =>
      this.trainingNames.includes(name) ? 0 : name.startsWith('val_') ? 1 : 2;
    const names = Object.keys(logs).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
    return Object.fromEntries(names.map(name => [name, logs[name]!]));
  }
}

interface Mark {
  readonly time: number;
  readonly batch: number;
}
