import * as fs from 'node:fs/promises';
import {dirname, resolve} from 'node:path';
import {ConfigurationError, GlassboxError} from '../core';
import type {TextSink} from '../core';

/**
 * A text file that loggers write to. Folders on the way are made when first needed.
 *
 * @param path The file.
 * @throws GlassboxError with code `'file'` when the disk refuses
 *
 * @example
 * import {FileSink} from 'glassbox/node';
 * const log = new FileSink('runs/log.csv');
 * log.path.endsWith('log.csv'); // true
 */
export class FileSink implements TextSink {
  /** The file's absolute path. */
  readonly path: string;

  constructor(path: string) {
    if (typeof path !== 'string' || path === '') {
      throw new ConfigurationError('FileSink needs the path of a file.', {code: 'configuration/option'});
    }
    this.path = resolve(path);
  }

  async size(): Promise<number> {
    try {
      return (await fs.stat(this.path)).size;
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return 0;
      throw this.failure('read', cause);
    }
  }

  async append(text: string): Promise<void> {
    try {
      await fs.mkdir(dirname(this.path), {recursive: true});
      await fs.appendFile(this.path, text, 'utf8');
    } catch (cause) {
      throw this.failure('write to', cause);
    }
  }

  async truncate(size: number): Promise<void> {
    if ((await this.size()) <= size) return;
    try {
      await fs.truncate(this.path, size);
    } catch (cause) {
      throw this.failure('cut', cause);
    }
  }

  private failure(what: string, cause: unknown): GlassboxError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new GlassboxError(`Could not ${what} the file ${this.path}: ${reason}.`, {
      hint: 'Look at its permissions and at the free space of its disk.',
      code: 'file',
      cause,
    });
  }
}
