export {IndexedDBStore} from './indexedDBStore';
export {MemoryStore} from './memoryStore';
export {decodeState, disposeState, encodeState} from './state';
export type {CheckpointStore} from './types';
