/**
 * A state tree as bytes and back. Tensors and typed arrays become the tensors of a safetensors file; the rest of
 * the tree is JSON in its metadata, where `{"$tensor": name}` and the like stand for what JSON cannot say.
 */
import * as tf from '@tensorflow/tfjs-core';
import {CheckpointError} from '../core';
import type {StateTree} from '../core';
import {crc32} from './crc32';
import {ITEM_SIZE, damaged, foreign, readSafetensors, writeSafetensors} from './safetensors';
import type {SafetensorsDtype, SafetensorsEntry, SafetensorsFile} from './safetensors';

const FORMAT = 'glassbox';
const VERSION = 1;

type TypedArray = Float32Array | Int32Array | Uint8Array;

/** What a reference in the tree can name. */
type Kind = '$tensor' | '$float32Array' | '$int32Array' | '$uint8Array';

const TENSOR_DTYPES: Readonly<Record<string, SafetensorsDtype>> = {
  float32: 'F32',
  int32: 'I32',
  bool: 'BOOL',
};
const KIND_DTYPES: Readonly<Record<Kind, readonly SafetensorsDtype[]>> = {
  $tensor: ['F32', 'I32', 'BOOL'],
  $float32Array: ['F32'],
  $int32Array: ['I32'],
  $uint8Array: ['U8'],
};

/**
 * A tree of state as the bytes of a safetensors file, which other tools can open for the weights.
 *
 * The tree is taken as it is at the call: all tensors begin to be read at once, and typed arrays are copied.
 * Tensors stay the caller's.
 *
 * @param tree JSON values, tensors (float32, int32, bool) and typed arrays. All numbers survive exactly.
 * @throws {@link CheckpointError} for a value that cannot be kept, named by where it lies.
 *
 * @example
 * const weights = tf.tensor1d([1, 2, 3]);
 * const bytes = await encodeState({epoch: 3, best: -Infinity, weights});
 * const again = decodeState(bytes) as {epoch: number; weights: tf.Tensor};
 * again.epoch; // 3
 * again.weights; // [1, 2, 3]
 * disposeState([weights, again]);
 */
export async function encodeState(tree: StateTree): Promise<Uint8Array> {
  const leaves = new Map<string, Leaf>();
  const json = JSON.stringify(toJson(tree, [], leaves));

  // Four-byte elements first, so that all of them lie at multiples of four.
  const ordered = [...leaves].sort(([, a], [, b]) => ITEM_SIZE[b.dtype] - ITEM_SIZE[a.dtype]);
  const entries = new Map<string, SafetensorsEntry>();
  const values = await Promise.all(ordered.map(([, leaf]) => leaf.values));
  const data: Uint8Array[] = [];
  let offset = 0;
  for (const [i, [name, {dtype, shape}]] of ordered.entries()) {
    // Hosts on which WebAssembly and WebGL run are little-endian, as the format is.
    const {buffer, byteOffset, byteLength} = inArrayOf(dtype, values[i]!);
    checkLength(name, dtype, shape, byteLength);
    data.push(new Uint8Array(buffer, byteOffset, byteLength));
    entries.set(name, {dtype, shape, data_offsets: [offset, (offset += byteLength)]});
  }
  const checksum = checksumOf(String(VERSION), json, entries, data);
  return writeSafetensors(
    {format: FORMAT, version: String(VERSION), tree: json, crc32: checksum},
    entries,
    data,
  );
}

/**
 * The tree that {@link encodeState} wrote. Its tensors belong to the caller, who ends them with
 * {@link disposeState}.
 *
 * @throws {@link CheckpointError} when the bytes are cut off, damaged, of a newer version, or not ours; no tensor
 * is left behind then.
 *
 * @example
 * decodeState(await encodeState([NaN, -0, undefined])); // [NaN, -0, undefined]
 */
