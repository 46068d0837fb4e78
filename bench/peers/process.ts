/**
 * The process of one peer: `process.ts <peer> <threads>`. Takes jobs from its parent one at a time, and answers with
 * what it measured.
 */
import type {Job, Prepare, Ready} from './job';

export interface Request {
  readonly job: Job;
  readonly times: number;
}

export type Answer = {readonly measured: number[]} | {readonly failure: string};

/** Each peer is loaded alone: what one changes in tfjs must not reach another. */
const peers: Record<string, (threads: number) => Promise<Prepare>> = {
  ours: async threads => (await import('./ours')).start(threads),
  'stock-wasm': async () => (await import('./stock')).start('wasm'),
  'stock-cpu': async () => (await import('./stock')).start('cpu'),
  jax: async () => (await import('./jax')).start(),
};

const [name = '', threads = '1'] = process.argv.slice(2);
const prepare = peers[name]!(Number(threads));
let current: {key: string; ready: Ready} | undefined;

/** The job stays ready until another is wanted. */
async function readyFor(job: Job): Promise<Ready> {
  const key = JSON.stringify(job);
  if (current?.key === key) return current.ready;
  await current?.ready.close();
  current = undefined;
  const ready = await (await prepare)(job);
  current = {key, ready};
  return ready;
}

process.on('message', ({job, times}: Request) => {
  void readyFor(job)
    .then(async ready => ({measured: await ready.run(times)}))
    .catch((error: unknown) => ({failure: error instanceof Error ? error.message : String(error)}))
    .then((answer: Answer) => process.send!(answer));
});
process.on('disconnect', () => process.exit());
