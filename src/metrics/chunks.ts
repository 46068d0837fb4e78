/**
 * Rows kept on the device until they are read.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {CheckpointError, type StateTree} from '../core';

/** So many tensors of one level become one of the next. */
const FANOUT = 32;

/**
 * A growing list of rows. Batches are joined 32 at a time, the joined ones again, so that a row is copied
 * log₃₂(batches) times and the number of tensors stays small.
 */
export class Chunks {
  /** `levels[0]` are single batches, `levels[1]` 32 batches each; later levels hold earlier rows. */
  private levels: Tensor[][] = [];

  /** Appends `[n, …]` rows, which the caller keeps. */
  push(rows: Tensor): void {
    this.put(0, tf.keep(tf.clone(rows)));
  }

  /** All numbers in order. */
  async read(): Promise<Float32Array> {
    const parts = await Promise.all(this.inOrder().map(chunk => chunk.data()));
    const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  reset(): void {
    tf.dispose(this.levels);
    this.levels = [];
  }

  getState(): StateTree {
    return this.levels.map(level => [...level]);
  }

  setState(state: StateTree): void {
    if (!Array.isArray(state)) {
      throw new CheckpointError('The state of kept rows is no list.', {
        hint: 'It was saved by another metric, or is damaged.',
      });
    }
    const copy = (state as StateTree[][]).map(level =>
      level.map(chunk => tf.keep(tf.clone(chunk as Tensor))),
    );
    this.reset();
    this.levels = copy;
  }

  private inOrder(): Tensor[] {
    return [...this.levels].reverse().flat();
  }

  private put(level: number, chunk: Tensor): void {
    const chunks = (this.levels[level] ??= []);
    chunks.push(chunk);
    if (chunks.length < FANOUT) return;
    const joined = tf.keep(tf.concat(chunks, 0));
    tf.dispose(chunks);
    this.levels[level] = [];
    this.put(level + 1, joined);
  }
}
