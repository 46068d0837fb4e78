/**
 * Compiles the engine's kernels, `src/backend/wasm/kernels/*.ts` (AssemblyScript), to two WebAssembly modules, with
 * and without relaxed SIMD, and embeds them in `src/backend/wasm/engine/kernels.generated.ts`, with the program of
 * the threads. Does nothing when that is up to date.
 */
import {createHash} from 'node:crypto';
import {existsSync, readFileSync, readdirSync, renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {deflateRawSync} from 'node:zlib';
import {build} from 'esbuild';
import {compileAssembly} from './assemblyScript';

const root = fileURLToPath(new URL('../', import.meta.url));
const sources = 'src/backend/wasm/kernels';
/** What the program of a thread is made of. */
const engine = 'src/backend/wasm/engine';
const threadProgram = [
  `${engine}/threads/worker.ts`,
  `${engine}/threads/controlBlock.ts`,
  `${engine}/instantiate.ts`,
];
const target = join(root, 'src/backend/wasm/engine/kernels.generated.ts');

/** Compiles if a source, or this script, has changed since the last time. */
export async function compileKernels(): Promise<void> {
  const stamp = `// ${fingerprint()}`;
  if (existsSync(target) && readFileSync(target, 'utf8').startsWith(stamp)) return;
  const plain = await compile(false);
  const relaxed = await compile(true);
  const code = [
    stamp,
    '/** Made by scripts/kernels.ts of the sources in ../kernels; not to be edited. */',
    '/** The kernel module, deflated, in base64. */',
    `export const plainModule =\n  '${plain}';`,
    '/** The same, compiled with relaxed SIMD: products and sums are fused. */',
    `export const relaxedModule =\n  '${relaxed}';`,
    "/** The program of the engine's threads. */",
    `export const workerProgram =\n  ${JSON.stringify(await bundleThreadProgram())};\n`,
  ].join('\n');
  // Whole at any time, for tests that start meanwhile.
  const temporary = `${target}.${process.pid}`;
  writeFileSync(temporary, code);
  renameSync(temporary, target);
}

function fingerprint(): string {
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  const kernels = readdirSync(join(root, sources)).map(name => `${sources}/${name}`);
  for (const path of [...kernels.sort(), ...threadProgram])
    hash.update(path).update(readFileSync(join(root, path)));
  return hash.digest('hex');
}

async function compile(relaxed: boolean): Promise<string> {
  const options = ['-O3', '--enable', 'simd', ...(relaxed ? ['--enable', 'relaxed-simd'] : [])];
  const binary = await compileAssembly(join(root, sources, 'index.ts'), options);
  if (!relaxed) checkNoData(binary);
  return deflateRawSync(binary, {level: 9}).toString('base64');
}

async function bundleThreadProgram(): Promise<string> {
  const {outputFiles} = await build({
    entryPoints: [join(root, threadProgram[0]!)],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: 'es2022',
  });
  return outputFiles[0]!.text.trim();
}

/** The memory is tfjs's: a constant of ours in it would overwrite a tensor. */
function checkNoData(binary: Uint8Array): void {
  const module = new WebAssembly.Module(new Uint8Array(binary));
  const memory = new WebAssembly.Memory({initial: 1});
  new WebAssembly.Instance(module, {env: {memory}});
  if (new Uint8Array(memory.buffer).some(byte => byte !== 0))
    throw new Error('The kernels have data of their own in memory: a string, a static array or an object.');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await compileKernels();
