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

export type SlotInits = {readonly [name: string]: SlotInit | undefined};

/** A slot that rests outside the device. */
interface HostSlot {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

type HeldSlot = Tensor | HostSlot;
type HeldSlots = Record<string, HeldSlot>;

/** Slots by key. Owns its tensors. */
export class SlotStore {
  private entries = new Map<string, HeldSlots>();

  /** Throws a ShapeError unless the slots kept under `key`, if any, are those that `inits` describes. */
  check(key: string, inits: SlotInits): void {
    const held = this.entries.get(key);
    if (held === undefined) return;
    const expected = describe(inits);
    const found = describe(held);
    if (expected !== found) {
      throw new ShapeError(`The optimizer's slots of '${key}' are ${found}; the weight needs ${expected}.`, {
        hint: 'The state belongs to another model or to an optimizer with other options: use those it was saved with.',
        code: 'shape/slots',
      });
    }
  }

  /** The slots of `key` as live tensors, made or brought back to the device where needed. They stay the store's. */
  tensors(key: string, inits: SlotInits): SlotTensors {
    const held = this.entries.get(key);
    if (held === undefined) {
      const made: Record<string, Tensor> = {};
      for (const [name, init] of present(inits)) {
        made[name] = tf.keep(tf.fill([...init.shape], init.fill ?? 0, 'float32'));
      }
      this.entries.set(key, made);
      return made;
    }
    const live: Record<string, Tensor> = {};
    for (const [name, slot] of Object.entries(held)) {
      live[name] = held[name] = isHost(slot)
        ? tf.keep(tf.tensor(slot.values, [...slot.shape], 'float32'))
        : slot;
    }
    return live;
  }

  /** Puts new tensors in the old ones' place, which it disposes. The store owns them from here on. */
  replace(key: string, slots: SlotTensors): void {
    const held = this.entries.get(key);
    if (held === undefined) return;
    for (const [name, tensor] of present(slots)) {
      const old = held[name];
      if (old === tensor) continue;
      held[name] = tf.keep(tensor);
      if (old !== undefined) release(old);
    }
  }

  /** Moves all slots to the host. */
  async offload(): Promise<void> {
    const moves: Promise<void>[] = [];
    for (const held of this.entries.values()) {
      for (const [name, slot] of Object.entries(held)) {
        if (!isHost(slot)) moves.push(moveToHost(held, name, slot));
      }
    }
    await Promise.all(moves);
  }

  /** A view of everything, by key and name: live tensors, or `{shape, values}` for slots on the host. */
  getState(): {readonly [key: string]: StateTree} {
    const state: Record<string, StateTree> = {};
    for (const [key, held] of this.entries) state[key] = {...held} as Record<string, StateTree>;
    return state;
  }

  /** Takes over what `getState` gave, as copies. Nothing changes if the state does not fit. */
  setState(state: StateTree): void {
    const read = readState(state);
    for (const [key, slots] of read) {
      const held = this.entries.get(key);
      if (held !== undefined && describe(held) !== describe(slots)) {
        throw new CheckpointError(
          `The state's slots of '${key}' are ${describe(slots)}; this optimizer has ${describe(held)}.`,
          {hint: 'The checkpoint belongs to another model or to an optimizer with other options.'},
        );
      }
    }
    const entries = new Map<string, HeldSlots>();
    for (const [key, slots] of read) {
      const copies: HeldSlots = {};
      for (const [name, slot] of Object.entries(slots)) {
        copies[name] = isHost(slot)
          ? {shape: [...slot.shape], values: slot.values.slice()}
          : tf.keep(tf.clone(slot));
      }
      entries.set(key, copies);
    }
    this.clear();
    this.entries = entries;
  }

  /** Frees everything. */
  clear(): void {
    for (const held of this.entries.values()) Object.values(held).forEach(release);
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
  const values = await tensor.data<'float32'>();
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
