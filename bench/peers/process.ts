/**
 * The process of one peer: `process.ts <peer> <threads>`. Takes requests from its parent one at a time, and answers
 * with what it measured.
 */
import type {Job, Prepare, Ready} from './job';

export type Request =
  | {readonly job: Job; readonly times: number}
  /** Lets go of all jobs that stand ready. */
  | 'rest';

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
// Whoever asks first hears of a failure.
prepare.catch(() => undefined);
const standing = new Map<string, Ready>();

process.on('message', (request: Request) => {
  void answer(request)
    .catch((error: unknown) => ({failure: error instanceof Error ? error.message : String(error)}))
    .then((message: Answer) => process.send!(message));
});
process.on('disconnect', () => process.exit());

async function answer(request: Request): Promise<Answer> {
  if (request === 'rest') {
    for (const ready of standing.values()) await ready.close();
    standing.clear();
    return {measured: []};
  }
  const key = JSON.stringify(request.job);
  let ready = standing.get(key);
  if (ready === undefined) standing.set(key, (ready = await (await prepare)(request.job)));
  return {measured: await ready.run(request.times)};
}
