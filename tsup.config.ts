import type {Options} from 'tsup';

/**
 * File → source file. `index` is the root entry, `backend-<name>` is `glassbox/backend/<name>`, and each other one is
 * `glassbox/<name>`.
 */
const entry = {
  index: 'src/index.ts',
  'backend-node': 'src/backend/node/index.ts',
  'backend-webgl': 'src/backend/webgl/index.ts',
  'backend-webgpu': 'src/backend/webgpu/index.ts',
  data: 'src/namespaces/data.ts',
  explain: 'src/explain/index.ts',
  node: 'src/node/index.ts',
  track: 'src/track/index.ts',
};

const shared: Options = {
  target: 'es2022',
  format: ['esm'],
  clean: false,
  outDir: 'dist',
};

const configurations: Options[] = [
  {
    // Declarations, and what `scripts/build.ts` makes the CommonJS files from. Splitting puts whatever the
    // subpaths have in common into shared chunks, so that a class or a registry exists once.
    ...shared,
    entry,
    platform: 'node',
    splitting: true,
    dts: true,
  },
  {
    // For bundlers: one file a module, so that they can leave out whole modules.
    ...shared,
    entry: ['src/**/*.ts', '!src/browser*.ts', '!src/backend/wasm/{kernels/*,engine/threads/worker}.ts'],
    outDir: 'dist/esm',
    bundle: false,
    splitting: false,
  },
  {
    // For a plain `<script type="module">`: tfjs is inside, and handed out as `tf` and `layers`. One more file for each
    // backend that a page may add; what a page does not choose is in chunks that it never loads.
    ...shared,
    entry: {
      'glassbox.browser': 'src/browser.ts',
      'glassbox.webgl': 'src/browser.webgl.ts',
      'glassbox.webgpu': 'src/browser.webgpu.ts',
    },
    platform: 'browser',
    splitting: true,
    minify: true,
    keepNames: true,
    noExternal: [/./],
    esbuildOptions(options) {
      options.legalComments = 'linked';
      options.chunkNames = 'glassbox.chunk-[hash]';
    },
  },
];

export default configurations;
