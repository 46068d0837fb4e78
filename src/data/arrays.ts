/**
 * Sources that are arrays: what may be given, how it is checked, and how rows are gathered into batches.
 */
import * as tf from '@tensorflow/tfjs-core';
import {DataError, ShapeError} from '../core';
import type {DataType, HostArray, TypedArray} from './elements';
import {isHostArray, isTensor, isRecord, isTypedArray, joinPath} from './elements';
import type {Awaitable, NumberTypes, RowKey, RowTable} from './stage';

/** Nested arrays of numbers, rectangular. */
export type NumberArray = readonly number[] | readonly NumberArray[];

/** One array with the samples along its first axis. */
export type ArraySource = tf.Tensor | TypedArray | HostArray | NumberArray;

/**
 * One source, or a tuple or record of them, nested at will. An outermost plain array is a tuple unless it holds
 * numbers; below, a plain array whose leaves are all numbers is a source.
 */
export type ArrayStructure =
  ArraySource | readonly ArrayStructure[] | {readonly [key: string]: ArrayStructure};

/** The element that a source gives: numbers from flat arrays, `HostArray` rows from all others. */
type RowOf<S> = S extends TypedArray | readonly number[] ? number : HostArray;

/** As `ElementOf`, below the outermost level. */
type InnerElementOf<S> = S extends tf.Tensor | TypedArray | HostArray | NumberArray
  ? RowOf<S>
  : {-readonly [K in keyof S]: InnerElementOf<S[K]>};

/** The element type of a dataset made from arrays of type S: unknown where S says nothing of the structure. */
export type ElementOf<S> = ArrayStructure extends S
  ? unknown
  : S extends tf.Tensor | TypedArray | HostArray | readonly number[]
    ? RowOf<S>
    : {-readonly [K in keyof S]: InnerElementOf<S[K]>};

/** One source, checked; its values are there after `load`. */
export class Column {
  private values: TypedArray | undefined;
  private loading: Promise<void> | undefined;
  private readonly rowShape: readonly number[];
  private readonly rowSize: number;

  constructor(
    readonly path: string,
    readonly shape: readonly number[],
    readonly dtype: DataType,
    /** Whether an element is a plain number. */
    readonly flat: boolean,
    private readonly origin: TypedArray | tf.Tensor,
  ) {
    this.rowShape = shape.slice(1);
    this.rowSize = this.rowShape.reduce((product, dimension) => product * dimension, 1);
    if (!(origin instanceof tf.Tensor)) this.values = origin;
  }

  get length(): number {
    return this.shape[0]!;
  }

  get loaded(): boolean {
    return this.values !== undefined;
  }

  /** Brings a tensor's values to the host, once. */
  load(): Awaitable<void> {
    if (this.values !== undefined || !(this.origin instanceof tf.Tensor)) return undefined;
    if (this.origin.isDisposed) {
      throw new DataError(`The tensor ${describe(this.path)} was disposed before the dataset read it.`, {
        hint: 'Dispose it after the first pass has begun, or pass its values.',
        code: 'data/disposed',
      });
    }
    this.loading ??= this.origin.data().then(
      values => {
        // A copy: some backends answer with the very buffer that the tensor lives in.
        this.values = values.slice();
      },
      (error: unknown) => {
        this.loading = undefined;
        throw error;
      },
    );
    return this.loading;
  }

  row(index: number): number | HostArray {
    const values = this.read();
    if (this.flat) return values[index]!;
    const begin = index * this.rowSize;
    return {values: values.subarray(begin, begin + this.rowSize), shape: this.rowShape, dtype: this.dtype};
  }

  gather(rows: readonly number[]): tf.Tensor {
    const values = this.read();
    const {rowSize} = this;
    const size = rows.length * rowSize;
    const out = allocate(this.dtype, size);
    // A native copy a row, conversion of type included, is ten times as fast as a loop; short rows do not repay it.
    const long = rowSize >= 16;
    let to = 0;
    for (const row of rows) {
      const from = row * rowSize;
      if (long) out.set(values.subarray(from, from + rowSize), to);
      else for (let i = 0; i < rowSize; i++) out[to + i] = values[from + i]!;
      to += rowSize;
    }
    return tf.tensor(out, [rows.length, ...this.rowShape], this.dtype);
  }

  private read(): TypedArray {
    if (this.values === undefined) throw new Error('Column read before it was loaded.');
    return this.values;
  }
}

/** The memory of a tensor of that type. */
export function allocate(dtype: DataType, size: number): Float32Array | Int32Array | Uint8Array {
  if (dtype === 'int32') return new Int32Array(size);
  return dtype === 'bool' ? new Uint8Array(size) : new Float32Array(size);
}

/** The columns of a structure of arrays, all of one length. */
export class ArrayTable implements RowTable {
  readonly length: number;
  private readonly columns: Column[] = [];
  private readonly structure: unknown;

  /** @throws DataError, ShapeError naming the source at fault. */
  constructor(source: unknown) {
    this.structure = this.read(source, '', true);
    const first = this.columns[0];
    if (first === undefined) {
      throw new DataError('The dataset has no arrays.', {
        hint: 'Pass at least one array.',
        code: 'data/empty',
      });
    }
    for (const column of this.columns) {
      if (column.length === first.length) continue;
      throw new DataError(
        `The arrays have different numbers of samples: ${describe(first.path)} has ${first.length}, ` +
          `${describe(column.path)} has ${column.length}.`,
        {hint: 'All must have the same length along their first axis.', code: 'data/length'},
      );
    }
    if (first.length === 0) {
      throw new DataError('The dataset is empty: its arrays have 0 samples.', {
        hint: 'Pass at least one sample.',
        code: 'data/empty',
      });
    }
    this.length = first.length;
  }

