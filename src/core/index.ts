export * from './errors';
export * from './platform';
export * from './random';
export * from './state';
