/**
 * Sums that stay on the device and stay exact.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {CheckpointError, type StateTree} from '../core';

/** The largest whole number up to which float32 counts without gaps. */
export const FLOAT32_EXACT = 2 ** 24;

/** After so many terms a partial sum is closed, so that no long tail of small terms is added to a large one. */
const TERMS = 64;

/**
 * The sum of many float32 tensors of one shape. Terms are added on the device into a partial sum; partial sums are
 * closed before they could round (64 terms, or counts near 2²⁴) and added in float64 when the sum is read. So a
 * count is exact to 2⁵³, and a sum carries the rounding of at most 64 additions.
 */
export class DeviceSum {
  private open: Tensor | undefined;
  private closed: Tensor | undefined;
  private terms = 0;
  private bound = 0;

  /**
   * Adds `term`, which the caller keeps. Call inside a `tf.tidy` or not: what the sum keeps survives it.
   *
   * @param largest the most that any cell of `term` can be, for counts
   */
  add(term: Tensor, largest = 0): void {
    if (this.open !== undefined && (this.terms >= TERMS || this.bound + largest > FLOAT32_EXACT))
      this.close();
    const before = this.open;
    this.open = tf.keep(before === undefined ? tf.clone(term) : tf.add(before, term));
    before?.dispose();
    this.terms++;
    this.bound += largest;
  }

  /** The sum in float64, one number a cell; an empty array before the first term. */
  async read(): Promise<Float64Array> {
    const [closed, open] = await Promise.all([this.closed?.data(), this.open?.data()]);
    const total = new Float64Array(open?.length ?? 0);
    for (const part of [closed, open]) {
      if (part === undefined) continue;
      for (let i = 0; i < part.length; i++) total[i % total.length]! += Number(part[i]);
    }
    return total;
  }

  /** Forgets everything and gives its tensors back. */
  reset(): void {
    this.open?.dispose();
    this.closed?.dispose();
    this.open = undefined;
    this.closed = undefined;
    this.terms = 0;
    this.bound = 0;
  }

  getState(): StateTree {
    return {open: this.open ?? null, closed: this.closed ?? null, terms: this.terms, bound: this.bound};
  }

  setState(state: StateTree): void {
    const {open, closed, terms, bound} = asRecord(state, 'a sum');
    const copies = [open, closed].map(part =>
      part instanceof tf.Tensor ? tf.keep(tf.clone(part)) : undefined,
    );
    this.reset();
    [this.open, this.closed] = copies;
    this.terms = Number(terms);
    this.bound = Number(bound);
  }

  private close(): void {
    const parts = tf.tidy(() => {
      const part = tf.expandDims(this.open!, 0);
      return tf.keep(this.closed === undefined ? part : tf.concat([this.closed, part], 0));
    });
    this.closed?.dispose();
    this.open!.dispose();
    this.closed = parts;
    this.open = undefined;
    this.terms = 0;
    this.bound = 0;
  }
}

/**
 * The state of a metric as a record.
 *
 * @throws CheckpointError where it is anything else
 */
export function asRecord(state: StateTree, of: string): {readonly [key: string]: StateTree} {
  if (typeof state === 'object' && state !== null && !Array.isArray(state) && !ArrayBuffer.isView(state)) {
    if (!(state instanceof tf.Tensor)) return state as {readonly [key: string]: StateTree};
  }
  throw new CheckpointError(`The state of ${of} is not a record.`, {
    hint: 'It was saved by another metric, or is damaged.',
  });
}
