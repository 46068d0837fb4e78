/** The test files that run in pages too, on each backend: those of training and of explaining that need no Node. */
import {readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What a test needs that a page has not. */
const NEEDS_NODE = /from 'node:/;
/** Explainers are held to other systems' numbers in these; the rest is about what no backend changes. */
const IS_ORACLE_TEST = /from '.\/oracle'/;

const source = (path: string): string => readFileSync(join(root, path), 'utf8');

function testsIn(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter(name => name.endsWith('.test.ts') && !name.endsWith('.long.test.ts'))
    .map(name => `${folder}/${name}`)
    .filter(path => !NEEDS_NODE.test(source(path)));
}

export const testFiles: readonly string[] = [
  ...testsIn('test/suite'),
  ...testsIn('test/trainer'),
  ...testsIn('test/explain').filter(path => IS_ORACLE_TEST.test(source(path))),
];
