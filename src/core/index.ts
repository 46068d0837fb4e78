export * from './errors';
export * from './fusion';
export * from './kernels';
export * from './options';
export * from './philox';
export * from './platform';
export * from './random';
export * from './state';
