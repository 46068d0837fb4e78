/**
 * `glassbox/data`: `Dataset`, and the types around it.
 *
 * @packageDocumentation
 */
export {
  Dataset,
  type ArraySource,
  type ArrayStructure,
  type Batched,
  type DataIterator,
  type DataType,
  type ElementOf,
  type HostArray,
  type IterateOptions,
  type Label,
  type NumberArray,
  type PartSizes,
  type PartitionOptions,
  type Transform,
  type TransformContext,
  type TypedArray,
  type Zipped,
} from '../data';
