/** Starts the browser of all pages before the tests, and ends it after them. */
import {readdirSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import type {TestProject} from 'vitest/node';
import {findChromium, startChromium} from './chromium';
import {testFiles} from './testFiles';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the browser is spoken to. */
    chromium: string;
  }
}

export default async function setup({provide}: TestProject): Promise<() => Promise<void>> {
  const executable = findChromium();
  if (executable === undefined) throw new Error(absence());
  const {endpoint, close} = await startChromium(executable);
  provide('chromium', endpoint);
  return close;
}

function absence(): string {
  const tests = readdirSync(fileURLToPath(new URL('.', import.meta.url))).filter(name =>
    name.endsWith('.test.ts'),
  );
  return [
    'Chromium is not installed, or not where it is looked for: apt-get install chromium, or name its executable in the variable CHROMIUM.',
    'These tests did not run:',
    ...tests.sort().map(name => `  test/browser/${name}`),
    'and in a page, on each backend:',
    ...testFiles.map(path => `  ${path}`),
  ].join('\n');
}
