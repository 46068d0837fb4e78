import * as fs from 'node:fs/promises';
import {dirname, resolve} from 'node:path';
import {ConfigurationError} from '../core';
import type {TextSink} from '../core';

/**
 * A text file that loggers write to. Folders on the way are made when first needed.
 *
 * @param path The file.
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
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
      throw error;
    }
  }

  async append(text: string): Promise<void> {
    await fs.mkdir(dirname(this.path), {recursive: true});
    await fs.appendFile(this.path, text, 'utf8');
  }

  async truncate(size: number): Promise<void> {
    if ((await this.size()) > size) await fs.truncate(this.path, size);
  }
}
