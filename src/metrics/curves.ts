/**
 * Areas under curves of ranked scores, on the host in float64.
 */

/** Steps down a ranking: what each group of equal scores adds, weighted, to the positives and negatives above. */
export interface RankedGroups {
  positives: Float64Array;
  negatives: Float64Array;
}

/** Groups scores from the highest to the lowest; equal ones are one group. */
export function rank(
  scores: Float32Array,
  positive: (i: number) => number,
  weight: (i: number) => number,
): RankedGroups {
  const order = argsort(scores);
  const positives: number[] = [];
  const negatives: number[] = [];
  let last = NaN;
  for (let at = order.length - 1; at >= 0; at--) {
    const i = order[at]!;
    if (scores[i] !== last) {
      positives.push(0);
      negatives.push(0);
      last = scores[i]!;
    }
    const share = positive(i);
    positives[positives.length - 1]! += share * weight(i);
    negatives[negatives.length - 1]! += (1 - share) * weight(i);
  }
  return {positives: Float64Array.from(positives), negatives: Float64Array.from(negatives)};
}

/** The area under the receiver operating characteristic, ties counted half; NaN unless both kinds occur. */
export function rocArea({positives, negatives}: RankedGroups): number {
  let area = 0;
  let above = 0;
  let below = 0;
  for (let i = 0; i < positives.length; i++) {
    area += negatives[i]! * (above + positives[i]! / 2);
    above += positives[i]!;
    below += negatives[i]!;
  }
  return above > 0 && below > 0 ? area / (above * below) : NaN;
}

/** Average precision: Σ (recall gained) · precision; NaN without positives. */
export function averagePrecision({positives, negatives}: RankedGroups): number {
  let area = 0;
  let above = 0;
  let all = 0;
  for (let i = 0; i < positives.length; i++) {
    above += positives[i]!;
    all += positives[i]! + negatives[i]!;
    if (all > 0) area += (positives[i]! * above) / all;
  }
  return above > 0 ? area / above : NaN;
}

const DIGIT = 11;
const BUCKETS = 1 << DIGIT;

/** Indices that sort `values` upwards: a radix sort over the bits of the floats, linear in their number. */
export function argsort(values: Float32Array): Uint32Array {
  const keys = new Uint32Array(values.length);
  const bits = new Uint32Array(Float32Array.from(values, value => value + 0).buffer);
  // Positive floats order as their bits do; negative ones the other way round, and below.
  for (let i = 0; i < keys.length; i++) keys[i] = bits[i]! >>> 31 ? ~bits[i]! : bits[i]! | 0x80000000;
  let order = Uint32Array.from(keys, (_, i) => i);
  let next = new Uint32Array(keys.length);
  for (let shift = 0; shift < 32; shift += DIGIT) {
    const starts = new Uint32Array(BUCKETS + 1);
    for (const key of keys) starts[((key >>> shift) & (BUCKETS - 1)) + 1]!++;
    for (let bucket = 0; bucket < BUCKETS; bucket++) starts[bucket + 1]! += starts[bucket]!;
    for (const i of order) next[starts[(keys[i]! >>> shift) & (BUCKETS - 1)]!++] = i;
    [order, next] = [next, order];
  }
  return order;
}
