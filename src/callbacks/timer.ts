import type {StateTree} from '../core';
import type {Callback, TrainContext} from '../trainer';
import {checkNames, checkNumber} from './options';
import {readNumber, readNumbers, readRecord} from './state';

export interface TimerOptions {
  /** Stops training after the batch in which so many seconds have passed. Without it only times are recorded. */
  maxSeconds?: number;
  /** Whether a run that continues a checkpoint gets the full `maxSeconds` again. Default false: the time used counts. */
  perRun?: boolean;
  /** The clock, in milliseconds. Default `performance.now`. */
  now?: () => number;
}

/**
 * Measures how long training takes, and ends it when its time is up, with `stopReason` `'timeLimit'`. Time used is
 * part of a checkpoint.
 *
 * @throws {@link ConfigurationError} when `maxSeconds` is not a number above 0
 *
 * @example
 * const timer = new Timer({maxSeconds: 8 * 3600});
 * timer.epochSeconds; // [] until the first epoch ends
 */
export class Timer implements Callback {
  readonly name = 'Timer';
  readonly stateKey = 'Timer';
  /** Seconds that each epoch took, validation included. */
  epochSeconds: number[] = [];

  private readonly maxSeconds: number;
  private readonly perRun: boolean;
  private readonly now: () => number;
  /** Seconds of earlier runs of the same training, and those of them that were spent in the running epoch. */
  private before = 0;
  private epochBefore = 0;
  /** Seconds of this run, and when it and its epoch began. */
  private runBegan: number | undefined;
  private epochBegan = 0;
  private ranFor = 0;
  private continued = false;

  constructor(options: TimerOptions = {}) {
    checkNames(this.name, options, ['maxSeconds', 'perRun', 'now']);
    const {maxSeconds, perRun = false, now = () => performance.now()} = options;
    if (maxSeconds !== undefined)
      checkNumber(this.name, 'maxSeconds', maxSeconds, 'a number above 0', n => n > 0);
    this.maxSeconds = maxSeconds ?? Infinity;
    this.perRun = perRun;
    this.now = now;
  }

  /** Seconds of training so far, those before a resume included. */
  get elapsedSeconds(): number {
    return this.before + this.runSeconds();
  }

  getState(): StateTree {
    return {
      elapsedSeconds: this.elapsedSeconds,
      epochSeconds: [...this.epochSeconds],
      inEpoch: this.runBegan === undefined ? this.epochBefore : this.secondsInEpoch(),
    };
  }

  setState(state: StateTree): void {
    const record = readRecord(this.name, state);
    const before = readNumber(this.name, record, 'elapsedSeconds');
    const epochSeconds = readNumbers(this.name, record, 'epochSeconds');
    const epochBefore = readNumber(this.name, record, 'inEpoch');
    this.before = before;
    this.epochSeconds = epochSeconds;
    this.epochBefore = epochBefore;
    this.runBegan = undefined;
    this.ranFor = 0;
    this.continued = true;
  }

  onTrainBegin(): void {
    if (!this.continued) {
      this.before = this.epochBefore = this.ranFor = 0;
      this.epochSeconds = [];
    }
    this.continued = false;
    this.runBegan = this.epochBegan = this.now();
  }

  onEpochBegin(): void {
    this.epochBegan = this.now();
    this.epochBefore = 0;
  }

  onTrainBatchEnd(context: TrainContext): void {
    const used = this.perRun ? this.runSeconds() : this.elapsedSeconds;
    if (used >= this.maxSeconds) context.stop('timeLimit');
  }

  onEpochEnd(): void {
    this.epochSeconds.push(this.secondsInEpoch());
    this.epochBegan = this.now();
    this.epochBefore = 0;
  }

  onTrainEnd(): void {
    this.continued = false;
    this.ranFor = this.runSeconds();
    this.runBegan = undefined;
  }

  private runSeconds(): number {
    return this.runBegan === undefined ? this.ranFor : (this.now() - this.runBegan) / 1000;
  }

  private secondsInEpoch(): number {
    return this.epochBefore + (this.now() - this.epochBegan) / 1000;
  }
}
