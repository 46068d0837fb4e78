/**
 * The mean of a loss over an epoch: a sum over a count, kept on the device without waiting for it.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Scalar, Tensor} from '@tensorflow/tfjs-core';
import type {StateTree} from '../core';

/** Scalars of a level that are summed into one of the level above: keeps float32 sums over long epochs exact enough. */
const FAN_IN = 64;

/**
 * A sum of scalars in float32 that does not lose small addends: partial sums of equal size are added pairwise by
 * level, and the last addition is done in float64 on the host. Reading changes nothing, so that a run does not
 * depend on who looked at its numbers.
 */
class DeviceSum {
  private levels: Scalar[][] = [];

  /** Takes over `value`. */
  add(value: Scalar): void {
    let carried = value;
    for (let level = 0; ; level++) {
      const scalars = (this.levels[level] ??= []);
      scalars.push(carried);
      if (scalars.length < FAN_IN) return;
      carried = tf.keep(tf.tidy(() => tf.sum<Scalar>(tf.stack(scalars))));
      tf.dispose(scalars);
      this.levels[level] = [];
    }
  }

  /** The scalars that make up the sum; lent. */
  partials(): Scalar[] {
    return this.levels.flat();
  }

  reset(): void {
    tf.dispose(this.levels.flat());
    this.levels = [];
  }

  getState(): StateTree {
    return this.levels;
  }

  setState(state: StateTree): void {
    this.reset();
    this.levels = (state as Scalar[][]).map(level => level.map(scalar => tf.keep(scalar.clone())));
  }
}

/** Σ sum / Σ count over all that was added; counts are numbers where they are known on the host. */
export class RunningMean {
  private readonly sums = new DeviceSum();
  private readonly deviceCounts = new DeviceSum();
  private hostCount = 0;

  /** Takes over `sum`, and `count` where it is a tensor. */
  add(sum: Tensor, count: number | Tensor): void {
    this.sums.add(tf.keep(sum) as Scalar);
    if (typeof count === 'number') this.hostCount += count;
    else this.deviceCounts.add(tf.keep(count) as Scalar);
  }

  /** The mean so far; 0 where nothing counted. What was added after the call does not enter. */
  read(): () => Promise<number> {
    const {hostCount} = this;
    const sum = snapshot(this.sums.partials());
    const count = snapshot(this.deviceCounts.partials());
    return async () => {
      const total = hostCount + (await count());
      const value = await sum();
      return total === 0 ? 0 : value / total;
    };
  }

  reset(): void {
    this.sums.reset();
    this.deviceCounts.reset();
    this.hostCount = 0;
  }

  getState(): StateTree {
    return {sums: this.sums.getState(), counts: this.deviceCounts.getState(), hostCount: this.hostCount};
  }

  setState(state: StateTree): void {
    const {sums, counts, hostCount} = state as {sums: StateTree; counts: StateTree; hostCount: number};
    this.sums.setState(sums);
    this.deviceCounts.setState(counts);
    this.hostCount = hostCount;
  }
}

/** Copies the handles of `scalars` now and sums their values in float64 when asked; asked once. */
function snapshot(scalars: readonly Scalar[]): () => Promise<number> {
  if (scalars.length === 0) return () => Promise.resolve(0);
  const stacked = tf.keep(tf.tidy(() => tf.stack([...scalars])));
  return async () => {
    const values = await stacked.data();
    stacked.dispose();
    let sum = 0;
    for (const value of values) sum += value;
    return sum;
  };
}
