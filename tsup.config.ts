import {defineConfig, type Options} from 'tsup';

/** Subpath → source file. `index` is the root entry; each other one is `glassbox/<name>`. */
const entry = {
  index: 'src/index.ts',
  data: 'src/data/index.ts',
};

const shared: Options = {
  target: 'es2022',
  clean: false,
  outDir: 'dist',
};

export default defineConfig([
  {
    // What Node and bundlers load. Splitting puts whatever the subpaths have in common into shared chunks, so
    // that a class or a registry exists once, in CommonJS too.
    ...shared,
    entry,
    format: ['esm', 'cjs'],
    platform: 'node',
    splitting: true,
    dts: true,
  },
  {
    // One file for a plain `<script type="module">`: tfjs is inside, and handed out as `tf` and `layers`.
    ...shared,
    entry: {'glassbox.browser': 'src/browser.ts'},
    format: ['esm'],
    platform: 'browser',
    splitting: false,
    minify: true,
    noExternal: [/./],
    outExtension: () => ({js: '.js'}),
    esbuildOptions(options) {
      options.legalComments = 'linked';
    },
  },
]);
