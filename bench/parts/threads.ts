/**
 * How much faster several threads are than one.
 */
import {short, table} from '../markdown';
import {interleave, ratio, typical} from '../measure';
import type {Part} from './part';

const WORKLOADS = ['cnn', 'resnet'];

export const threadsPart: Part = {
  name: 'threads',
  async run({ours, oursThreaded}, options) {
    if (oursThreaded === undefined) {
      return {markdown: 'One thread only: nothing to compare.', details: {}, figures: {}};
    }
    const rows: string[][] = [];
    const figures: Record<string, number> = {};
    for (const workload of WORKLOADS) {
      const job = {kind: 'step', workload} as const;
      const outcomes = await interleave(
        [ours, oursThreaded].map(peer => ({name: peer.name, peer, job})),
        options,
      );
      const [one, several] = [outcomes.get(ours.name), outcomes.get(oursThreaded.name)];
      const speedup = ratio(one, several);
      figures[`threads/${options.threads}/${workload}`] = speedup;
      const reason = several !== undefined && 'reason' in several ? several.reason : undefined;
      rows.push([workload, short(typical(one)), reason ?? short(typical(several)), short(speedup)]);
    }
    return {
      markdown: table(['ms a step', '1 thread', `${options.threads} threads`, 'times as fast'], rows),
      details: rows,
      figures,
    };
  },
};
