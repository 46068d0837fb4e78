/**
 * Builds `dist/` before the tests that look at it, unless it is newer than everything it is made from.
 */
import {execFileSync} from 'node:child_process';
import {existsSync, readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export default function setup(): void {
  const built = join(root, 'dist/glassbox.browser.d.ts');
  const inputs = ['package.json', 'tsup.config.ts', 'scripts/build.ts', ...sources()].map(path =>
    join(root, path),
  );
  const age = existsSync(built) ? statSync(built).mtimeMs : 0;
  if (inputs.every(path => statSync(path).mtimeMs < age)) return;
  execFileSync('npm', ['run', '--silent', 'build'], {cwd: root, stdio: 'inherit'});
}

function sources(): string[] {
  const found = readdirSync(join(root, 'src'), {recursive: true, encoding: 'utf8'});
  return found.filter(name => name.endsWith('.ts')).map(name => join('src', name));
}
