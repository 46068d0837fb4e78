export {CSVLogger} from './csvLogger';
export type {CSVLoggerOptions} from './csvLogger';
export {JSONLinesLogger} from './jsonLinesLogger';
export type {JSONLinesLoggerOptions} from './jsonLinesLogger';
export type {LogTarget} from './logText';
export {MemorySink} from './memorySink';
