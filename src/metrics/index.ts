export * from './accuracy';
export {DeviceSum} from './deviceSum';
export {getMetric} from './get';
export {Mean, MeanMetric} from './mean';
export {Metric, type MetricTarget} from './metric';
