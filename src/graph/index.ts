export {ModelGraph} from './modelGraph';
export {releasingTape} from './recording';
export {StatisticsLedger, applyStatistics} from './statistics';
export type * from './types';
