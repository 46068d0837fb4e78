import {CheckpointError, ConfigurationError, unknownName} from '../core';
import type {StateTree} from '../core';
import type {Callback, EpochEndContext, TrainContext} from '../trainer';
import {LogText} from './logText';
import type {LogTarget} from './logText';

export interface CSVLoggerOptions extends LogTarget {
  /** Whether to go on behind what the file has (its header is then not written again). Default false: begin anew. */
  append?: boolean;
  /** What stands between columns. Default `','`. */
  separator?: string;
}

const OPTIONS = ['path', 'sink', 'append', 'separator'];

/**
 * Writes the numbers of each epoch to a CSV file, as Keras's callback of this name does: `epoch` (from 0) and the
 * logs in alphabetical order, with the columns of the first epoch. A number that is missing later is `NA`.
 * Quoting follows RFC 4180; NaN and infinities are written as JavaScript and pandas read them.
 *
 * A run that continues a checkpoint cuts away the rows that were written after it, so that the file ends as if
 * training had never stopped.
 *
 * @throws ConfigurationError for bad options; CheckpointError when a run continues with another log
 *
 * @example
 * const log = new MemorySink();
 * new CSVLogger({sink: log, separator: ';'});
 */
export class CSVLogger implements Callback {
  readonly name = 'CSVLogger';
  readonly stateKey: string;
  readonly order = 50;
  private readonly text: LogText;
  private readonly append: boolean;
  private readonly separator: string;
  private columns: readonly string[] | undefined;
  private continued = false;

  constructor(options: CSVLoggerOptions) {
    for (const name of Object.keys(options)) {
      if (!OPTIONS.includes(name)) throw unknownName('option of CSVLogger', name, OPTIONS);
    }
    const {append = false, separator = ','} = options;
    if (typeof separator !== 'string' || separator.length !== 1 || /["\r\n]/.test(separator)) {
      throw new ConfigurationError(`CSVLogger: separator is ${JSON.stringify(separator)}.`, {
        hint: 'It should be one character, neither a quote nor the end of a line.',
        code: 'configuration/option',
      });
    }
    this.text = new LogText(this.name, options);
    this.append = append;
    this.separator = separator;
    this.stateKey = options.path === undefined ? this.name : `${this.name}:${options.path}`;
  }

  getState(): StateTree {
    return {position: this.text.position, columns: this.columns};
  }

  setState(state: StateTree): void {
    const {position, columns} = (state ?? {}) as {readonly [key: string]: StateTree};
    const known =
      columns === undefined || (Array.isArray(columns) && columns.every(name => typeof name === 'string'));
    if (typeof position !== 'number' || !known) {
      throw new CheckpointError('The state kept for CSVLogger cannot be read.', {
        hint: 'Use a checkpoint of a run with the same callbacks.',
        code: 'checkpoint/callback-state',
      });
    }
    this.text.position = position;
    this.columns = columns;
    this.continued = true;
  }

  async onTrainBegin(): Promise<void> {
    if (this.continued) {
      await this.text.continue();
    } else {
      this.columns = undefined;
      await this.text.begin(this.append);
    }
    this.continued = false;
  }

  async onEpochEnd(context: EpochEndContext): Promise<void> {
    const {epoch, logs} = context;
    this.columns ??= columnsOf(context);
    const header = this.text.position === 0 ? this.line(['epoch', ...this.columns]) : '';
    const values = this.columns.map(name => (Object.hasOwn(logs, name) ? String(logs[name]) : 'NA'));
    await this.text.write(header + this.line([String(epoch), ...values]));
  }

  /** Also after a run that had its state put back and never began. */
  onTrainEnd(): void {
    this.continued = false;
  }

  private line(fields: readonly string[]): string {
    const quoted = fields.map(field =>
      field.includes(this.separator) || /["\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field,
    );
    return `${quoted.join(this.separator)}\n`;
  }
}

/** The names of the first epoch; and those of a validation that this run has, but not in every epoch. */
function columnsOf({logs, validationFrequency}: EpochEndContext & TrainContext): string[] {
  const names = Object.keys(logs).sort();
  if (
    validationFrequency === undefined ||
    validationFrequency === 1 ||
    names.some(name => name.startsWith('val_'))
  )
    return names;
  return [...names, ...names.filter(name => !name.endsWith('learning_rate')).map(name => `val_${name}`)];
}
