/**
 * Several measurements in turn: what the machine does beside reaches them all alike.
 */
import type {Job, Peer} from './peers/job';
import {median} from './statistics';

/** What one measurement is of. */
export interface Entry<J = Job> {
  readonly name: string;
  readonly peer: Peer<J>;
  readonly job: J;
}

export interface Measured {
  /** The median over the turns, and the fastest and the slowest turn. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** The median of each turn; the same index is the same round for all. */
  readonly turns: readonly number[];
}

/** Or why there is no measurement, in a few words. */
export type Outcome = Measured | {readonly reason: string};

/** By the entries' names. */
export type Outcomes = ReadonlyMap<string, Outcome>;

export interface Rounds {
  readonly rounds: number;
  /** About how long a turn lasts, in milliseconds. */
  readonly turn: number;
}

const WARM_UP = 3;
const MOST_TIMES = 1000;
/** What takes longer than this, in milliseconds, has fewer turns. */
const SLOW = 2000;
const SLOW_ROUNDS = 2;

export async function interleave<J>(entries: readonly Entry<J>[], {rounds, turn}: Rounds): Promise<Outcomes> {
  const outcomes = new Map<string, Outcome>();
  const running: {entry: Entry<J>; times: number; rounds: number; turns: number[]}[] = [];
  for (const entry of entries) {
    const {name, peer, job} = entry;
    try {
      const first = Math.min(...(await peer.measure(job, 1)));
      const once = first > SLOW ? first : Math.min(...(await peer.measure(job, WARM_UP)));
      const times = Math.max(1, Math.min(MOST_TIMES, Math.round(turn / once)));
      // A turn that does not count: until then V8 still compiles the kernels, first quickly, then well.
      if (once < SLOW) await peer.measure(job, times);
      running.push({entry, times, rounds: once > SLOW ? SLOW_ROUNDS : rounds, turns: []});
    } catch (error) {
      outcomes.set(name, {reason: error instanceof Error ? error.message : String(error)});
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const {entry, times, rounds: own, turns} of running) {
      if (round < own) turns.push(median(await entry.peer.measure(entry.job, times)));
    }
  }
  for (const {entry, turns} of running) {
    const [min, max] = [Math.min(...turns), Math.max(...turns)];
    outcomes.set(entry.name, {median: median(turns), min, max, turns});
  }
  for (const peer of new Set(entries.map(entry => entry.peer))) await peer.rest();
  return outcomes;
}

/** How many times as long `a` takes as `b`: the median over the rounds that both had. */
export function ratio(a: Outcome | undefined, b: Outcome | undefined): number {
  if (a === undefined || b === undefined || 'reason' in a || 'reason' in b) return NaN;
  const shared = Math.min(a.turns.length, b.turns.length);
  return median(a.turns.slice(0, shared).map((time, i) => time / b.turns[i]!));
}

/** The milliseconds, or NaN. */
export function typical(outcome: Outcome | undefined): number {
  return outcome === undefined || 'reason' in outcome ? NaN : outcome.median;
}
