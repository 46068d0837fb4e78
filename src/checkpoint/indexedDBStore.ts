/**
 * Checkpoints in a browser's IndexedDB: they outlive the page, and take as much room as the browser grants.
 */
import {asGiven, CheckpointError, ConfigurationError} from '../core';
import type {CheckpointStore} from '../core';

const TABLE = 'checkpoints';

/**
 * A {@link CheckpointStore} in IndexedDB. A write is one transaction, flushed to the disk where the browser can: all
 * of it is kept, or nothing changes.
 *
 * @param database What the database is called. Default `'glassbox'`.
 * @throws {@link ConfigurationError} where there is no IndexedDB; {@link CheckpointError} when the database refuses
 *
 * @example
 * const store = new IndexedDBStore('my-run');
 * store.database; // 'my-run'
 */
export class IndexedDBStore implements CheckpointStore {
  private opening: Promise<IDBDatabase> | undefined;

  constructor(readonly database = 'glassbox') {
    if (typeof database !== 'string' || database === '') {
      throw new ConfigurationError(`The database of IndexedDBStore is ${asGiven(database)}.`, {
        hint: "Give its name, such as new IndexedDBStore('my-run'), or nothing.",
        code: 'configuration/option',
      });
    }
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    // A copy: what is stored would otherwise be the whole buffer that `bytes` may be a part of.
    await this.transact('readwrite', `write checkpoint '${name}'`, table =>
      table.put(new Uint8Array(bytes), name),
    );
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const value = await this.transact<unknown>('readonly', `read checkpoint '${name}'`, table =>
      table.get(name),
    );
    if (value === undefined || value instanceof Uint8Array) return value;
    throw new CheckpointError(`What is kept as '${name}' in database '${this.database}' is no checkpoint.`, {
      hint: 'Give each program a database of its own: new IndexedDBStore(name).',
      code: 'checkpoint/foreign',
    });
  }

  async list(): Promise<string[]> {
    const keys = await this.transact('readonly', 'list checkpoints', table => table.getAllKeys());
    return keys.map(String).sort();
  }

  async remove(name: string): Promise<void> {
    await this.transact('readwrite', `remove checkpoint '${name}'`, table => table.delete(name));
  }

  /** Closes the connection, so that the database can be deleted. The next call opens it again. */
  async close(): Promise<void> {
    const {opening} = this;
    this.opening = undefined;
    (await opening?.catch(() => undefined))?.close();
  }

  /** Resolves once the transaction is complete, and not when the request alone is. */
  private async transact<T>(
    mode: IDBTransactionMode,
    what: string,
    request: (table: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> {
    const database = await this.connect();
    try {
      return await new Promise<T>((resolve, reject) => {
        const transaction = database.transaction(TABLE, mode, {durability: 'strict'});
        const pending = request(transaction.objectStore(TABLE));
        transaction.oncomplete = () => resolve(pending.result);
        transaction.onabort = () =>
          reject(transaction.error ?? new DOMException('It was aborted.', 'AbortError'));
      });
    } catch (cause) {
      throw this.failure(what, cause);
    }
  }

  private async connect(): Promise<IDBDatabase> {
    const opening = (this.opening ??= this.open());
    try {
      return await opening;
    } catch (error) {
      // What failed once may work later.
      if (this.opening === opening) this.opening = undefined;
      throw error;
    }
  }

  private async open(): Promise<IDBDatabase> {
    const {indexedDB} = globalThis as {indexedDB?: IDBFactory};
    try {
      if (!indexedDB) {
        throw new ConfigurationError('There is no IndexedDB here.', {
          hint: 'In Node use DirectoryStore from glassbox/node; anywhere, MemoryStore.',
          code: 'configuration/no-indexeddb',
        });
      }
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(this.database, 1);
        request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new DOMException('It cannot be opened.'));
      });
      // Another page may delete or upgrade the database, and waits until we let go.
      database.onversionchange = () => void this.close();
      database.onclose = () => (this.opening = undefined);
      return database;
    } catch (cause) {
      throw cause instanceof ConfigurationError ? cause : this.failure('open', cause);
    }
  }

  private failure(what: string, cause: unknown): CheckpointError {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    const full = cause instanceof Error && cause.name === 'QuotaExceededError';
    return new CheckpointError(`Could not ${what} in database '${this.database}': ${reason}.`, {
      hint: full
        ? 'The browser grants no more room: keep fewer checkpoints.'
        : 'Look at whether this page may store data (private windows may not), and try again.',
      code: 'checkpoint/database',
      cause,
    });
  }
}
