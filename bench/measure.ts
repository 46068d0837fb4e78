/**
 * Several peers on one job, in turn: what the machine does beside reaches them all alike.
 */
import type {Job, Peer} from './peers/job';
import {median} from './statistics';

export interface Measured {
  /** The median over the turns, and the fastest and the slowest turn. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** The median of each turn; the same index is the same round for all peers. */
  readonly turns: readonly number[];
}

/** Or why there is no measurement, in a few words. */
export type Outcome = Measured | {readonly reason: string};

export interface Rounds {
  readonly rounds: number;
  /** About how long a turn lasts, in milliseconds. */
  readonly turn: number;
}

const WARM_UP = 3;
const MOST_TIMES = 50;
/** A slow peer has fewer turns. */
const SLOW = 2000;
const SLOW_ROUNDS = 2;

export async function interleave(
  peers: readonly Peer[],
  job: Job,
  {rounds, turn}: Rounds,
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const running: {peer: Peer; times: number; rounds: number; turns: number[]}[] = [];
  for (const peer of peers) {
    try {
      const first = Math.min(...(await peer.measure(job, 1)));
      const once = first > SLOW ? first : Math.min(...(await peer.measure(job, WARM_UP)));
      const times = Math.max(1, Math.min(MOST_TIMES, Math.round(turn / once)));
      running.push({peer, times, rounds: once > SLOW ? SLOW_ROUNDS : rounds, turns: []});
    } catch (error) {
      outcomes.set(peer.name, {reason: error instanceof Error ? error.message : String(error)});
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const entry of running) {
      if (round >= entry.rounds) continue;
      entry.turns.push(median(await entry.peer.measure(job, entry.times)));
    }
  }
  for (const {peer, turns} of running) {
    outcomes.set(peer.name, {
      median: median(turns),
      min: Math.min(...turns),
      max: Math.max(...turns),
      turns,
    });
  }
  return outcomes;
}

/** How many times as long `a` takes as `b`: the median over the rounds that both had. */
export function ratio(a: Outcome | undefined, b: Outcome | undefined): number {
  if (a === undefined || b === undefined || 'reason' in a || 'reason' in b) return NaN;
  const shared = Math.min(a.turns.length, b.turns.length);
  return median(a.turns.slice(0, shared).map((time, i) => time / b.turns[i]!));
}
