/** Runs test files in a page, and reports each test when it ends. */
import {startTests} from '@vitest/runner';
import type {Test, VitestRunner} from '@vitest/runner';
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import type {TestReport} from '../report';

/** Test files by their paths, each imported when its turn comes. */
type Files = Readonly<Record<string, () => Promise<unknown>>>;

/** How long a single test, or a hook, may take: the first on a GPU in software compiles many shaders. */
const TEST_TIMEOUT = 60_000;

export async function run(files: Files): Promise<void> {
  setWasmPaths('/wasm/');
  const runner: VitestRunner = {
    config: {
      root: '/',
      setupFiles: [],
      passWithNoTests: false,
      sequence: {seed: 1, hooks: 'stack', setupFiles: 'list'},
      maxConcurrency: 1,
      testTimeout: TEST_TIMEOUT,
      hookTimeout: TEST_TIMEOUT,
      retry: 0,
      name: undefined,
      allowOnly: false,
      testNamePattern: undefined,
      chaiConfig: undefined,
      includeTaskLocation: false,
      tags: [],
      tagsFilter: undefined,
      strictTags: false,
    },
    importFile: path => files[path]!(),
    onAfterRunTask: test => report(resultOf(test)),
  };
  // One after the other: they share the one active backend.
  for (const path of Object.keys(files)) {
    const [file] = await startTests([path], runner);
    const errors = file?.result?.errors ?? [];
    if (errors.length > 0)
      await report({file: path, name: ['the file'], error: errors.map(messageOf).join('\n'), ms: 0});
  }
}

function resultOf(test: Test): TestReport {
  const {state, errors = [], duration = 0} = test.result ?? {};
  const name = [test.name];
  for (let {suite} = test; suite !== undefined; suite = suite.suite) name.unshift(suite.name);
  const result = {file: test.file.filepath, name, ms: Math.round(duration)};
  if (state === 'fail') return {...result, error: errors.map(messageOf).join('\n')};
  return state === 'pass' ? result : {...result, skipped: true};
}

function messageOf({message, stack}: {message: string; stack?: string}): string {
  return stack?.includes(message) === true ? stack : `${message}\n${stack ?? ''}`;
}

async function report(test: TestReport): Promise<void> {
  await fetch('/test', {method: 'POST', body: JSON.stringify(test)});
}
