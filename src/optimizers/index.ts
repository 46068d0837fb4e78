export * from './types';
export * from './adam';
export * from './optimizer';
export * from './sgd';
