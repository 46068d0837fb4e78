import {spawnSync} from 'node:child_process';
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {builtinModules} from 'node:module';
import {join, posix} from 'node:path';
import {build} from 'esbuild';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {installPackage, root, type Shipped} from './shipped';

interface Manifest {
  version: string;
  exports: Record<string, string | {node?: unknown}>;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, {optional: boolean}>;
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
const subpaths = Object.keys(manifest.exports).filter(path => typeof manifest.exports[path] !== 'string');
const loadable = subpaths.filter(path => (manifest.exports[path] as {node?: unknown}).node !== undefined);
const nameOf = (path: string): string => path.replace('.', 'glassbox');

let shipped: Shipped;
beforeAll(() => {
  shipped = installPackage();
});
afterAll(() => {
  shipped.dispose();
});

describe('the tarball', () => {
  it('holds what is built, its licence, its readme and its guides, and nothing else', () => {
    const others = shipped.files.filter(
      path => !/^dist\/[\w./-]+\.(js|mjs|cjs|d\.ts|d\.cts|wasm|txt)$/.test(path),
    );
    const guides = readdirSync(join(root, 'docs')).filter(name => name.endsWith('.md'));
    expect(others.sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      ...guides.map(name => `docs/${name}`).sort(),
      'licenses/Apache-2.0.txt',
      'package.json',
    ]);
  });

  it('holds every file that its pages link to', () => {
    const dangling = shipped.files
      .filter(path => path.endsWith('.md'))
      .flatMap(page =>
        [...readFileSync(join(root, page), 'utf8').matchAll(/\]\((?!\w+:|#)([^)#]+)/g)].map(([, target]) =>
          posix.join(posix.dirname(page), target!),
        ),
      )
      .filter(target => !shipped.files.includes(target));
    expect(dangling).toEqual([]);
  });

  it('works with one version of tfjs only, since it reaches into its internals', () => {
    const versions = Object.entries({...manifest.dependencies, ...manifest.peerDependencies});
    expect(
      versions.filter(([name, version]) => name.startsWith('@tensorflow/') && version !== '4.22.0'),
    ).toEqual([]);
    const peers = Object.keys(manifest.peerDependencies);
    const isOptional = (name: string): boolean => manifest.peerDependenciesMeta[name]?.optional === true;
    expect(peers.filter(name => !isOptional(name)).sort()).toEqual([
      '@tensorflow/tfjs-core',
      '@tensorflow/tfjs-layers',
    ]);
    expect(peers.filter(isOptional).sort()).toEqual([
      '@tensorflow/tfjs-backend-webgl',
      '@tensorflow/tfjs-backend-webgpu',
      '@tensorflow/tfjs-node',
      'webgpu',
    ]);
  });
});

describe('in Node', () => {
  it.each(loadable)('%s gives the same names to import and to require', path => {
    const imported = shipped.run(
      'a.mjs',
      `import * as all from '${nameOf(path)}'; console.log(Object.keys(all).sort().join())`,
    );
    const required = shipped.run(
      'b.cjs',
      `console.log(Object.keys(require('${nameOf(path)}')).sort().join())`,
    );
    expect(imported).toBe(required);
    // A backend is imported for what it registers.
    expect(imported === '').toBe(path.startsWith('./backend/'));
  });

  it.each(loadable.filter(path => path.startsWith('./backend/')))(
    '%s registers its backend, either way',
    path => {
      const code = `useBackend('${path.slice('./backend/'.length)}').catch(({code}) => console.log(code !== 'backend/not-imported'))`;
      const imported = `import {useBackend} from 'glassbox'; import '${nameOf(path)}'; ${code}`;
      const required = `const {useBackend} = require('glassbox'); require('${nameOf(path)}'); ${code}`;
      expect(shipped.run('c.mjs', imported)).toBe('true');
      expect(shipped.run('d.cjs', required)).toBe('true');
    },
  );

  it('a program that mixes import and require has one copy of everything', () => {
    const code = `
      import {createRequire} from 'node:module';
      const require = createRequire(import.meta.url);
      const paths = ${JSON.stringify(loadable.map(nameOf))};
      const different = [];
      for (const path of paths) {
        const required = require(path);
        for (const [name, value] of Object.entries(await import(path))) {
          if (value !== required[name]) different.push(path + ' ' + name);
        }
      }
      const all = paths.map(path => require(path));
      for (const name of Object.keys(all[0])) {
        for (const other of all) if (name in other && other[name] !== all[0][name]) different.push('subpath ' + name);
      }
      console.log(JSON.stringify(different));`;
    expect(shipped.run('mixed.mjs', code)).toBe('[]');
  });

  it('an error thrown by one way of loading is an instance of the class of the other', () => {
    const code = `
      import {createRequire} from 'node:module';
      import {ConfigurationError, losses} from 'glassbox';
      const {getLoss, GlassboxError} = createRequire(import.meta.url)('glassbox');
      try { getLoss('nonsense'); } catch (error) {
        console.log(error instanceof ConfigurationError, error instanceof GlassboxError, typeof losses.MeanSquaredError);
      }`;
    expect(shipped.run('errors.mjs', code)).toBe('true true function');
  });

  it('uses the same tfjs as the program, whichever way either is loaded', () => {
    const code = `
      import {createRequire} from 'node:module';
      import * as tf from '@tensorflow/tfjs-core';
      import {useBackend} from 'glassbox';
      await useBackend('cpu');
      const required = createRequire(import.meta.url)('@tensorflow/tfjs-core');
      console.log(tf.getBackend(), required.getBackend() === tf.getBackend(), tf.add(1, 2).dataSync()[0]);`;
    expect(shipped.run('tfjs.mjs', code)).toMatch(/^\S*cpu\S* true 3$/);
  });

  it('loading it prints nothing and changes nothing in tfjs', () => {
    const code = `
      import * as tf from '@tensorflow/tfjs-core';
      import '@tensorflow/tfjs-layers';
      const state = () => [tf.engine().state.numTensors, Object.keys(tf.engine().registryFactory), Object.keys(globalThis)];
      const before = JSON.stringify(state());
      await import('glassbox');
      console.log(before === JSON.stringify(state()));`;
    expect(shipped.run('quiet.mjs', code)).toBe('true');
  });
});

describe('in a bundle for the browser', () => {
  const bundle = async (
    code: string,
    external: string[] = [],
  ): Promise<{text: string; imports: string[]}> => {
    const result = await build({
      stdin: {contents: code, resolveDir: shipped.folder, loader: 'ts'},
      bundle: true,
      write: false,
      metafile: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      external,
      logLevel: 'silent',
      nodePaths: [join(root, 'node_modules')],
    });
    const inputs = Object.values(result.metafile.inputs).flatMap(input => input.imports);
    return {text: result.outputFiles[0]!.text, imports: inputs.filter(i => i.external).map(i => i.path)};
  };
  const browserPaths = subpaths.filter(path => !path.endsWith('/node'));

  it.each(browserPaths)('%s contains no Node built-in', async path => {
    const {imports} = await bundle(`export * from '${nameOf(path)}'`);
    const builtins = imports.filter(name => name.startsWith('node:') || builtinModules.includes(name));
    expect(builtins).toEqual([]);
  });

  it('holds a backend only if its subpath is imported, and not the others', async () => {
    const packagesIn = async (code: string): Promise<string[]> => {
      const {imports} = await bundle(code, ['@tensorflow/*', 'webgpu']);
      return [...new Set(imports.filter(name => /backend-|webgpu$|tfjs-node/.test(name)))].sort();
    };
    const alone = ['@tensorflow/tfjs-backend-cpu', '@tensorflow/tfjs-backend-wasm'];
    expect(await packagesIn("export {useBackend} from 'glassbox'")).toEqual(alone);
    for (const name of ['webgl', 'webgpu']) {
      const code = `export {useBackend} from 'glassbox'; import 'glassbox/backend/${name}'`;
      expect(await packagesIn(code)).toEqual([...alone, `@tensorflow/tfjs-backend-${name}`]);
    }
  });

  it('takes only what is used', async () => {
    const tfjs = ['@tensorflow/*'];
    const all = await bundle("export * from 'glassbox'", tfjs);
    const one = await bundle("export {withSeed} from 'glassbox'", tfjs);
    expect(one.text.length).toBeLessThan(all.text.length / 10);
  });
});

describe('for TypeScript', () => {
  const program = `
    import * as tf from '@tensorflow/tfjs-core';
    import * as layers from '@tensorflow/tfjs-layers';
    import {AdamW, Dataset, losses, metrics, oneCycle, useBackend, type Schedule} from 'glassbox';
    import {Dataset as SameDataset} from 'glassbox/data';
    const rate: Schedule = oneCycle({peak: 0.003, steps: 100});
    const optimizer = new AdamW({learningRate: rate, weightDecay: 0.01});
    const dataset: Dataset<unknown> = SameDataset.fromArrays({x: new Float32Array(4)});
    export const loss: losses.Loss = new losses.MeanSquaredError();
    export const metric: metrics.Metric = new metrics.BinaryAccuracy();
    export async function main(): Promise<string> {
      const backend = await useBackend('cpu');
      const model = layers.sequential({layers: [layers.layers.dense({units: 1, inputShape: [2]})]});
      console.log(tf.memory().numTensors, optimizer, dataset, model);
      // @ts-expect-error: an unknown backend
      await useBackend('nonsense');
      return backend.name;
    }`;

  it.each([
    ['bundler', 'ESNext', ['main.ts']],
    ['node16', 'Node16', ['main.mts', 'main.cts']],
  ])('a strict program compiles under moduleResolution %s', (moduleResolution, module, files) => {
    for (const file of files) writeFileSync(join(shipped.folder, file), program);
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: 'ES2022',
      module,
      moduleResolution,
      types: [],
    };
    // tfjs's own declarations do not pass: they are skipped, as every project that uses tfjs has to.
    const options = {
      compilerOptions: {...compilerOptions, lib: ['ES2022', 'DOM'], skipLibCheck: true},
      files,
    };
    writeFileSync(join(shipped.folder, 'tsconfig.json'), JSON.stringify(options));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const found = spawnSync(process.execPath, [tsc, '-p', shipped.folder], {encoding: 'utf8'});
    expect(found.stdout).toBe('');
    expect(found.status).toBe(0);
  });
});
