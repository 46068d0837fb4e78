/**
 * Products of decay rates over the updates so far, such as β₁ᵗ: what bias corrections divide by.
 *
 * They are computed in float64 from the update count alone: `β ** count` for a constant, and for a rate that
 * varies the product rate(0) · rate(1) · … in that order. So they are no state: a run that resumes at any
 * count finds the same bits as one that came there without a break.
 */
import type {Schedule} from '../schedules';

export class DecayProduct {
  private count = 0;
  private product = 1;

  constructor(private readonly rate: number | Schedule) {}

  /** The product of the rates of the first `count` updates. Constant time when counts come in order. */
  upTo(count: number): number {
    if (typeof this.rate === 'number') return this.rate ** count;
    if (count < this.count) {
      this.count = 0;
      this.product = 1;
    }
    for (; this.count < count; this.count++) this.product *= this.rate(this.count);
    return this.product;
  }
}
