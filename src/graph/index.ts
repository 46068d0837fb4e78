export {ModelGraph} from './modelGraph';
export {applyStatistics} from './statistics';
export type * from './types';
