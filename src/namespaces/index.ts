export * from './data';
export * as losses from './losses';
export * as metrics from './metrics';
