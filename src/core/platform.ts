/**
 * What only a host with files and a terminal can give, and where it is asked for. The library itself uses no
 * Node module: `glassbox/node` registers its own here when it is imported, and a page may register others.
 */
import {ConfigurationError} from './errors';

/** A place that keeps named byte strings. Writing is all or nothing: a crash while writing loses no earlier entry. */
export interface CheckpointStore {
  /** Keeps `bytes` under `name`, in place of what was there. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** What was last written under `name`, or undefined. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** The names kept, sorted. */
  list(): Promise<string[]>;
  /** Forgets `name`; nothing happens if it is not there. */
  remove(name: string): Promise<void>;
}

/** A text that grows at its end, such as a log file. */
export interface TextSink {
  /** The length in bytes of what is there (UTF-8); 0 if there is nothing yet. */
  size(): Promise<number>;
  /** Puts `text` at the end. When the promise resolves, the text survives the end of the process. */
  append(text: string): Promise<void>;
  /** Cuts away what lies behind the first `size` bytes. */
  truncate(size: number): Promise<void>;
}

/** Where progress is shown. */
export interface TerminalSink {
  write(text: string): void;
  /** Whether a carriage return goes back to the start of the line, as on a screen (and not in a file). */
  readonly isTTY: boolean;
  /** Characters in a line, where known. */
  readonly columns?: number | undefined;
}

/** What a host registers. Each part is optional; what is missing is reported when it is asked for. */
export interface Platform {
  /** Opens the store of checkpoints at `path`. */
  openStore?(path: string): CheckpointStore;
  /** Opens the text at `path`. */
  openText?(path: string): TextSink;
  /** The terminal that progress goes to. */
  terminal?(): TerminalSink;
}

let registered: Platform = {};

/**
 * Sets what a path given as a string is opened with, and where progress is written. What was registered before
 * stays, unless it is named again.
 *
 * @returns a function that puts back what was there.
 *
 * @example
 * const undo = registerPlatform({terminal: () => ({write: text => {}, isTTY: false})});
 * undo();
 */
export function registerPlatform(platform: Platform): () => void {
  const before = registered;
  registered = {...registered, ...platform};
  return () => {
    registered = before;
  };
}

/** The store that `target` is or names. Throws ConfigurationError for a path where no host gave files. */
export function resolveStore(target: CheckpointStore | string): CheckpointStore {
  if (typeof target !== 'string') return target;
  return needs(registered.openStore, `the checkpoint folder '${target}'`)(target);
}

/** The sink that `target` is or names. Throws ConfigurationError for a path where no host gave files. */
export function resolveText(target: TextSink | string): TextSink {
  if (typeof target !== 'string') return target;
  return needs(registered.openText, `the log file '${target}'`)(target);
}

/** The registered terminal, else the process's standard output, else undefined (in a page). */
export function resolveTerminal(): TerminalSink | undefined {
  if (registered.terminal) return registered.terminal();
  // Streams that are no terminal have neither of the two.
  type Stream = Pick<TerminalSink, 'write'> & Partial<TerminalSink>;
  const {process} = globalThis as {process?: {stdout?: Stream}};
  const stdout = process?.stdout;
  if (typeof stdout?.write !== 'function') return undefined;
  return {
    write: text => stdout.write(text),
    get isTTY() {
      return stdout.isTTY === true;
    },
    get columns() {
      return stdout.columns;
    },
  };
}

function needs<T>(open: T | undefined, what: string): T {
  if (open) return open;
  throw new ConfigurationError(`Nothing here can open ${what}: the root entry uses no file system.`, {
    hint: "In Node, import 'glassbox/node' once, which gives paths their meaning; elsewhere pass a store or sink.",
    code: 'configuration/no-files',
  });
}
