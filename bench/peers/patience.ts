import {workloadNamed} from '../workloads';
import type {Peer, StepJob} from './job';

/** The longest step that is waited for, in milliseconds. */
const LONGEST_STEP = 5000;

/** A peer that may be slow: what would take it too long is estimated from small batches, and not measured. */
export function impatient(peer: Peer): Peer {
  const checked = new Map<string, string | undefined>();
  return {
    name: peer.name,
    measure: async (job, times) => {
      const key = JSON.stringify(job);
      if (!checked.has(key)) checked.set(key, job.kind === 'step' ? await refusal(peer, job) : undefined);
      const reason = checked.get(key);
      if (reason !== undefined) throw new Error(reason);
      return peer.measure(job, times);
    },
    rest: () => peer.rest(),
    close: () => peer.close(),
  };
}

/** Why the job is not measured: a line through the times of one and three examples. */
async function refusal(peer: Peer, job: StepJob): Promise<string | undefined> {
  const {batch = workloadNamed(job.workload).batch} = job;
  const time = async (examples: number): Promise<number> =>
    Math.min(...(await peer.measure({...job, batch: examples}, 1)));
  const one = await time(1);
  await peer.rest();
  if (one * batch <= LONGEST_STEP) return undefined;
  const each = ((await time(3)) - one) / 2;
  await peer.rest();
  const estimate = one + each * (batch - 1);
  return estimate <= LONGEST_STEP
    ? undefined
    : `≈ ${(estimate / 1000).toFixed(0)} s, from batches of 1 and 3`;
}
