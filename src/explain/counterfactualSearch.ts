/**
 * The nearest row whose margin is not negative. Wachter, Mittelstadt and Russell (2017) minimise λ · miss + distance and
 * raise λ until nothing is missed. Here each step solves that for the linearised model, in a box around where it stands:
 * what to change then is a knapsack, the features that gain most for their distance first, so that all others stay
 * exactly as they are. λ is what the last of them costs (sequential linear programming, Fletcher and Sainz de la Maza 1989).
 */
import {isReached, marginOf} from './counterfactualGoal';
import type {Goal} from './counterfactualGoal';
import type {MarginSlopes, Place, Slope} from './counterfactualSlopes';
import type {Bounds, CounterfactualSpace} from './counterfactualSpace';

/** What is sought for one example. */
export class Quest {
  /** The nearest row that reaches the goal. */
  best: {readonly row: Float32Array; readonly distance: number} | undefined;
  /** Where none does: the one that misses least. */
  nearest: {readonly row: Float32Array; readonly margin: number};

  constructor(
    private readonly space: CounterfactualSpace,
    readonly x: Float32Array,
    readonly goal: Goal,
    margin: number,
    /** Margins below it might be rounding. */
    readonly slack: number,
  ) {
    this.nearest = {row: x, margin};
  }

  /** @returns whether the row is better than all before */
  offer(row: Float32Array, margin: number): boolean {
    const {space, x, goal, slack} = this;
    if (!space.isAllowed(row)) return false;
    if (margin > this.nearest.margin) this.nearest = {row, margin};
    if (!isReached(goal, margin, slack / 2)) return false;
    const distance = space.distance(x, row);
    if (distance >= (this.best?.distance ?? Infinity)) return false;
    this.best = {row, distance};
    return true;
  }
}

interface Walker extends Place {
  readonly quest: Quest;
  row: Float32Array;
  slope: Slope;
  /** How far the next step may go, in scales. */
  radius: number;
}

/** Where a walk begins. */
export interface Start {
  readonly quest: Quest;
  readonly row: Float32Array;
  readonly bounds: Bounds;
}

/** Walks from all starts at once; quests are offered what is met on the way. @returns where the walks end */
export async function walk(
  starts: readonly Start[],
  slopes: MarginSlopes,
  scale: Float64Array,
  maxIterations: number,
): Promise<Start[]> {
  const at = await slopes.slopes(starts.map(({quest: {goal}, row, bounds}) => ({goal, row, bounds})));
  const walkers: Walker[] = starts.map((start, i) => {
    start.quest.offer(start.row, at[i]!.margin);
    return {...start, goal: start.quest.goal, slope: at[i]!, radius: 1};
  });
  let going = walkers;
  for (let iteration = 0; iteration < maxIterations && going.length > 0; iteration++) {
    const proposals = going.map(walker => propose(walker, scale));
    const worthwhile = proposals.map(({gain, price}) => gain > (price === Infinity ? 0 : 1e-6));
    going = going.filter((_, i) => worthwhile[i]);
    const steps = proposals.filter((_, i) => worthwhile[i]);
    const found = await slopes.slopes(going.map(({goal, bounds}, i) => ({goal, bounds, row: steps[i]!.row})));
    going.forEach((walker, i) => decide(walker, steps[i]!, found[i]!, scale));
    going = going.filter(({radius}) => radius > 1e-4);
  }
  return walkers;
}

interface Step {
  readonly row: Float32Array;
  /** What a unit of margin costs in distance: λ. */
  readonly price: number;
  /** By how much distance + λ · miss falls, if the model is linear. */
  readonly gain: number;
}

