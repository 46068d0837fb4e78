/**
 * Where a callback keeps checkpoints: a store, or a path that `glassbox/node` gives its meaning.
 */
import {ConfigurationError, resolveStore} from '../core';
import type {CheckpointStore} from '../core';

/** Either of the two. */
export interface CheckpointTarget {
  /** Where checkpoints are kept, such as `new MemoryStore()` or `new IndexedDBStore()`. */
  store?: CheckpointStore;
  /** A folder. Needs `import 'glassbox/node'`. */
  path?: string;
}

/** The store that is meant. */
export function storeOf(owner: string, {store, path}: CheckpointTarget): CheckpointStore {
  if (store !== undefined && path === undefined) return store;
  if (path !== undefined && path !== '' && store === undefined) return resolveStore(path);
  throw new ConfigurationError(
    `${owner} needs to know where to keep checkpoints: either a store or a path.`,
    {
      hint: "Give store: new MemoryStore(), or in Node path: 'checkpoints' after import 'glassbox/node'.",
      code: 'configuration/checkpoint-target',
    },
  );
}
