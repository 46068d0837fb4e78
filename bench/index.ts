/**
 * `npm run bench`: measures what the library promises about speed, beside its peers on the same machine in the same
 * run; prints a report in Markdown, and writes `bench/results.json`.
 */
import {writeFileSync} from 'node:fs';
import {cpus} from 'node:os';
import {readOptions} from './options';
import {convPart} from './parts/conv';
import {growthPart} from './parts/growth';
import {matMulPart} from './parts/matMul';
import {memoryPart} from './parts/memory';
import {overheadPart} from './parts/overhead';
import type {Part, PartResult} from './parts/part';
import {sizePart} from './parts/size';
import {threadsPart} from './parts/threads';
import {workloadsPart} from './parts/workloads';
import {closePeers, findPeers} from './peers';
import {judge, targetTable} from './targets';

const parts: readonly Part[] = [
  workloadsPart,
  matMulPart,
  convPart,
  threadsPart,
  growthPart,
  memoryPart,
  sizePart,
  overheadPart,
];

const options = readOptions(process.argv.slice(2));
const unknown = options.parts.filter(name => !parts.some(part => part.name === name));
if (unknown.length > 0) {
  throw new Error(`No part '${unknown.join("', '")}'. There are: ${parts.map(({name}) => name).join(', ')}.`);
}

const begun = performance.now();
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}`;
console.log(`${machine}\n`);
const peers = await findPeers(options);
for (const line of peers.missing) console.log(`${line}\n`);

const results: Record<string, PartResult> = {};
for (const part of parts) {
  if (options.parts.length > 0 && !options.parts.includes(part.name)) continue;
  console.log(`## ${part.name}\n`);
  const result = await part.run(peers, options);
  results[part.name] = result;
  console.log(`${result.markdown}\n`);
}
await closePeers(peers);

const figures = Object.values(results).flatMap(result => Object.entries(result.figures));
const targets = judge(Object.fromEntries(figures));
if (targets.length > 0) console.log(`## targets\n\n${targetTable(targets)}\n`);

const seconds = Math.round((performance.now() - begun) / 1000);
console.log(`${options.rounds} rounds, ${seconds} s in all.`);
writeFileSync(
  new URL('results.json', import.meta.url),
  `${JSON.stringify(
    {
      machine,
      options,
      seconds,
      targets,
      parts: Object.fromEntries(
        Object.entries(results).map(([name, {details, figures}]) => [name, {details, figures}]),
      ),
    },
    undefined,
    2,
  )}\n`,
);
