/**
 * Builds `dist/`: tsup's ESM, CommonJS, declarations and browser bundle, and what tsup does not know:
 * - In Node, `import` gets the CommonJS files too, through a wrapper, so that a program that mixes `import` and
 *   `require` has one copy of every class and registry.
 * - The browser bundle's declarations name those of the root entry, so that a class is one type in both.
 * - The engine's `.wasm` files lie beside the browser bundle, which loads them from there.
 */
import {copyFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'tsup';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('../', import.meta.url));
const dist = join(root, 'dist');

interface Manifest {
  exports: Record<string, string | {node?: {import: {default: string}; require: {default: string}}}>;
}

rmSync(dist, {recursive: true, force: true});
await build({silent: true});
writeNodeWrappers();
writeBrowserDeclarations();
copyEngine();

function writeNodeWrappers(): void {
  const {exports: subpaths} = require(join(root, 'package.json')) as Manifest;
  for (const target of Object.values(subpaths)) {
    if (typeof target === 'string' || target.node === undefined) continue;
    const wrapper = join(root, target.node.import.default);
    const wrapped = join(root, target.node.require.default);
    const names = Object.keys(require(wrapped) as object).filter(name => name !== 'default');
    const list = names.map(name => `  ${name},\n`).join('');
    const path = `./${wrapped.slice(dirname(wrapped).length + 1)}`;
    writeFileSync(wrapper, `import glassbox from '${path}';\nexport const {\n${list}} = glassbox;\n`);
  }
}

function writeBrowserDeclarations(): void {
  writeFileSync(
    join(dist, 'glassbox.browser.d.ts'),
    "export * from './index.js';\n" +
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
