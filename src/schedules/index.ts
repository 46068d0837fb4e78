export * from './types';
export * from './compose';
export {cosine, cosineRestarts} from './cosine';
export type {CosineOptions, CosineRestartsOptions} from './cosine';
export * from './decay';
export * from './oneCycle';
