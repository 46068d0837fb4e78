import type {Options} from 'tsup';

/** Subpath → source file. `index` is the root entry; each other one is `glassbox/<name>`. */
const entry = {
  index: 'src/index.ts',
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
    entry: ['src/**/*.ts', '!src/browser.ts', '!src/backend/wasm/{kernels/*,engine/threads/worker}.ts'],
    outDir: 'dist/esm',
    bundle: false,
    splitting: false,
  },
  {
    // One file for a plain `<script type="module">`: tfjs is inside, and handed out as `tf` and `layers`.
    ...shared,
    entry: {'glassbox.browser': 'src/browser.ts'},
    platform: 'browser',
    splitting: false,
    minify: true,
    keepNames: true,
    noExternal: [/./],
    esbuildOptions(options) {
      options.legalComments = 'linked';
    },
  },
];

export default configurations;
