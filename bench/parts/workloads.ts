/**
 * The eight networks: milliseconds a training step, ours beside the peers'.
 */
import {table, short} from '../markdown';
import {interleave, ratio} from '../measure';
import type {Outcome, Outcomes} from '../measure';
import type {BenchOptions} from '../options';
import type {Peer, Peers} from '../peers';
import {geometricMean} from '../statistics';
import {workloads} from '../workloads';
import type {Part, PartResult} from './part';

type ByWorkload = ReadonlyMap<string, Outcomes>;

export const workloadsPart: Part = {
  name: 'workloads',
  async run(peers, options) {
    const names = workloads.map(({name}) => name).filter(isWanted(options));
    const rows = [
      peers.ours,
      peers.torch,
      peers.oursThreaded,
      peers.torchThreaded,
      peers.stockWasm,
      peers.stockCpu,
      peers.jax,
    ].filter(peer => peer !== undefined);
    const outcomes = new Map<string, Outcomes>();
    for (const workload of names) {
      outcomes.set(
        workload,
        await interleave(
          rows.map(peer => ({name: peer.name, peer, job: {kind: 'step', workload} as const})),
          options,
        ),
      );
    }
    return report(names, rows, outcomes, peers);
  },
};

function isWanted({only}: BenchOptions): (name: string) => boolean {
  return name => only.length === 0 || only.includes(name);
}

function report(
  names: readonly string[],
  rows: readonly Peer[],
  outcomes: ByWorkload,
  peers: Peers,
): PartResult {
  const times = table(
    ['ms a step', ...names],
    rows.map(({name}) => [name, ...names.map(workload => cell(outcomes.get(workload)!.get(name)!))]),
  );
  const figures: Record<string, number> = {};
  const comparisons = compare(peers).map(({label, key, of, to}) => {
    const ratios = names.map(workload =>
      ratio(outcomes.get(workload)!.get(of.name), outcomes.get(workload)!.get(to.name)),
    );
    names.forEach((workload, i) => (figures[`${key}/${workload}`] = ratios[i]!));
    const mean = geometricMean(ratios.filter(Number.isFinite));
    // What is said of all networks holds only where all were measured.
    if (ratios.length === workloads.length && ratios.every(Number.isFinite)) {
      figures[`${key}/mean`] = mean;
      figures[`${key}/most`] = Math.max(...ratios);
    }
    return [label, ...ratios.map(short), short(mean)];
  });
  return {
    markdown: `${times}\n\nThe median over the turns, and the fastest and slowest turn.\n\n${table(
      ['times as long', ...names, 'geometric mean'],
      comparisons,
    )}`,
    details: Object.fromEntries([...outcomes].map(([name, byPeer]) => [name, Object.fromEntries(byPeer)])),
    figures,
  };
}

interface Comparison {
  readonly label: string;
  readonly key: string;
  readonly of: Peer;
  readonly to: Peer;
}

function compare(peers: Peers): Comparison[] {
  const {ours, oursThreaded, torch, torchThreaded, stockWasm, stockCpu, jax} = peers;
  const pairs: [string, Peer | undefined, Peer | undefined][] = [
    ['ours/torch', ours, torch],
    ['oursThreaded/torchThreaded', oursThreaded, torchThreaded],
    ['stockWasm/ours', stockWasm, ours],
    ['stockCpu/ours', stockCpu, ours],
    ['jax/ours', jax, ours],
  ];
  return pairs.flatMap(([key, of, to]) =>
    of === undefined || to === undefined ? [] : [{key, of, to, label: `${of.name} ÷ ${to.name}`}],
  );
}

function cell(outcome: Outcome): string {
  if ('reason' in outcome) return describe(outcome.reason);
  return `${short(outcome.median)} (${short(outcome.min)}–${short(outcome.max)})`;
}

/** tfjs's reasons in few words. */
function describe(reason: string): string {
  const kernel = /[Kk]ernel '(\w+)' not registered/.exec(reason);
  if (kernel !== null) return `cannot train: no ${kernel[1]}`;
  return reason.split('\n')[0]!.slice(0, 60);
}