export function decodeState(bytes: Uint8Array): StateTree {
  const file = readSafetensors(bytes);
  const {format, version = '', tree = '', crc32: checksum} = file.metadata;
  if (format !== FORMAT) throw foreign('it is a safetensors file without training state');
  if (!(Number(version) <= VERSION)) {
    throw new CheckpointError(
      `This checkpoint has format ${version}; this glassbox reads up to ${VERSION}.`,
      {
        hint: 'It was written by a newer glassbox: upgrade to read it.',
        code: 'checkpoint/version',
      },
    );
  }
  if (checksum !== checksumOf(version, tree, file.entries, [file.data]))
    throw damaged('its checksum does not fit its content');
  const made: tf.Tensor[] = [];
  try {
    return fromJson(JSON.parse(tree) as Json, file, made);
  } catch (error) {
    made.forEach(tensor => tensor.dispose());
    throw error instanceof CheckpointError ? error : damaged('its tree cannot be read', error);
  }
}

/**
 * Disposes every tensor in a tree. Tensors that are disposed already are passed over.
 *
 * @example
 * const state = {weights: tf.zeros([2]), steps: 3};
 * disposeState(state);
 * state.weights.isDisposed; // true
 */
export function disposeState(tree: StateTree): void {
  if (typeof tree !== 'object' || tree === null || isTypedArray(tree)) return;
  if (tree instanceof tf.Tensor) {
    if (!tree.isDisposed) tree.dispose();
  } else {
    Object.values(tree).forEach(disposeState);
  }
}

/** A tensor or typed array on its way into the file. */
interface Leaf {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly values: Promise<TypedArray>;
}

type Json = null | boolean | number | string | Json[] | {[key: string]: Json};

function toJson(tree: StateTree, path: readonly string[], leaves: Map<string, Leaf>): Json {
  const keep = (kind: Kind, leaf: Leaf): Json => {
    const name = freeName(path.join('.') || 'state', leaves);
    leaves.set(name, leaf);
    return {[kind]: name};
  };
  switch (typeof tree) {
    case 'string':
    case 'boolean':
      return tree;
    case 'number':
      return Number.isFinite(tree) && !Object.is(tree, -0)
        ? tree
        : {$number: Object.is(tree, -0) ? '-0' : `${tree}`};
    case 'undefined':
      return {$undefined: true};
    case 'object':
      break;
    default:
      throw unsupported(`a ${typeof tree}`, path);
  }
  if (tree === null) return null;
  if (tree instanceof tf.Tensor) {
    const dtype = TENSOR_DTYPES[tree.dtype];
    if (tree.isDisposed) throw unsupported('a disposed tensor', path);
    if (dtype === undefined) throw unsupported(`a tensor of ${tree.dtype}`, path);
    return keep('$tensor', {dtype, shape: tree.shape, values: tree.data<'float32' | 'int32' | 'bool'>()});
  }
  if (tree instanceof Float32Array)
    return keep('$float32Array', {dtype: 'F32', shape: [tree.length], values: Promise.resolve(tree.slice())});
  if (tree instanceof Int32Array)
    return keep('$int32Array', {dtype: 'I32', shape: [tree.length], values: Promise.resolve(tree.slice())});
  if (tree instanceof Uint8Array) {
    return keep('$uint8Array', {
      dtype: 'U8',
      shape: [tree.length],
      values: Promise.resolve(new Uint8Array(tree)),
    });
  }
  if (isArray(tree)) return tree.map((item, i) => toJson(item, [...path, `${i}`], leaves));
  const prototype: unknown = Object.getPrototypeOf(tree);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw unsupported(`an object of class ${tree.constructor.name}`, path);
  }
  return Object.fromEntries(
    // A key of the tree that looks like one of our words gets a second '$'.
    Object.entries(tree).map(([key, value]) => [
      key.startsWith('$') ? `$${key}` : key,
      toJson(value, [...path, key], leaves),
    ]),
  );
}

/**
 * The values in the array that `dtype` is stored in. tfjs's cpu backend keeps the array of before a cast that loses
 * nothing: a float32 tensor cast from int32 gives an Int32Array, one cast from bool a Uint8Array.
 */
