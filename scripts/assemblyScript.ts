/**
 * The compiler of AssemblyScript, by its command line: its declarations, imported, would redefine globals of
 * TypeScript for the whole project.
 */
import {execFile} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

const compiler = fileURLToPath(new URL('../node_modules/assemblyscript/bin/asc.js', import.meta.url));

/** Compiles the module whose entry is `path`; it imports its memory and has no runtime. */
export async function compileAssembly(
  path: string,
  options: readonly string[],
): Promise<Buffer<ArrayBuffer>> {
  const folder = mkdtempSync(join(tmpdir(), 'glassbox-kernels-'));
  const outFile = join(folder, 'kernels.wasm');
  const fixed = ['--noAssert', '--runtime', 'stub', '--importMemory', '--outFile', outFile];
  try {
    await promisify(execFile)(process.execPath, [compiler, path, ...fixed, ...options]);
    return readFileSync(outFile);
  } finally {
    rmSync(folder, {recursive: true});
  }
}
