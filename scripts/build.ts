/**
 * Builds `dist/`: what tsup makes, and what it does not.
 *
 * - `*.cjs`: CommonJS in chunks, so that the subpaths share their state. (tsup's own way to split CommonJS turns
 *   `?.` and `??` into calls of closures, which costs in a training loop.)
 * - `*.mjs`: what `import` gets in Node. It wraps the CommonJS files, so that a program that mixes `import` and
 *   `require` has one copy of every class and registry.
 * - `esm/`: what bundlers get, module by module.
 * - `glassbox.*.js`: for a page without a bundler. The declarations of `glassbox.browser.js` name those of the root
 *   entry, so that a class is one type in both; the engine's `.wasm` files lie beside it, where it loads them from.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {createRequire} from 'node:module';
import {basename, dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {transform} from 'esbuild';
import {build, type Options} from 'tsup';
import configurations from '../tsup.config';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('../', import.meta.url));
/** Built aside and moved into place, so that `dist/` is whole at any time. */
const dist = join(root, `.cache/build-${process.pid}`);
const browserBundle = 'glassbox.browser';

interface Manifest {
  exports: Record<string, string | {node?: {import: {default: string}; require: {default: string}}}>;
}

mkdirSync(dist, {recursive: true});
await Promise.all(configurations.map(buildWith));
for (const file of readdirSync(dist).filter(name => !name.startsWith('glassbox.'))) await writeCommonJs(file);
for (const file of readdirSync(join(dist, 'esm'), {recursive: true, encoding: 'utf8'}))
  completeSpecifiers(file);
writeNodeWrappers();
writeBrowserDeclarations();
copyEngine();
rmSync(join(root, 'dist'), {recursive: true, force: true});
renameSync(dist, join(root, 'dist'));

async function buildWith(options: Options): Promise<void> {
  const outDir = options.outDir!.replace(/^dist/, dist);
  await build({...options, outDir, config: false, silent: true});
}

/** Turns a chunk, or its declarations, into CommonJS. */
async function writeCommonJs(file: string): Promise<void> {
  const path = join(dist, file);
  if (file.endsWith('.d.ts')) {
    const declarations = withNamespacedClasses(readFileSync(path, 'utf8'));
    writeFileSync(path, declarations);
    writeFileSync(path.replace(/\.d\.ts$/, '.d.cts'), importingCjs(declarations));
  } else if (file.endsWith('.js')) {
    // An import that is made when the program runs may be of an ES module, which `require` does not take everywhere.
    const source = importingCjs(readFileSync(path, 'utf8')).replace(
      /\bimport\(\s*(?:\/\*.*?\*\/\s*)+packageName\s*\)/s,
      'importNatively(packageName)',
    );
    const {code} = await transform(source, {
      format: 'cjs',
      platform: 'node',
      target: 'es2022',
      supported: {'dynamic-import': false},
    });
    // esbuild wraps what `import *` gets from CommonJS in a getter for each name. tfjs needs none of that: only
    // its named exports are used, and its step is our hot path.
    const direct = code
      .replace(/__toESM\((require\("@tensorflow\/[\w-]+"\))\)/g, '$1')
      .replace('importNatively(', 'import(');
    writeFileSync(path.replace(/\.js$/, '.cjs'), direct);
    rmSync(path);
  }
}

/**
 * A class in a namespace, such as `losses.Loss`, is a value and a type. Of one that lies in a shared chunk, what rolls
 * the declarations up writes the value only.
 */
function withNamespacedClasses(code: string): string {
  return code.replace(/^declare const (\w+_(\w+)): typeof \2;$/gm, (value, alias: string, name: string) => {
    const chunk = new RegExp(`^import \\{[^}]*\\b${name}\\b[^}]*\\} from '\\./([\\w-]+)\\.js'`, 'm').exec(
      code,
    )?.[1];
    if (chunk === undefined || code.includes(`\ntype ${alias} = `)) return value;
    const isClass = new RegExp(`^declare (abstract )?class ${name}\\b`, 'm').test(
      readFileSync(join(dist, `${chunk}.d.ts`), 'utf8'),
    );
    return isClass ? `type ${alias} = ${name};\n${value}` : value;
  });
}

function importingCjs(code: string): string {
  return code.replace(/(\b(?:from|import)\s*\(?\s*["']\.\/[^"'\n]+)\.js(["'])/g, '$1.cjs$2');
}

/** Writes out what sources leave to the compiler: `'../core'` becomes `'../core/index.js'`. */
function completeSpecifiers(file: string): void {
  const path = join(dist, 'esm', file);
  if (!file.endsWith('.js')) return;
  const code = readFileSync(path, 'utf8');
  const complete = code.replace(
    /(\b(?:from|import)\s*\(?\s*["'])(\.{1,2}\/[^"'\n]*|\.{1,2})(["'])/g,
    (_, before: string, specifier: string, after: string) => {
      const found = [`${specifier}.js`, `${specifier}/index.js`].find(name =>
        existsSync(join(dirname(path), name)),
      );
      if (found === undefined) throw new Error(`${file} imports '${specifier}', which is nowhere`);
      return before + found + after;
    },
  );
  writeFileSync(path, complete);
}

function writeNodeWrappers(): void {
  const {exports: subpaths} = require(join(root, 'package.json')) as Manifest;
  for (const target of Object.values(subpaths)) {
    if (typeof target === 'string' || target.node === undefined) continue;
    const wrapped = inBuild(target.node.require.default);
    const names = Object.keys(require(wrapped) as object).filter(name => name !== 'default');
    const list = names.map(name => `  ${name},\n`).join('');
    writeFileSync(
      inBuild(target.node.import.default),
      `import glassbox from './${basename(wrapped)}';\nexport const {\n${list}} = glassbox;\n`,
    );
  }
}

/** Where a file of the package, as `package.json` names it, is being built. */
function inBuild(path: string): string {
  return join(dist, path.replace('./dist/', ''));
}

function writeBrowserDeclarations(): void {
  writeFileSync(
    join(dist, `${browserBundle}.d.ts`),
    "export * from './index.js';\n" +
      "export * from './track.js';\n" +
      "export * as explain from './explain.js';\n" +
      "export * as tf from '@tensorflow/tfjs-core';\n" +
      "export * as layers from '@tensorflow/tfjs-layers';\n",
  );
}

function copyEngine(): void {
  const engine = dirname(require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm'));
  for (const file of readdirSync(engine)) {
    if (file.endsWith('.wasm')) copyFileSync(join(engine, file), join(dist, file));
  }
}
