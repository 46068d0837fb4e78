/**
 * `npm run bench:explain`: the time of explanations beside Captum's and shap's, in the same run on the same networks, on
 * one thread each: `[--only kernelShap,saliency] [--rounds 5] [--turn 400]`.
 */
import {cpus} from 'node:os';
import {useBackend} from 'glassbox';
import type {BackendOptions} from 'glassbox';
import {short, table} from '../markdown';
import {interleave, ratio, typical} from '../measure';
import type {Outcomes} from '../measure';
import {readOptions} from '../options';
import {geometricMean} from '../statistics';
import {cases} from './cases';
import type {ExplainCase} from './cases';
import {buildNetwork} from './networks';
import {OurExplainers, PythonExplainers} from './peers';
import type {ExplainPeer} from './peers';

/** What is needed of some cases, in milliseconds. */
const LIMITS: Readonly<Record<string, number>> = {kernelShap: 500, integratedGradients: 60};

const options = readOptions(process.argv.slice(2));
const single: BackendOptions & {threads: number} = {threads: 1};
await useBackend('wasm', single);
const networks = {mlp: buildNetwork('mlp'), small: buildNetwork('small'), cnn: buildNetwork('cnn')};
const ours = new OurExplainers(networks);
const python = await PythonExplainers.start(networks);
console.log(`${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}\n`);
console.log(typeof python === 'string' ? `Without peers: ${python}.\n` : `Beside ${python.name}.\n`);

const peers: readonly ExplainPeer[] = typeof python === 'string' ? [ours] : [ours, python];
const rows: string[][] = [];
const ratios: number[] = [];
for (const job of cases.filter(({name}) => options.only.length === 0 || options.only.includes(name))) {
  const outcomes = await interleave(
    peers.map(peer => ({name: peer.name, peer, job})),
    options,
  );
  rows.push(row(job, outcomes));
}
for (const peer of peers) await peer.close();
const header = ['case', 'glassbox, ms', 'needed', 'peer, ms', 'peer ÷ glassbox', 'difference ¹'];
console.log(table(peers.length > 1 ? header : header.slice(0, 3), rows));
console.log(`\nMedians over ${options.rounds} turns each.`);
if (ratios.length > 0) {
  console.log(`Geometric mean of the ratios: ${short(geometricMean(ratios))}.
¹ The largest difference of two values, as a share of the largest value. * Both draw, or part the features differently.`);
}

function row(job: ExplainCase, outcomes: Outcomes): string[] {
  const {name, what, draws} = job;
  const own = outcomes.get(ours.name);
  if (own !== undefined && 'reason' in own) throw new Error(`${name}: ${own.reason}`);
  const cells = [what, short(typical(own)), LIMITS[name] === undefined ? '' : `≤ ${LIMITS[name]}`];
  if (typeof python === 'string') return cells;
  const theirs = outcomes.get(python.name);
  if (theirs === undefined || 'reason' in theirs) {
    return [...cells, theirs === undefined ? '' : theirs.reason.slice(0, 60)];
  }
  const times = ratio(theirs, own);
  ratios.push(times);
  const apart = difference(ours.values.get(name)!, python.values.get(name)!);
  return [
    ...cells,
    short(typical(theirs)),
    short(times),
    apart.toExponential(0) + (draws === true ? ' *' : ''),
  ];
}

function difference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) {
    throw new Error(`There are ${found.length} values beside ${expected.length}.`);
  }
  const pairs = Array.from(found, (value, i) => [value, expected[i]!] as const);
  const largest = Math.max(...pairs.map(([, value]) => Math.abs(value)));
  return Math.max(...pairs.map(([value, other]) => Math.abs(value - other))) / largest;
}
