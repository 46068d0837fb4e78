/**
 * Where an optimizer keeps its memory of each weight (momenta, accumulators): by the weight's key and the
 * slot's name, on the device while training and on the host between runs.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {CheckpointError, ShapeError} from '../core';
import type {StateTree} from '../core';

/** The slots of one weight by name. A rule may leave some out (`vMax` without AMSGrad). */
export type SlotTensors = {readonly [name: string]: Tensor | undefined};

/** What a slot is before the first update. */
export interface SlotInit {
  readonly shape: readonly number[];
  /** The value of all its elements. Default 0. */
  readonly fill?: number;
}

/** The slots of one weight, by name. A name without a value is a slot that this weight does not have. */
export type SlotInits = {readonly [name: string]: SlotInit | undefined};

/** A slot that rests outside the device. */
interface HostSlot {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

type HeldSlot = Tensor | HostSlot;
type HeldSlots = Record<string, HeldSlot>;

interface Entry {
  readonly slots: HeldSlots;
  /** The shape of the weight that the slots are known to fit, once they are. */
  fits?: readonly number[];
}

/** Slots by key. Owns its tensors. */
export class SlotStore {
  private entries = new Map<string, Entry>();

  /** @param inits what slots a weight of a given shape needs */
  constructor(private readonly inits: (shape: readonly number[]) => SlotInits) {}

  /** Throws a ShapeError unless the slots kept under `key`, if any, are those of a weight of this shape. */
  check(key: string, shape: readonly number[]): void {
    const entry = this.entries.get(key);
    // A variable's shape is one array for life, so that from its second step on there is nothing to compare.
    if (entry === undefined || entry.fits === shape) return;
    const expected = describe(this.inits(shape));
    const found = describe(entry.slots);
    if (expected !== found) {
      throw new ShapeError(`The optimizer's slots of '${key}' are ${found}; the weight needs ${expected}.`, {
        hint: 'The state belongs to another model or to an optimizer with other options: use those it was saved with.',
        code: 'shape/slots',
      });
    }
    entry.fits = shape;
  }

  /**
   * The slots of a weight of this shape as live tensors, made or brought back to the device where needed. They
   * stay the store's.
   */
  tensors(key: string, shape: readonly number[]): SlotTensors {
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = {slots: {}, fits: shape};
      for (const [name, init] of present(this.inits(shape))) {
        entry.slots[name] = tf.keep(tf.fill([...init.shape], init.fill ?? 0, 'float32'));
      }
      this.entries.set(key, entry);
    }
    const live: Record<string, Tensor> = {};
    for (const name in entry.slots) {
      const slot = entry.slots[name]!;
      live[name] = isHost(slot) ? tf.keep(tf.tensor(slot.values, [...slot.shape], 'float32')) : slot;
      entry.slots[name] = live[name];
    }
    return live;
  }

  /** Puts new tensors in the old ones' place, which it disposes. The store owns them from here on. */
  replace(key: string, slots: SlotTensors): void {
    const held = this.entries.get(key)?.slots;
    if (held === undefined) return;
    for (const name in held) {
      const [old, tensor] = [held[name]!, slots[name]];
      if (tensor === undefined || old === tensor) continue;
      held[name] = tf.keep(tensor);
      release(old);
    }
  }

  /** Moves all slots to the host. */
  async offload(): Promise<void> {
    const moves: Promise<void>[] = [];
    for (const {slots} of this.entries.values()) {
      for (const [name, slot] of Object.entries(slots)) {
        if (!isHost(slot)) moves.push(moveToHost(slots, name, slot));
      }
    }
    await Promise.all(moves);
  }

  /** A view of everything, by key and name: live tensors, or `{shape, values}` for slots on the host. */
  getState(): {readonly [key: string]: StateTree} {
    const state: Record<string, StateTree> = {};
    for (const [key, {slots}] of this.entries) {
      state[key] = Object.fromEntries(
        Object.entries(slots).map(([name, slot]) => [name, isHost(slot) ? {...slot} : slot]),
      );
    }
    return state;
  }

