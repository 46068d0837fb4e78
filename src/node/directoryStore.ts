import {randomBytes} from 'node:crypto';
import * as fs from 'node:fs/promises';
import {hostname} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {CheckpointError, ConfigurationError} from '../core';
import type {CheckpointStore} from '../core';

const EXTENSION = '.safetensors';
const TEMPORARY = /^\.(.+)\.([^.]*)\.(\d+)\.[0-9a-f]{12}\.tmp$/;
/** Temporary files of other machines (a shared disk) count as left over after a day. */
const LEFT_OVER_MS = 24 * 3600 * 1000;

/** The temporary files that this process is writing now, in all its stores. */
const writing = new Set<string>();

/**
 * Checkpoints as `<name>.safetensors` files in a folder. Writing is atomic and durable: a temporary file in the same
 * folder is written, flushed to the disk and renamed, and the folder is flushed. However the process ends, the folder
 * has the old checkpoint or the new one, whole. Temporary files that a killed process left are never taken for
 * checkpoints, and the next writer removes them.
 *
 * Names may have letters, digits, spaces and `._=+-`, and begin with a letter or digit.
 *
 * @param path The folder; made when first written to.
 * @throws ConfigurationError for a name that is not safe on every file system; CheckpointError when
 * the disk refuses
 *
 * @example
 * import {DirectoryStore} from 'glassbox/node';
 * const store = new DirectoryStore('checkpoints');
 * await store.read('best'); // undefined until something is written
 */
export class DirectoryStore implements CheckpointStore {
  /** The folder's absolute path. */
  readonly path: string;
  private cleaned = false;

  constructor(path: string) {
    if (typeof path !== 'string' || path === '') {
      throw new ConfigurationError('DirectoryStore needs the path of a folder.', {
        code: 'configuration/option',
      });
    }
    this.path = resolve(path);
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    const target = this.fileOf(name);
    const host = hostname().replace(/[^A-Za-z0-9-]/g, '-');
    const temporary = join(
      this.path,
      `.${name}.${host}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`,
    );
    writing.add(temporary);
    try {
      await this.prepare();
      const file = await fs.open(temporary, 'wx');
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await fs.rename(temporary, target);
      await syncDirectory(this.path);
    } catch (cause) {
      await fs.rm(temporary, {force: true}).catch(() => undefined);
      throw failure(
        `write checkpoint '${name}' to`,
        this.path,
        cause,
        'Look at its permissions and free space.',
      );
    } finally {
      writing.delete(temporary);
    }
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const file = this.fileOf(name);
    try {
      return new Uint8Array(await fs.readFile(file));
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw failure(`read checkpoint '${name}' from`, this.path, cause, 'Look at its permissions.');
    }
  }

  async list(): Promise<string[]> {
    const files = await this.files('list checkpoints in');
    return files
      .filter(file => file.endsWith(EXTENSION))
      .map(file => file.slice(0, -EXTENSION.length))
      .filter(isSafe)
      .sort();
  }

  async remove(name: string): Promise<void> {
    const file = this.fileOf(name);
    try {
      await fs.unlink(file);
      await syncDirectory(this.path);
    } catch (cause) {
      if (!isMissing(cause))
        throw failure(`remove checkpoint '${name}' from`, this.path, cause, 'Look at its permissions.');
    }
  }

  private fileOf(name: string): string {
    if (isSafe(name)) return join(this.path, name + EXTENSION);
    throw new ConfigurationError(`'${name}' cannot be a checkpoint's name in a folder.`, {
      hint: 'Use up to 150 letters, digits, spaces and any of . _ = + -, beginning with a letter or digit.',
      code: 'configuration/checkpoint-name',
    });
  }

  private async files(what: string): Promise<string[]> {
    try {
      return await fs.readdir(this.path);
    } catch (cause) {
      if (isMissing(cause)) return [];
      throw failure(what, this.path, cause, 'Look at its permissions.');
    }
  }

  /** Makes the folder, and removes what killed processes left in it. */
  private async prepare(): Promise<void> {
    const made = await fs.mkdir(this.path, {recursive: true});
    if (made !== undefined) await syncDirectory(dirname(made));
    if (this.cleaned) return;
    this.cleaned = true;
    for (const file of await this.files('look into')) {
      const path = join(this.path, file);
      if (await isLeftOver(file, path)) await fs.rm(path, {force: true});
    }
  }
}

/** Safe on all common file systems, case and Windows's reserved characters included. */
function isSafe(name: string): boolean {
  return typeof name === 'string' && /^[A-Za-z0-9]([A-Za-z0-9 ._=+-]{0,148}[A-Za-z0-9_=+-])?$/.test(name);
}

/** Whether `file` is a temporary file that nobody writes to any more. */
async function isLeftOver(file: string, path: string): Promise<boolean> {
  const [, , host, pid] = TEMPORARY.exec(file) ?? [];
  if (pid === undefined || writing.has(path)) return false;
  if (host === hostname().replace(/[^A-Za-z0-9-]/g, '-')) {
    // In a container a program has the same process id every time.
    return Number(pid) === process.pid || !isRunning(Number(pid));
  }
  const {mtimeMs} = await fs.stat(path).catch(() => ({mtimeMs: Date.now()}));
  return Date.now() - mtimeMs > LEFT_OVER_MS;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

/** Makes renames and removals in a folder durable. Windows has no such call, and needs none. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await fs.open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function isMissing(error: unknown): boolean {
  return errorCode(error) === 'ENOENT';
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function failure(what: string, path: string, cause: unknown, hint: string): CheckpointError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CheckpointError(`Could not ${what} ${path}: ${reason}.`, {hint, code: 'checkpoint/disk', cause});
}
