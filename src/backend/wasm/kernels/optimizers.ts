/**
 * One update of all weights of an optimizer. The weights are cut into blocks of 4096 elements, a chunk is some
 * blocks. Sums and products are rounded one by one, not fused, as the operations that make up the rules of
 * src/optimizers round them: the results are the same to the last bit, LAMB's norms apart.
 */
import {address, int, partStart, real} from './call';
import {applyLamb} from './adamRules';
import {update} from './optimizerRules';

/** Elements of a block: the seven streams of Adam then take 112 kB, which a second-level cache holds. */
const BLOCK: i32 = 4096;
/** Numbers before the records, and in a record. */
const HEADER: usize = 5;
const RECORD: usize = 17;

// @ts-ignore: decorator
@inline
function recordAt(args: usize, index: i32): usize {
  return args + ((HEADER + <usize>index * RECORD) << 3);
}

/** The record that block `block` belongs to. */
function findRecord(args: usize, block: i32): i32 {
  let index = int(args, 3) - 1;
  while (int(recordAt(args, index), 0) > block) index--;
  return index;
}

// @ts-ignore: decorator
@inline
function copyRest(from: usize, to: usize, bytes: usize): void {
  if (to != 0 && from != 0) memory.copy(to, from, bytes);
}

/**
 * Computes new weights and slots. With LAMB, steps go where the weights belong and the sums of their squares into
 * `partials`; `lambApply` with the same arguments makes weights of them.
 *
 * Scratch: 144 bytes.
 *
 * @param args rule (a code of optimizerRules.ts), blocks, chunks, weights, partials (16 bytes a block, LAMB only),
 *   then for each weight: its first block, elements, weight, gradient, new weight, three slots, each followed by
 *   the new one (0 for none), decay, five numbers of the rule
 */
export function optimizerStep(args: usize, chunk: i32, scratch: usize): void {
  const rule = int(args, 0);
  const blocks = int(args, 1);
  const chunks = int(args, 2);
  const partials = address(args, 4);
  let block = partStart(chunk, chunks, blocks, 1);
  const end = partStart(chunk + 1, chunks, blocks, 1);
  if (block >= end) return;
  for (let index = findRecord(args, block); block < end; index++) {
    const record = recordAt(args, index);
    const firstBlock = int(record, 0);
    const size = int(record, 1);
    const lastBlock = min(end, firstBlock + (size + BLOCK - 1) / BLOCK);
    for (; block < lastBlock; block++) {
      const start = (block - firstBlock) * BLOCK;
      const count = min(BLOCK, size - start);
      updateBlock(rule, record, <usize>start << 2, count, partials != 0 ? partials + (<usize>block << 4) : 0, scratch);
    }
  }
}

/** The elements of one block: fours where they lie, the rest as a four in scratch memory. */
function updateBlock(rule: i32, record: usize, at: usize, count: i32, sums: usize, scratch: usize): void {
  const w = address(record, 2) + at;
  const g = address(record, 3) + at;
  const o = address(record, 4) + at;
  const s0 = present(record, 5, at);
  const t0 = present(record, 6, at);
  const s1 = present(record, 7, at);
  const t1 = present(record, 8, at);
  const s2 = present(record, 9, at);
  const t2 = present(record, 10, at);
  const numbers = record + 88;
  const bytes = <usize>(count & ~3) << 2;
  update(rule, numbers, w, g, o, s0, t0, s1, t1, s2, t2, bytes, sums);
  const rest = <usize>(count & 3) << 2;
  if (rest == 0) return;
  memory.fill(scratch, 0, 144);
  copyRest(w + bytes, scratch, rest);
  copyRest(g + bytes, scratch + 16, rest);
  copyRest(s0 != 0 ? s0 + bytes : 0, scratch + 48, rest);
  copyRest(s1 != 0 ? s1 + bytes : 0, scratch + 80, rest);
  copyRest(s2 != 0 ? s2 + bytes : 0, scratch + 112, rest);
  update(
    rule,
    numbers,
    scratch,
    scratch + 16,
    scratch + 32,
    s0 != 0 ? scratch + 48 : 0,
    scratch + 64,
    s1 != 0 ? scratch + 80 : 0,
    scratch + 96,
    s2 != 0 ? scratch + 112 : 0,
    scratch + 128,
    16,
    0,
  );
  if (sums != 0) addSquares(scratch, numbers, rest, sums);
  copyRest(scratch + 32, o + bytes, rest);
  copyRest(scratch + 64, t0 != 0 ? t0 + bytes : 0, rest);
  copyRest(scratch + 96, t1 != 0 ? t1 + bytes : 0, rest);
  copyRest(scratch + 128, t2 != 0 ? t2 + bytes : 0, rest);
}

/** Adds the squares of the elements in scratch memory, of which only `rest` bytes are any, to LAMB's sums. */
function addSquares(scratch: usize, numbers: usize, rest: usize, sums: usize): void {
  const decay = real(numbers, 0);
  let values = load<f64>(sums);
  let steps = load<f64>(sums, 8);
  for (let i: usize = 0; i < rest; i += 4) {
    const weight = load<f32>(scratch + i);
    const value = decay != 0 ? weight - weight * decay : weight;
    const step = load<f32>(scratch + i, 32);
    values += <f64>value * <f64>value;
    steps += <f64>step * <f64>step;
  }
  store<f64>(sums, values);
  store<f64>(sums, steps, 8);
}

// @ts-ignore: decorator
@inline
function present(record: usize, index: i32, at: usize): usize {
  const slot = address(record, index);
  return slot != 0 ? slot + at : 0;
}

/** Takes LAMB's steps, scaled by the ratio of the norms, off the weights. Arguments as `optimizerStep`. */
export function lambApply(args: usize, chunk: i32, _scratch: usize): void {
  const blocks = int(args, 1);
  const chunks = int(args, 2);
  const partials = address(args, 4);
  let block = partStart(chunk, chunks, blocks, 1);
  const end = partStart(chunk + 1, chunks, blocks, 1);
  if (block >= end) return;
  for (let index = findRecord(args, block); block < end; index++) {
    const record = recordAt(args, index);
    const firstBlock = int(record, 0);
    const size = int(record, 1);
    const blocksHere = (size + BLOCK - 1) / BLOCK;
    let values: f64 = 0;
    let steps: f64 = 0;
    for (let b = firstBlock; b < firstBlock + blocksHere; b++) {
      values += load<f64>(partials + (<usize>b << 4));
      steps += load<f64>(partials + (<usize>b << 4), 8);
    }
    const ratio: f32 = values > 0 && steps > 0 ? f32(sqrt(values) / sqrt(steps)) : 1;
    const lastBlock = min(end, firstBlock + blocksHere);
    const from = <usize>((block - firstBlock) * BLOCK) << 2;
    const to = <usize>min((lastBlock - firstBlock) * BLOCK, size) << 2;
    applyLamb(address(record, 2), address(record, 4), from, to, real(record, 11), ratio * real(record, 16));
    block = lastBlock;
  }
}
