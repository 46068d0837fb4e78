/** Runs test files in a page, and reports each test when it ends. */
import {startTests} from '@vitest/runner';
import type {Suite, Task, Test, VitestRunner} from '@vitest/runner';
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
    onAfterRunTask: async test => {
      if (hasEnded(test)) await report(resultOf(test));
    },
  };
  // One after the other: they share the one active backend.
  for (const path of Object.keys(files)) {
    for (const file of await startTests([path], runner))
      for (const test of reportsBeside(file)) await report(test);
  }
}

/** What no test tells of that has run: hooks that fail, and the tests that are skipped for it or by themselves. */
function reportsBeside(task: Task): TestReport[] {
  const {errors = []} = task.result ?? {};
  const report = {...placeOf(task), ms: 0};
  if (task.type === 'test') return hasEnded(task) ? [] : [{...report, skipped: true}];
  const failures = errors.length > 0 ? [{...report, error: errors.map(messageOf).join('\n')}] : [];
  return [...failures, ...task.tasks.flatMap(reportsBeside)];
}

function hasEnded({result}: Test): boolean {
  return result?.state === 'pass' || result?.state === 'fail';
}

function placeOf(task: Test | Suite): Pick<TestReport, 'file' | 'name'> {
  const name = [task.name];
  for (let {suite} = task; suite !== undefined; suite = suite.suite) name.unshift(suite.name);
  return {file: task.file.filepath, name};
}

function resultOf(test: Test): TestReport {
  const {state, errors = [], duration = 0} = test.result ?? {};
  const result = {...placeOf(test), ms: Math.round(duration)};
  return state === 'pass' ? result : {...result, error: errors.map(messageOf).join('\n')};
}

function messageOf({message, stack}: {message: string; stack?: string}): string {
  return stack?.includes(message) === true ? stack : `${message}\n${stack ?? ''}`;
}

async function report(test: TestReport): Promise<void> {
  await fetch('/test', {method: 'POST', body: JSON.stringify(test)});
}
