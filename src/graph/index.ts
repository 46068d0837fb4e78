export {drawnDropout} from './dropout';
export {ModelGraph} from './modelGraph';
export {releasingTape} from './recording';
export {isRecordingNested, withoutRecording} from './tfjsInternals';
export {StatisticsLedger, applyStatistics} from './statistics';
export type * from './types';
