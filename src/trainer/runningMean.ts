/**
 * The mean of a loss over an epoch: a sum over a count, kept on the device without waiting for it.
 */
import type {Tensor} from '@tensorflow/tfjs-core';
import type {StateTree} from '../core';
import {DeviceSum} from '../metrics';

/** Σ sum / Σ count over all that was added; counts are numbers where they are known on the host. */
export class RunningMean {
  private readonly sums = new DeviceSum();
  private readonly deviceCounts = new DeviceSum();
  private hostCount = 0;

  /** Takes over `sum`, and `count` where it is a tensor. */
  add(sum: Tensor, count: number | Tensor): void {
    this.sums.add(sum);
    sum.dispose();
    if (typeof count === 'number') {
      this.hostCount += count;
      return;
    }
    this.deviceCounts.add(count);
    count.dispose();
  }

  /** The mean so far; 0 where nothing counted. What is added after the call does not enter. */
  async read(): Promise<number> {
    const {hostCount} = this;
    const [[sum = 0], [count = 0]] = await Promise.all([this.sums.read(), this.deviceCounts.read()]);
    const total = hostCount + count;
    return total === 0 ? 0 : sum / total;
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
