/**
 * The package as npm would publish it, installed into an empty project beside the peer dependencies.
 */
import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Shipped {
  /** A project with `node_modules/glassbox`, unpacked from the tarball, and its (peer) dependencies. */
  readonly folder: string;
  /** The paths in the tarball. */
  readonly files: readonly string[];
  /** Writes a file of the project and runs it in Node; gives what it printed. */
  run(name: string, code: string): string;
  dispose(): void;
}

/** Packs and installs what `dist/` holds. No network: the dependencies are linked from this checkout. */
export function installPackage(): Shipped {
  const folder = mkdtempSync(join(tmpdir(), 'glassbox-package-'));
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [packed] = JSON.parse(
    execFileSync('npm', pack, {cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']}),
  ) as [{filename: string; files: {path: string}[]}];
  const target = join(folder, 'node_modules/glassbox');
  mkdirSync(target, {recursive: true});
  execFileSync('tar', ['-xzf', join(folder, packed.filename), '-C', target, '--strip-components=1']);
  for (const name of ['@tensorflow', '@types', '@webgpu', 'long', 'seedrandom']) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), {recursive: true});
    symlinkSync(join(root, 'node_modules', name), link);
  }
  writeFileSync(join(folder, 'package.json'), '{"name": "consumer", "private": true}');
  return {
    folder,
    files: packed.files.map(file => file.path),
    run(name, code) {
      writeFileSync(join(folder, name), code);
      return execFileSync(process.execPath, [name], {cwd: folder, encoding: 'utf8'}).trim();
    },
    dispose() {
      rmSync(folder, {recursive: true, force: true});
    },
  };
}
