export * from './types';
export {Dataset} from './dataset';
export type {PartitionOptions, Zipped} from './dataset';
export type {ArraySource, ArrayStructure, ElementOf, NumberArray} from './arrays';
export type {Batched, DataType, HostArray, TypedArray} from './elements';
export type {PassIterator} from './iterator';
export type {PartSizes} from './partition';
export type {Label} from './stages/subset';
export type {Transform, TransformContext} from './transform';
