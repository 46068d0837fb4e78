import {fileURLToPath} from 'node:url';
import {defineConfig} from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url));

/** Tests against the sources; `package` tests run against what is built and shipped. */
const againstSources = {
  resolve: {
    alias: [
      {find: /^glassbox$/, replacement: source('index.ts')},
      {find: /^glassbox\/(.+)$/, replacement: source('$1/index.ts')},
    ],
  },
};

const packageTests = ['test/package/**/*.test.ts', 'test/browser/**/*.test.ts'];
const longTests = ['test/**/*.long.test.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        ...againstSources,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...packageTests, ...longTests],
          testTimeout: 30_000,
        },
      },
      {
        ...againstSources,
        test: {
          name: 'package',
          include: packageTests,
          exclude: longTests,
          testTimeout: 120_000,
          hookTimeout: 180_000,
          globalSetup: ['test/package/build.ts'],
        },
      },
      {
        ...againstSources,
        test: {
          name: 'long',
          include: longTests,
          testTimeout: 600_000,
          hookTimeout: 180_000,
          globalSetup: ['test/package/build.ts'],
        },
      },
    ],
  },
});
