/**
 * `npm run bench:profile <workload> [threads]`: where the time of one training step goes, kernel by kernel.
 */
import {useBackend} from 'glassbox';
import {TrainerLoop} from './trainerLoop';
import {workloadNamed} from './workloads';

/** Until then V8 still compiles, first quickly, then well. */
const WARM_UP = 20;

const [name = 'mlp', threads = '1'] = process.argv.slice(2);
const backend = await useBackend('wasm', {threads: Number(threads)});
const loop = new TrainerLoop(workloadNamed(name));
await loop.run(WARM_UP);
console.log(String(await backend.profile(() => loop.run(1))));
await loop.close();