function inArrayOf(dtype: SafetensorsDtype, values: TypedArray): TypedArray {
  if (dtype === 'F32') return values instanceof Float32Array ? values : Float32Array.from(values);
  if (dtype === 'I32') return values instanceof Int32Array ? values : Int32Array.from(values);
  return values instanceof Uint8Array ? values : Uint8Array.from(values);
}

/** A file with one tensor of a wrong length could not be read at all. */
function checkLength(
  name: string,
  dtype: SafetensorsDtype,
  shape: readonly number[],
  byteLength: number,
): void {
  const expected = shape.reduce((size, length) => size * length, ITEM_SIZE[dtype]);
  if (byteLength === expected) return;
  throw new CheckpointError(
    `The backend gave ${byteLength} bytes for '${name}' of shape [${shape.join(',')}], which takes ${expected}.`,
    {
      hint: 'Save from another backend, or report the operation that made this tensor.',
      code: 'checkpoint/length',
    },
  );
}

function fromJson(json: Json, file: SafetensorsFile, made: tf.Tensor[]): StateTree {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(item => fromJson(item, file, made));
  const entries = Object.entries(json);
  const [word, value] = entries.length === 1 ? entries[0]! : ['', null];
  if (word === '$undefined') return undefined;
  if (word === '$number') return Number(value);
  if (isKind(word)) return readLeaf(word, value, file, made);
  return Object.fromEntries(
    entries.map(([key, item]) => [key.startsWith('$$') ? key.slice(1) : key, fromJson(item, file, made)]),
  );
}

function readLeaf(kind: Kind, name: Json, file: SafetensorsFile, made: tf.Tensor[]): StateTree {
  const entry = typeof name === 'string' ? file.entries.get(name) : undefined;
  if (!entry || !KIND_DTYPES[kind].includes(entry.dtype)) {
    throw damaged(`its tree refers to ${JSON.stringify(name)}, which is not there`);
  }
  // A copy: tfjs keeps the array that it is given, and the caller may use the bytes for something else.
  const {buffer} = file.data.slice(...entry.data_offsets);
  const values =
    entry.dtype === 'F32'
      ? new Float32Array(buffer)
      : entry.dtype === 'I32'
        ? new Int32Array(buffer)
        : new Uint8Array(buffer);
  if (kind !== '$tensor') return values;
  const dtype = entry.dtype === 'F32' ? 'float32' : entry.dtype === 'I32' ? 'int32' : 'bool';
  const tensor = tf.tensor(values, [...entry.shape], dtype);
  made.push(tensor);
  return tensor;
}

/** Over all that decoding relies on, not over the data alone: a flipped digit in the tree is found too. */
function checksumOf(
  version: string,
  tree: string,
  entries: ReadonlyMap<string, SafetensorsEntry>,
  data: readonly Uint8Array[],
): string {
  const table = [...entries].map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ]) => [name, dtype, shape, from, to],
  );
  let crc = crc32(new TextEncoder().encode(JSON.stringify([version, tree, table])));
  for (const part of data) crc = crc32(part, crc);
  return crc.toString(16).padStart(8, '0');
}

/** Keys may hold dots themselves, so two paths can read the same. */
function freeName(name: string, taken: ReadonlyMap<string, unknown>): string {
  let free = name === '__metadata__' ? 'state.__metadata__' : name;
  for (let i = 2; taken.has(free); i++) free = `${name}#${i}`;
  return free;
}

function isKind(word: string): word is Kind {
  return Object.hasOwn(KIND_DTYPES, word);
}

function isArray(tree: StateTree): tree is readonly StateTree[] {
  return Array.isArray(tree);
}

function isTypedArray(tree: StateTree): tree is TypedArray {
  return tree instanceof Float32Array || tree instanceof Int32Array || tree instanceof Uint8Array;
}

function unsupported(what: string, path: readonly string[]): CheckpointError {
  return new CheckpointError(
    `A checkpoint cannot hold ${what}, found at '${path.join('.') || 'the root'}'.`,
    {
      hint: 'Keep plain objects, arrays, numbers, strings, typed arrays (Float32, Int32, Uint8) and tensors.',
      code: 'checkpoint/unsupported',
    },
  );
}
