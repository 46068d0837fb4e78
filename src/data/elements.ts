/**
 * Elements: what flows through a pipeline, and the walk over their structure.
 *
 * An element is a leaf, or a tuple (plain array) or record (plain object) of elements, nested at will. A
 * leaf is a number, a boolean, a typed array (a vector), a `HostArray` or a tensor.
 */
import {Tensor} from '@tensorflow/tfjs-core';

/** The typed arrays that data may come in. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray;

/** The tensor types that a batch can have. */
export type DataType = 'float32' | 'int32' | 'bool';

/** An array of any shape in host memory, in row-major order. Rows of a source are views of it: do not write into them. */
export interface HostArray {
  readonly values: TypedArray;
  readonly shape: readonly number[];
  /** The type of the tensors made from it. By default `'int32'` for an Int32Array, else `'float32'`. */
  readonly dtype?: DataType;
}

/** The batch that `batch` makes of elements of type T: the same structure with tensors at its leaves. */
export type Batched<T> = unknown extends T
  ? T
  : T extends Tensor | HostArray | TypedArray | number | boolean
    ? Tensor
    : T extends object
      ? {-readonly [K in keyof T]: Batched<T[K]>}
      : never;

/** `instanceof` alone narrows to tensors of any rank whatsoever, which switches type checks off. */
export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}

export function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && !isBigIntArray(value);
}

function isBigIntArray(value: object): boolean {
  return value instanceof BigInt64Array || value instanceof BigUint64Array;
}

export function isHostArray(value: unknown): value is HostArray {
  return isRecord(value) && Array.isArray(value['shape']) && isTypedArray(value['values']);
}

/** Whether `value` is a plain object, which counts as a record of elements. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Calls `leaf` for each leaf of an element and builds the same structure from the results. */
export function mapLeaves(element: unknown, leaf: (value: unknown) => unknown): unknown {
  if (Array.isArray(element)) return element.map(item => mapLeaves(item, leaf));
  if (!isRecord(element) || isHostArray(element)) return leaf(element);
  const mapped: Record<string, unknown> = {};
  for (const key of Object.keys(element)) mapped[key] = mapLeaves(element[key], leaf);
  return mapped;
}

/** The tensors in an element. */
export function tensorsIn(element: unknown, found: Set<Tensor> = new Set()): Set<Tensor> {
  if (isTensor(element)) found.add(element);
  else if (Array.isArray(element)) for (const item of element) tensorsIn(item, found);
  else if (isRecord(element)) for (const key in element) tensorsIn(element[key], found);
  return found;
}

/** The path of an entry: `[1]`, `image`, `targets.label`, `[0].mask`. */
export function joinPath(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** Disposes the tensors in an element that are still alive, except those in `keep`. */
export function disposeElement(element: unknown, keep?: ReadonlySet<Tensor>): void {
  if (typeof element !== 'object' || element === null) return;
  for (const tensor of tensorsIn(element)) {
    if (!tensor.isDisposed && !keep?.has(tensor)) tensor.dispose();
  }
}
