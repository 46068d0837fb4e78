import {CheckpointError, ConfigurationError, unknownName} from '../core';
import type {StateTree} from '../core';
import type {BatchEndContext, Callback, EpochEndContext, Logs} from '../trainer';
import {LogText} from './logText';
import type {LogTarget} from './logText';

export interface JSONLinesLoggerOptions extends LogTarget {
  /** Whether to go on behind what the file has. Default false: begin anew. */
  append?: boolean;
  /** Writes a line with the running means after every so many batches too. Without it, one line an epoch. */
  everyBatches?: number;
}

const OPTIONS = ['path', 'sink', 'append', 'everyBatches'];

/**
 * Writes one JSON object a line: `{"event": "epoch", "epoch": 0, "steps": 469, "loss": 0.53, …}` for each epoch, and
 * with `everyBatches` `{"event": "batch", "epoch": 0, "batch": 100, "batches": 100, "steps": 100, "loss": 0.91, …}` in between.
 * JSON has no NaN and no infinities: they are written as strings, as Protocol Buffers do.
 *
 * A run that continues a checkpoint cuts away the lines that were written after it, so that the file ends as if
 * training had never stopped.
 *
 * @throws ConfigurationError for bad options; CheckpointError when a run continues with another log
 *
 * @example
 * new JSONLinesLogger({sink: new MemorySink(), everyBatches: 100});
 */
export class JSONLinesLogger implements Callback {
  readonly name = 'JSONLinesLogger';
  readonly stateKey: string;
  readonly order = 50;
  private readonly text: LogText;
  private readonly append: boolean;
  private readonly everyBatches: number;
  private continued = false;

  constructor(options: JSONLinesLoggerOptions) {
    for (const name of Object.keys(options)) {
      if (!OPTIONS.includes(name)) throw unknownName('option of JSONLinesLogger', name, OPTIONS);
    }
    const {append = false, everyBatches = Infinity} = options;
    if (everyBatches !== Infinity && (!Number.isInteger(everyBatches) || everyBatches < 1)) {
      throw new ConfigurationError(`JSONLinesLogger: everyBatches is ${String(everyBatches)}.`, {
        hint: 'It should be an integer of at least 1.',
        code: 'configuration/option',
      });
    }
    this.text = new LogText(this.name, options);
    this.append = append;
    this.everyBatches = everyBatches;
    this.stateKey = options.path === undefined ? this.name : `${this.name}:${options.path}`;
  }

  getState(): StateTree {
    return {position: this.text.position};
  }

  setState(state: StateTree): void {
    const {position} = (state ?? {}) as {readonly [key: string]: StateTree};
    if (typeof position !== 'number') {
      throw new CheckpointError('The state kept for JSONLinesLogger cannot be read.', {
        hint: 'Use a checkpoint of a run with the same callbacks.',
        code: 'checkpoint/callback-state',
      });
    }
    this.text.position = position;
    this.continued = true;
  }

  async onTrainBegin(): Promise<void> {
    await (this.continued ? this.text.continue() : this.text.begin(this.append));
    this.continued = false;
  }

  async onTrainBatchEnd({epoch, batch, batches, steps, logs}: BatchEndContext): Promise<void> {
    if (batches % this.everyBatches !== 0) return;
    await this.text.write(line({event: 'batch', epoch, batch, batches, steps}, await logs.read()));
  }

  async onEpochEnd({epoch, steps, logs}: EpochEndContext): Promise<void> {
    await this.text.write(line({event: 'epoch', epoch, steps}, logs));
  }

  /** Also after a run that had its state put back and never began. */
  onTrainEnd(): void {
    this.continued = false;
  }
}

function line(head: Readonly<Record<string, string | number>>, logs: Readonly<Logs>): string {
  const values = Object.entries(logs).map(([name, value]) => [
    name,
    Number.isFinite(value) ? value : String(value),
  ]);
  return `${JSON.stringify({...head, ...Object.fromEntries(values)})}\n`;
}