  /** Takes over what `getState` gave, as copies. Nothing changes if the state does not fit. */
  setState(state: StateTree): void {
    const read = readState(state);
    for (const [key, slots] of read) {
      const held = this.entries.get(key)?.slots;
      if (held !== undefined && describe(held) !== describe(slots)) {
        throw new CheckpointError(
          `The state's slots of '${key}' are ${describe(slots)}; this optimizer has ${describe(held)}.`,
          {hint: 'The checkpoint belongs to another model or to an optimizer with other options.'},
        );
      }
    }
    const entries = new Map<string, Entry>();
    for (const [key, slots] of read) {
      const copies: HeldSlots = {};
      for (const [name, slot] of Object.entries(slots)) {
        copies[name] = isHost(slot)
          ? {shape: [...slot.shape], values: slot.values.slice()}
          : tf.keep(tf.clone(slot));
      }
      entries.set(key, {slots: copies});
    }
    this.clear();
    this.entries = entries;
  }

  /** Frees everything. */
  clear(): void {
    for (const {slots} of this.entries.values()) Object.values(slots).forEach(release);
    this.entries = new Map();
  }
}

function isHost(slot: HeldSlot): slot is HostSlot {
  return 'values' in slot;
}

function release(slot: HeldSlot): void {
  if (!isHost(slot)) slot.dispose();
}

async function moveToHost(held: HeldSlots, name: string, tensor: Tensor): Promise<void> {
  const data: Float32Array | Int32Array | Uint8Array = await tensor.data<'float32'>();
  // The cpu backend gives another array for a float32 tensor that was cast from another type.
  const values = data instanceof Float32Array ? data : Float32Array.from(data);
  // A step or a setState during the wait has put another tensor in place: the one read here is gone.
  if (held[name] !== tensor) return;
  held[name] = {shape: tensor.shape, values};
  tensor.dispose();
}

function present<T>(named: {readonly [name: string]: T | undefined}): [string, T][] {
  return Object.entries(named).filter((entry): entry is [string, T] => entry[1] !== undefined);
}

/** `m [3,4], v [3,4]`: equal texts mean equal names and shapes. */
function describe(slots: {readonly [name: string]: {readonly shape: readonly number[]} | undefined}): string {
  const parts = present(slots).map(([name, {shape}]) => `${name} [${shape.join(',')}]`);
  return parts.sort().join(', ') || 'none';
}

function readState(state: StateTree): Map<string, HeldSlots> {
  const read = new Map<string, HeldSlots>();
  for (const [key, slots] of Object.entries(asRecord(state, 'slots'))) {
    const held: HeldSlots = {};
    for (const [name, slot] of Object.entries(asRecord(slots, `slots.${key}`))) {
      held[name] = readSlot(slot, `${key}.${name}`);
    }
    read.set(key, held);
  }
  return read;
}

function readSlot(slot: StateTree, where: string): HeldSlot {
  if (slot instanceof tf.Tensor) {
    if (slot.dtype !== 'float32') throw damaged(`slot ${where} is of type ${slot.dtype}, not float32`);
    return slot;
  }
  const {shape, values} = asRecord(slot, where);
  if (
    !Array.isArray(shape) ||
    !shape.every((size): size is number => Number.isInteger(size) && Number(size) >= 0)
  ) {
    throw damaged(`slot ${where} has no shape`);
  }
  if (!(values instanceof Float32Array)) throw damaged(`slot ${where} holds no float32 values`);
  const size = shape.reduce((product, length) => product * length, 1);
  if (values.length !== size) {
    throw damaged(
      `slot ${where} has ${values.length} values, which do not fill its shape [${shape.join(',')}]`,
    );
  }
  return {shape, values};
}

/** A state tree read as a record of its parts; a CheckpointError names `where` if it is none. */
export function asRecord(state: StateTree, where: string): {readonly [key: string]: StateTree} {
  const plain =
    typeof state === 'object' &&
    state !== null &&
    !Array.isArray(state) &&
    !ArrayBuffer.isView(state) &&
    !(state instanceof tf.Tensor);
  if (!plain) throw damaged(`'${where}' is not a record`);
  return state as {readonly [key: string]: StateTree};
}

/** The error for a state that no optimizer has written. */
export function damaged(what: string): CheckpointError {
  return new CheckpointError(`This is no state of an optimizer: ${what}.`, {
    hint: 'Give setState what getState returned.',
  });
}
