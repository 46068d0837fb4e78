/**
 * Where checkpoints are kept. The interface lives in core, where a host's own store is registered.
 */
export type {CheckpointStore} from '../core';
