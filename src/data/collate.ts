/**
 * Elements into a batch: the same structure, with one tensor a leaf.
 */
import * as tf from '@tensorflow/tfjs-core';
import {DataError, ShapeError} from '../core';
import {allocate} from './arrays';
import type {DataType, HostArray, TypedArray} from './elements';
import {disposeElement, isHostArray, isRecord, isTensor, isTypedArray, joinPath} from './elements';
import type {NumberTypes} from './stage';

/** A plain array in an element is a tuple. One of more numbers than this can only be meant as a vector. */
const LONGEST_TUPLE = 32;

/**
 * Stacks elements of one structure along a new first axis. Takes ownership of the elements: their tensors are
 * disposed, also when it throws. The caller owns the result. Plain numbers become float32 unless `numberTypes`
 * says otherwise.
 */
export function collate(elements: readonly unknown[], numberTypes?: NumberTypes): unknown {
  const made: tf.Tensor[] = [];
  try {
    return stack(elements, '', {made, numberTypes});
  } catch (error) {
    for (const tensor of made) tensor.dispose();
    throw error;
  } finally {
    for (const element of elements) disposeElement(element);
  }
}

interface Stacking {
  readonly made: tf.Tensor[];
  readonly numberTypes: NumberTypes | undefined;
}

function stack(items: readonly unknown[], path: string, into: Stacking): unknown {
  const first = items[0];
  if (Array.isArray(first)) {
    if (first.length > LONGEST_TUPLE && typeof first[0] === 'number') {
      throw new DataError(`The element ${describe(path)} is a plain array of ${first.length} numbers.`, {
        hint: 'Plain arrays are tuples of separate inputs; for a vector return Float32Array.from(numbers).',
        code: 'data/element',
      });
    }
    return first.map((_, i) => stack(children(items, i, first.length, path), joinPath(path, i), into));
  }
  if (isRecord(first) && !isHostArray(first)) {
    const record: Record<string, unknown> = {};
    const keys = Object.keys(first);
    for (const key of keys) {
      record[key] = stack(children(items, key, keys.length, path), joinPath(path, key), into);
    }
    return record;
  }
  const batch = isTensor(first)
    ? stackTensors(items, path)
    : stackValues(items, path, into.numberTypes?.get(path));
  into.made.push(batch);
  return batch;
}

/** The entry under `key` of each item; all must have the first one's entries. */
function children(items: readonly unknown[], key: string | number, count: number, path: string): unknown[] {
  return items.map(item => {
    const sameKind = typeof key === 'number' ? Array.isArray(item) : isRecord(item);
    if (!sameKind || Object.keys(item as object).length !== count || !Object.hasOwn(item as object, key)) {
      throw new DataError(`Elements of a batch differ in structure at ${describe(path)}.`, {
        hint: 'Every element must have the same entries.',
        code: 'data/structure',
      });
    }
    return (item as Record<string | number, unknown>)[key];
  });
}

function stackTensors(items: readonly unknown[], path: string): tf.Tensor {
  const first = items[0] as tf.Tensor;
  for (const item of items) {
    if (!isTensor(item)) throw mixed(path, 'a tensor', kindOf(item));
    if (item.isDisposed) {
      throw new DataError(`An element's tensor ${describe(path)} is already disposed.`, {
        hint: 'Elements hand their tensors over to the pipeline: clone those that you keep or use twice.',
        code: 'data/disposed',
      });
    }
    checkShape(item.shape, first.shape, path);
  }
  return tf.stack(items as tf.Tensor[]);
}

function stackValues(items: readonly unknown[], path: string, numberType: DataType = 'float32'): tf.Tensor {
  const {shape, dtype} = asLeaf(items[0], path, numberType);
  const rowSize = shape.reduce((product, dimension) => product * dimension, 1);
  const out = allocate(dtype, items.length * rowSize);
  items.forEach((item, i) => {
    const row = asLeaf(item, path, numberType);
    checkShape(row.shape, shape, path);
    if (row.dtype !== dtype) throw mixed(path, dtype, row.dtype);
    if (row.values.length !== rowSize) {
      throw new ShapeError(
        `The element ${describe(path)} has ${row.values.length} values, its shape [${row.shape.join(', ')}] holds ${rowSize}.`,
        {hint: 'Give every element the shape of its values.', code: 'shape/values'},
      );
    }
    out.set(row.values, i * rowSize);
  });
  return tf.tensor(out, [items.length, ...shape], dtype);
}

interface Leaf {
  readonly values: TypedArray | readonly number[];
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

function asLeaf(leaf: unknown, path: string, numberType: DataType): Leaf {
  if (typeof leaf === 'number') return {values: [leaf], shape: [], dtype: numberType};
  if (typeof leaf === 'boolean') return {values: [leaf ? 1 : 0], shape: [], dtype: 'bool'};
  if (isTypedArray(leaf)) return {values: leaf, shape: [leaf.length], dtype: leafType(leaf)};
  if (isHostArray(leaf))
    return {values: leaf.values, shape: leaf.shape, dtype: leaf.dtype ?? leafType(leaf.values)};
  throw mixed(path, 'a number, a typed array, {values, shape} or a tensor', kindOf(leaf));
}

function leafType(values: HostArray['values']): DataType {
  return values instanceof Int32Array ? 'int32' : 'float32';
}

function checkShape(found: readonly number[], expected: readonly number[], path: string): void {
  if (found.length === expected.length && found.every((dimension, i) => dimension === expected[i])) return;
  throw new ShapeError(
    `Elements of a batch differ in shape at ${describe(path)}: [${found.join(', ')}] and [${expected.join(', ')}].`,
    {hint: 'Resize or pad them to one shape before batch().', code: 'shape/batch'},
  );
}

function mixed(path: string, expected: string, found: string): DataError {
  return new DataError(`The element ${describe(path)} is ${found}, expected ${expected}.`, {
    hint: 'Every element of a batch must have the same kind of value here.',
    code: 'data/element',
  });
}

function kindOf(value: unknown): string {
  if (typeof value === 'string') return `the string '${value}'`;
  if (typeof value === 'object') return value === null ? 'null' : `of class ${value.constructor.name}`;
  return value === undefined ? 'undefined' : `of type ${typeof value}`;
}

function describe(path: string): string {
  return path === '' ? 'itself' : `'${path}'`;
}
