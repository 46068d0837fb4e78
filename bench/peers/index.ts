/**
 * Who is measured.
 */
import type {BenchOptions} from '../options';
import {ChildPeer} from './child';
import type {Peer} from './job';
import {impatient} from './patience';
import {TorchPeer} from './torch';

export type {ConvJob, ConvPass, Job, Peer} from './job';

export interface Peers {
  readonly ours: Peer;
  /** On `options.threads` threads, where that is more than one. */
  readonly oursThreaded: Peer | undefined;
  readonly torch: Peer | undefined;
  readonly torchThreaded: Peer | undefined;
  readonly stockWasm: Peer | undefined;
  readonly stockCpu: Peer | undefined;
  readonly jax: Peer | undefined;
  /** What is left out, and why: lines for the report. */
  readonly missing: readonly string[];
}

export async function findPeers({peers, threads}: BenchOptions): Promise<Peers> {
  const wanted = (name: string): boolean => peers.length === 0 || peers.includes(name);
  const missing: string[] = [];
  const torch = async (count: number): Promise<Peer | undefined> => {
    if (!wanted('torch')) return undefined;
    const found = await TorchPeer.find(count);
    if (typeof found !== 'string') return found;
    missing.push(`PyTorch is left out: ${found}.`);
    return undefined;
  };
  const several = threads > 1;
  return {
    ours: new ChildPeer('glassbox', 'ours'),
    oursThreaded: several ? new ChildPeer(`glassbox, ${threads} threads`, 'ours', threads) : undefined,
    torch: await torch(1),
    torchThreaded: several ? await torch(threads) : undefined,
    stockWasm: wanted('stock') ? impatient(new ChildPeer('tfjs wasm', 'stock-wasm')) : undefined,
    stockCpu: wanted('stock') ? impatient(new ChildPeer('tfjs cpu', 'stock-cpu')) : undefined,
    jax: wanted('jax') ? new ChildPeer('jax-js wasm, no update', 'jax') : undefined,
    missing: [...new Set(missing)],
  };
}

export async function closePeers(peers: Peers): Promise<void> {
  for (const peer of Object.values(peers) as (Peer | readonly string[] | undefined)[]) {
    if (peer !== undefined && 'close' in peer) await peer.close();
  }
}
