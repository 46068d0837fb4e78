export * from './types';
export {Dataset} from './dataset';
export type {ArraySource, ArrayStructure, ElementOf, NumberArray} from './arrays';
export type {Batched, DataType, HostArray, TypedArray} from './elements';