function propose(walker: Walker, scale: Float64Array): Step {
  const {row, bounds, radius, slope, quest} = walker;
  const {margin, gradient} = slope;
  const next = new Float32Array(row.length);
  const room: {column: number; to: number; rate: number}[] = [];
  let expected = margin;
  for (let column = 0; column < row.length; column++) {
    const reach = radius * scale[column]!;
    const low = Math.max(bounds.low[column]!, row[column]! - reach);
    const high = Math.min(bounds.high[column]!, row[column]! + reach);
    const from = Math.min(high, Math.max(low, quest.x[column]!));
    next[column] = from;
    expected += gradient[column]! * (from - row[column]!);
    const to = gradient[column]! > 0 ? high : low;
    const rate = Math.abs(gradient[column]!) * scale[column]!;
    // Away from the example: what leads back to it is free, and done already.
    if (rate > 0 && to !== from) room.push({column, to, rate});
  }
  room.sort((a, b) => b.rate - a.rate);
  let price = Infinity;
  for (const {column, to, rate} of room) {
    const missing = quest.slack - expected;
    if (missing <= 0) break;
    const from = next[column]!;
    const most = Math.abs(gradient[column]! * (to - from));
    if (most >= missing) {
      next[column] = from + (to - from) * (missing / most);
      expected += missing;
      price = 2 / rate;
      // Rounding may leave a last bit: no reason to touch another feature.
      break;
    }
    next[column] = to;
    expected += most;
  }
  // Nothing was missing: λ is what the first unit would cost.
  if (price === Infinity && expected >= quest.slack) price = 2 / (room[0]?.rate ?? 2);
  return {row: next, price, gain: fall(walker, next, expected, price, scale)};
}

/** By how much distance + λ · miss is lower in another row; for an infinite λ the miss alone. */
function fall(
  {row, slope, quest}: Walker,
  other: Float32Array,
  margin: number,
  price: number,
  scale: Float64Array,
): number {
  const missed = Math.max(0, quest.slack - slope.margin) - Math.max(0, quest.slack - margin);
  if (price === Infinity) return missed;
  let saved = 0;
  for (let i = 0; i < row.length; i++) {
    saved += (Math.abs(row[i]! - quest.x[i]!) - Math.abs(other[i]! - quest.x[i]!)) / scale[i]!;
  }
  return saved + price * missed;
}

function decide(walker: Walker, {row, price, gain}: Step, slope: Slope, scale: Float64Array): void {
  walker.quest.offer(row, slope.margin);
  const share = fall(walker, row, slope.margin, price, scale) / gain;
  if (share > 0.1) {
    walker.row = row;
    walker.slope = slope;
    if (share > 0.7) walker.radius *= 2;
  } else {
    const far = row.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - walker.row[i]!) / scale[i]!),
      0,
    );
    walker.radius = Math.min(walker.radius, far) / 3;
  }
}

const SHARES = [1, 1 / 2, 1 / 4, 1 / 8, 1 / 32, 1 / 128];

/** Puts back what is not needed, each time what saves most, as far as the goal stays reached. */
export async function putBack(
  quests: readonly Quest[],
  slopes: MarginSlopes,
  space: CounterfactualSpace,
  maxIterations: number,
): Promise<void> {
  let going = quests.filter(({best}) => best !== undefined);
  for (let iteration = 0; iteration < maxIterations && going.length > 0; iteration++) {
    const offers = going.flatMap(quest => nearer(quest, space).map(row => ({quest, row})));
    const scores = await slopes.scores(offers.map(({row}) => row));
    const before = new Map(going.map(quest => [quest, quest.best!.distance]));
    offers.forEach(({quest, row}, i) => quest.offer(row, marginOf(quest.goal, scores[i]!)));
    going = going.filter(quest => quest.best!.distance < before.get(quest)! * (1 - 1e-5));
  }
}

/** Rows with one feature nearer to the example's. */
function nearer({x, best}: Quest, space: CounterfactualSpace): Float32Array[] {
  const {row} = best!;
  const rows: Float32Array[] = [];
  const offer = (change: (next: Float32Array) => void): void => {
    const next = row.slice();
    change(next);
    rows.push(next);
  };
  for (const {columns} of space.groups) {
    if (columns.some(column => row[column] !== x[column])) {
      offer(next => columns.forEach(column => (next[column] = x[column]!)));
    }
  }
  row.forEach((value, column) => {
    const change = value - x[column]!;
    if (change === 0 || space.groupOf[column] !== undefined) return;
    const steps = SHARES.map(share =>
      space.isWhole[column] ? Math.ceil(Math.abs(change) * share) * Math.sign(change) : change * share,
    );
    for (const step of new Set(steps))
      offer(next => (next[column] = step === change ? x[column]! : value - step));
  });
  return rows;
}
