/**
 * `npm run bench [steps]`: measures what the library promises about speed, prints a Markdown table, and writes
 * `bench/results.json`.
 */
import {writeFileSync} from 'node:fs';
import {cpus} from 'node:os';
import {useBackend} from 'glassbox';
import {measureOverhead} from './overhead';

const steps = Number(process.argv[2] ?? 300);
const backend = await useBackend('auto');
const overhead = await measureOverhead(steps);
const allowed = Math.max(0.3, 0.03 * overhead.bare);
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}`;

console.log(`${machine}, backend ${backend.name}\n`);
console.log(`| mlp, ${overhead.steps} steps in turn | median ms a step |`);
console.log('|---|---|');
console.log(`| bare variableGrads loop, same loss and Adam | ${overhead.bare.toFixed(2)} |`);
console.log(`| Trainer | ${overhead.trainer.toFixed(2)} |`);
console.log(`| Trainer's overhead (median of differences) | ${overhead.difference.toFixed(2)} |`);
console.log(`| allowed: 0.3 ms or 3 % | ${allowed.toFixed(2)} |`);

writeFileSync(
  new URL('results.json', import.meta.url),
  `${JSON.stringify({machine, backend: backend.name, overhead, allowed}, undefined, 2)}\n`,
);
