/**
 * The safetensors container (Hugging Face 2022): a 64-bit length, a JSON header of that length, then the data of
 * all tensors without gaps, little-endian. Other tools read the tensors of our checkpoints through it.
 */
import {CheckpointError} from '../core';

/** The element types we write. */
export type SafetensorsDtype = 'F32' | 'I32' | 'U8' | 'BOOL';

export interface SafetensorsEntry {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** From and up to which byte of the data it lies. */
  readonly data_offsets: readonly [number, number];
}

export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of the data. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  /** A view, not a copy. */
  readonly data: Uint8Array;
}

/** Bytes of one element. */
export const ITEM_SIZE: Readonly<Record<SafetensorsDtype, number>> = {F32: 4, I32: 4, U8: 1, BOOL: 1};

// The reference reader refuses longer headers.
const MAX_HEADER = 100_000_000;

/** Lays out a file. The data parts must be in the order of `entries`. */
export function writeSafetensors(
  metadata: Readonly<Record<string, string>>,
  entries: ReadonlyMap<string, SafetensorsEntry>,
  data: readonly Uint8Array[],
): Uint8Array {
  const header = new TextEncoder().encode(
    JSON.stringify(Object.fromEntries([['__metadata__', metadata], ...entries])),
  );
  // Padded so that the data begins at a multiple of 8, and can be viewed in place as numbers.
  const headerLength = Math.ceil(header.length / 8) * 8;
  if (headerLength > MAX_HEADER) {
    throw new CheckpointError(
      `The state's plain values take ${headerLength} bytes, more than a file may hold.`,
      {
        hint: 'Keep long lists of numbers as Float32Array or as tensors.',
        code: 'checkpoint/too-large',
      },
    );
  }
  const bytes = new Uint8Array(8 + headerLength + data.reduce((sum, part) => sum + part.length, 0));
  bytes.fill(0x20, 8, 8 + headerLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(header, 8);
  let offset = 8 + headerLength;
  for (const part of data) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Takes a file apart and checks its layout. Throws {@link CheckpointError} for anything that does not fit. */
export function readSafetensors(input: Uint8Array): SafetensorsFile {
  // A Node Buffer's own `slice` would share memory.
  const bytes = new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  if (bytes.length < 8) throw truncated(`it has ${bytes.length} bytes, and a header needs 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > MAX_HEADER || headerLength < 2 || (bytes.length > 8 && bytes[8] !== 0x7b)) {
    throw foreign('it does not begin like a safetensors file');
  }
  if (8 + headerLength > bytes.length) {
    throw truncated(`its header should have ${headerLength} bytes, and ${bytes.length - 8} are there`);
  }
  const {__metadata__: metadata = {}, ...table} = parseHeader(bytes.subarray(8, 8 + headerLength));
  if (!isRecord(metadata) || !Object.values(metadata).every(value => typeof value === 'string')) {
    throw damaged('its metadata are not a record of strings');
  }
  const data = bytes.subarray(8 + headerLength);
  return {metadata: metadata as Record<string, string>, entries: checkEntries(table, data.length), data};
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(bytes));
    if (isRecord(header)) return header;
  } catch (cause) {
    throw damaged('its header is no valid JSON', cause);
  }
  throw damaged('its header is not a JSON object');
}

function checkEntries(table: Record<string, unknown>, length: number): Map<string, SafetensorsEntry> {
  const entries = Object.entries(table).map(([name, entry]) => {
    if (!isEntry(entry)) throw damaged(`its tensor '${name}' is described wrongly`);
    return [name, entry] as const;
  });
  entries.sort(
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  );
  let end = 0;
  for (const [name, entry] of entries) {
    const [from, to] = entry.data_offsets;
    const size = entry.shape.reduce((product, n) => product * n, ITEM_SIZE[entry.dtype]);
    if (from !== end || to - from !== size) throw damaged(`its tensor '${name}' lies at ${from} to ${to}`);
    end = to;
  }
  if (end > length) throw truncated(`its tensors need ${end} bytes, and ${length} are there`);
  if (end < length) throw damaged(`${length - end} bytes follow its last tensor`);
  return new Map(entries);
}

function isEntry(value: unknown): value is SafetensorsEntry {
  if (!isRecord(value)) return false;
  const {dtype, shape, data_offsets: offsets} = value;
  const isSize = (n: unknown): boolean => Number.isSafeInteger(n) && (n as number) >= 0;
  return (
    typeof dtype === 'string' &&
    Object.hasOwn(ITEM_SIZE, dtype) &&
    Array.isArray(shape) &&
    shape.every(isSize) &&
    Array.isArray(offsets) &&
    offsets.length === 2 &&
    offsets.every(isSize)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The bytes end too early. */
export function truncated(why: string): CheckpointError {
  return new CheckpointError(`This checkpoint is cut off: ${why}.`, {
    hint: 'Use an earlier one; stores of glassbox never leave half-written files, so look at how it was copied.',
    code: 'checkpoint/truncated',
  });
}

/** The bytes are not what was written. */
export function damaged(why: string, cause?: unknown): CheckpointError {
  return new CheckpointError(`This checkpoint is damaged: ${why}.`, {
    hint: 'Use an earlier one, or copy it again from where it was written.',
    code: 'checkpoint/damaged',
    cause,
  });
}

/** The bytes were never ours. */
export function foreign(why: string): CheckpointError {
  return new CheckpointError(`These bytes are no glassbox checkpoint: ${why}.`, {
    hint: 'Pass what a CheckpointStore, ModelCheckpoint or `checkpoint()` gave.',
    code: 'checkpoint/foreign',
  });
}
