/**
 * The kernel module for shared memory. In WebAssembly a module says whether the memory that it imports is shared,
 * and nothing else differs; so the one that is embedded is rewritten, rather than kept twice.
 */

const IMPORTS = 2;
const MEMORY = 2;
const SHARED_WITH_MAXIMUM = 3;
/** 4 GB, in pages of 64 kB. */
const MAXIMUM_PAGES = 65536;

/** A module that imports one memory and nothing else, with that import declared as shared. */
export function importingSharedMemory(binary: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const {head, start, end} = section(binary, IMPORTS);
  const reader = new Reader(binary, start);
  const count = reader.number();
  reader.skip(reader.number());
  reader.skip(reader.number());
  if (count !== 1 || reader.byte() !== MEMORY) throw new Error('The kernels import more than a memory.');
  const names = binary.subarray(start, reader.position);
  reader.byte();
  const minimum = reader.number();
  const body = [...names, SHARED_WITH_MAXIMUM, ...encoded(minimum), ...encoded(MAXIMUM_PAGES)];
  const shared = [...binary.subarray(0, head), IMPORTS, ...encoded(body.length), ...body];
  const result = new Uint8Array(shared.length + binary.length - end);
  result.set(shared);
  result.set(binary.subarray(end), shared.length);
  return result;
}

/** Where a section begins, and from where to where its contents go. */
function section(binary: Uint8Array, wanted: number): Record<'head' | 'start' | 'end', number> {
  const reader = new Reader(binary, 8);
  while (reader.position < binary.length) {
    const head = reader.position;
    const id = reader.byte();
    const size = reader.number();
    if (id === wanted) return {head, start: reader.position, end: reader.position + size};
    reader.skip(size);
  }
  throw new Error('The kernels import no memory.');
}

/** Reads a binary's bytes and numbers (LEB128). */
class Reader {
  constructor(
    private readonly binary: Uint8Array,
    public position: number,
  ) {}

  byte(): number {
    return this.binary[this.position++]!;
  }

  number(): number {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  }

  skip(bytes: number): void {
    this.position += bytes;
  }
}

function encoded(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...encoded(value >>> 7)];
}