  /** Brings every column to the host. */
  load(): Awaitable<void> {
    const waiting = this.columns.map(column => column.load()).filter(loading => loading !== undefined);
    if (waiting.length === 0) return undefined;
    return Promise.all(waiting).then(() => undefined);
  }

  /** The types of the columns whose elements are plain numbers. */
  get numberTypes(): NumberTypes {
    return new Map(this.columns.filter(column => column.flat).map(column => [column.path, column.dtype]));
  }

  /** Whether nothing has to be waited for. */
  get loaded(): boolean {
    return this.columns.every(column => column.loaded);
  }

  element(row: number): unknown {
    return fill(this.structure, column => column.row(row));
  }

  gather(rows: readonly RowKey[]): unknown {
    return fill(this.structure, column => column.gather(rows as readonly number[]));
  }

  /** The structure with a column in place of each source. */
  private read(source: unknown, path: string, outermost: boolean): unknown {
    if (Array.isArray(source)) {
      const holdsNumbers = source.length > 0 && typeof source[0] === 'number';
      if (holdsNumbers || (!outermost && allNumbers(source))) return this.add(columnOfNumbers(source, path));
      return source.map((item, i) => this.read(item, joinPath(path, i), false));
    }
    if (isRecord(source) && !isHostArray(source)) {
      const record: Record<string, unknown> = {};
      for (const key of Object.keys(source)) {
        record[key] = this.read(source[key], joinPath(path, key), false);
      }
      return record;
    }
    return this.add(columnOf(source, path));
  }

  private add(column: Column): Column {
    this.columns.push(column);
    return column;
  }
}

/** The structure with each column replaced. */
function fill(structure: unknown, leaf: (column: Column) => unknown): unknown {
  if (structure instanceof Column) return leaf(structure);
  if (Array.isArray(structure)) return structure.map(item => fill(item, leaf));
  const record: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(structure as Record<string, unknown>))
    record[key] = fill(item, leaf);
  return record;
}

function columnOf(source: unknown, path: string): Column {
  if (isTensor(source)) {
    const {dtype} = source;
    if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
      throw new DataError(`The tensor ${describe(path)} is of type ${dtype}.`, {
        hint: 'Datasets hold float32, int32 and bool.',
        code: 'data/type',
      });
    }
    checkShape(source.shape, path);
    return new Column(path, source.shape.slice(), dtype, false, source);
  }
  if (isTypedArray(source)) {
    return new Column(path, [source.length], defaultType(source, 1), true, source);
  }
  if (isHostArray(source)) {
    const {values, shape} = source;
    checkShape(shape, path);
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    if (size !== values.length) {
      throw new ShapeError(
        `The array ${describe(path)} has ${values.length} values, but its shape [${shape.join(', ')}] holds ${size}.`,
        {hint: 'Give the shape of all samples, [samples, ...shape of one].', code: 'shape/values'},
      );
    }
    return new Column(path, [...shape], source.dtype ?? defaultType(values, shape.length), false, values);
  }
  const found = source === null ? 'null' : (source?.constructor?.name ?? typeof source);
  throw new DataError(`The source ${describe(path)} is of type ${found}.`, {
    hint: 'Pass a tensor, a typed array, {values, shape} or nested arrays of numbers.',
    code: 'data/source',
  });
}

/** Int32Array is tfjs's own integer type; a flat array of integers holds labels; all else is measured values. */
export function defaultType(values: TypedArray, rank: number): DataType {
  if (values instanceof Int32Array) return 'int32';
  const real = values instanceof Float32Array || values instanceof Float64Array;
  return rank === 1 && !real ? 'int32' : 'float32';
}

function columnOfNumbers(source: readonly unknown[], path: string): Column {
  const {values, shape} = hostArrayOf(source, path);
  return new Column(path, shape, 'float32', shape.length === 1, values);
}

/**
 * Nested arrays of numbers as one float32 array: a source that cannot be mistaken for a tuple.
 *
 * @throws ShapeError if the rows differ in length, or a leaf is no number.
 *
 * @example
 * hostArrayOf([[1, 2], [3, 4]]).shape; // [2, 2]
 */
export function hostArrayOf(numbers: readonly unknown[], path = ''): {values: Float32Array; shape: number[]} {
  const shape: number[] = [];
  for (let level: unknown = numbers; Array.isArray(level); level = level[0]) shape.push(level.length);
  const values = new Float32Array(shape.reduce((product, dimension) => product * dimension, 1));
  let next = 0;
  const copy = (level: unknown, axis: number): void => {
    if (axis === shape.length && typeof level === 'number') values[next++] = level;
    else if (Array.isArray(level) && level.length === shape[axis])
      for (const item of level) copy(item, axis + 1);
    else {
      throw new ShapeError(
        `The nested array ${describe(path)} is ragged: expected shape [${shape.join(', ')}] throughout, as its first entries have.`,
        {hint: 'Pad the rows to one length and make every leaf a number.', code: 'shape/ragged'},
      );
    }
  };
  copy(numbers, 0);
  return {values, shape};
}

function checkShape(shape: readonly number[], path: string): void {
  if (shape.length > 0 && shape.every(dimension => Number.isInteger(dimension) && dimension >= 0)) return;
  throw new ShapeError(`The source ${describe(path)} has shape [${shape.join(', ')}].`, {
    hint: 'It needs a first axis that counts the samples.',
    code: 'shape/rank',
  });
}

function allNumbers(value: readonly unknown[]): boolean {
  return value.every(item => (Array.isArray(item) ? allNumbers(item) : typeof item === 'number'));
}

function describe(path: string): string {
  return path === '' ? 'given' : `'${path}'`;
}
