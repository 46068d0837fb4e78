/** Runs the tests of training and explaining in a page on one backend, and makes each a test of its own here. */
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build, type Plugin} from 'esbuild';
import {describe, it} from 'vitest';
import type {BackendName} from '../../src/backend';
import {runInChromium, type PageOptions} from './runInChromium';
import type {TestReport} from './report';
import {testFiles} from './testFiles';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface TestedPage extends PageOptions {
  backend: BackendName;
  /** What the page imports first. */
  imports?: readonly string[];
  /** Which of the test files; all that a page can run by default. */
  files?: (path: string) => boolean;
}

/** What the tests in a page came to. */
export interface PageOutcome {
  readonly reports: readonly TestReport[];
  /** Why the page did not come to its end. */
  readonly failure?: unknown;
}

/** Runs test files in a page of its own. */
export async function runTestsInPage(
  files: readonly string[],
  {backend, imports = [], ...options}: Omit<TestedPage, 'files'>,
): Promise<PageOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'glassbox-page-'));
  const reports: TestReport[] = [];
  try {
    await bundle(folder, imports, files);
    await runInChromium(
      {'/': folder, '/wasm': join(root, 'node_modules/@tensorflow/tfjs-backend-wasm/dist')},
      `globalThis.glassboxBackend = '${backend}'; await (await import('/tests.js')).default;`,
      {...options, onPost: (_, body) => reports.push(body as TestReport)},
    );
    return {reports};
  } catch (failure) {
    return {reports, failure};
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

/** Call it at the top of a test file and await it: what the page has run decides which tests there are. */
export async function testInPage(
  name: string,
  {files: isAsked = () => true, ...page}: TestedPage,
): Promise<void> {
  const files = testFiles.filter(isAsked);
  const {reports, failure} = await runTestsInPage(files, page);

  describe(name, () => {
    for (const file of files) {
      const ofFile = reports.filter(report => report.file === file);
      describe(file, () => {
        for (const report of ofFile) asTest(report);
        if (ofFile.length > 0) return;
        // Of a page that failed, the test below says why.
        if (failure !== undefined) it.skip('did not run');
        else
          it('runs', () => {
            throw new Error('The file has no test that ran or failed.');
          });
      });
    }
    it('runs to its end', () => {
      const last = reports.at(-1);
      if (failure !== undefined)
        throw new Error(`The page failed after '${last?.name.join(' > ')}' (${last?.file}).`, {
          cause: failure,
        });
    });
  });
}

function asTest({name, error, skipped = false, ms}: TestReport): void {
  const title = `${name.join(' > ')} (${ms} ms)`;
  if (skipped) return void it.skip(title);
  it(title, () => {
    if (error !== undefined) throw new Error(`In the page: ${error}`);
  });
}

/** One module, `tests.js`, of all test files and the sources that they test. */
async function bundle(folder: string, imports: readonly string[], files: readonly string[]): Promise<void> {
  const entry = [
    ...imports.map(specifier => `import '${specifier}';`),
    "import {run} from './test/browser/page/run';",
    `export default run({${files.map(path => `'${path}': () => import('./${path}')`).join(',\n')}});`,
  ].join('\n');
  await build({
    stdin: {contents: entry, resolveDir: root, sourcefile: 'tests.ts'},
    outfile: join(folder, 'tests.js'),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    keepNames: true,
    sourcemap: false,
    logLevel: 'error',
    alias: {vitest: join(root, 'test/browser/page/vitest.ts')},
    plugins: [sources],
  });
}

/** `glassbox` is the sources, as for the tests in Node. */
const sources: Plugin = {
  name: 'sources',
  setup(plugins) {
    plugins.onResolve({filter: /^glassbox(\/|$)/}, ({path}) => ({
      path: join(root, 'src', path.replace(/^glassbox\/?/, ''), 'index.ts'),
    }));
  },
};
