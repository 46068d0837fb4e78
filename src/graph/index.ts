export {ModelGraph} from './modelGraph';
export {releasingTape} from './recording';
export {applyStatistics} from './statistics';
export type * from './types';
