import type {TerminalSink} from '../core';

/** A stream that text can be written to: standard output, or one like it. */
export interface TerminalStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/**
 * A terminal (or a file or pipe in its place) that progress is written to.
 *
 * @param stream Default: the process's standard output.
 *
 * @example
 * import {terminalSink} from 'glassbox/node';
 * new ProgressBar({sink: terminalSink(process.stderr)});
 */
export function terminalSink(stream: TerminalStream = process.stdout): TerminalSink {
  return {
    write: text => void stream.write(text),
    get isTTY() {
      return stream.isTTY === true;
    },
    get columns() {
      return stream.columns;
    },
  };
}
