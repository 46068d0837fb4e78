/**
 * What loggers to a text share: where they write, from what position on, and how a run that continues a checkpoint
 * cuts away what was written after it.
 */
import {CheckpointError, ConfigurationError, resolveText} from '../core';
import type {TextSink} from '../core';

/** Where a log goes: either of the two. */
export interface LogTarget {
  /** A file. Needs `import 'glassbox/node'`. */
  path?: string;
  /** Anything that text can be added to, such as `new MemorySink()`. */
  sink?: TextSink;
}

/** The text that one logger writes. */
export class LogText {
  /** The length in bytes that the text has when this logger is the only one that writes to it. */
  position = 0;
  private readonly sink: TextSink;

  constructor(
    private readonly owner: string,
    {path, sink}: LogTarget,
  ) {
    if ((path === undefined || path === '') === (sink === undefined)) {
      throw new ConfigurationError(`${owner} needs to know where to write: either a path or a sink.`, {
        hint: "Give sink: new MemorySink(), or in Node path: 'log.csv' after import 'glassbox/node'.",
        code: 'configuration/log-target',
      });
    }
    this.sink = resolveText(sink ?? path!);
  }

  /** Begins a new log, or goes on behind what is there. */
  async begin(append: boolean): Promise<void> {
    if (!append) await this.sink.truncate(0);
    this.position = append ? await this.sink.size() : 0;
  }

  /**
   * Goes on at the position of the checkpoint. A log that is not there any more begins anew.
   *
   * @throws CheckpointError if the text is shorter than it was: it is another one
   */
  async continue(): Promise<void> {
    const size = await this.sink.size();
    if (size === 0) this.position = 0;
    if (size < this.position) {
      throw new CheckpointError(
        `The log of ${this.owner} has ${size} bytes; when the checkpoint was written it had ${this.position}.`,
        {
          hint: 'Continue with the log of the same run, or remove this one to begin a new log.',
          code: 'checkpoint/log',
        },
      );
    }
    await this.sink.truncate(this.position);
  }

  async write(text: string): Promise<void> {
    await this.sink.append(text);
    this.position += new TextEncoder().encode(text).length;
  }
}
