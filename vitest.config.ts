import {fileURLToPath} from 'node:url';
import {defineConfig} from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url));

/** `glassbox` is the sources. */
const againstSources = {
  resolve: {
    alias: [
      {find: /^glassbox$/, replacement: source('index.ts')},
      {find: /^glassbox\/(.+)$/, replacement: source('$1/index.ts')},
    ],
  },
};

const packageTests = ['test/package/**/*.test.ts'];
const browserTests = ['test/browser/**/*.test.ts'];
const longTests = ['test/**/*.long.test.ts'];

/** Against what is built and shipped, which is built first. */
const againstPackage = {
  testTimeout: 120_000,
  hookTimeout: 180_000,
  globalSetup: ['test/package/build.ts'],
};

export default defineConfig({
  test: {
    pool: 'forks',
    globalSetup: ['test/kernels.ts'],
    projects: [
      {
        ...againstSources,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...packageTests, ...browserTests, ...longTests],
          testTimeout: 30_000,
        },
      },
      {...againstSources, test: {name: 'package', include: packageTests, ...againstPackage}},
      // Needs Chromium, which a fresh machine has not: no part of `npm test`.
      {
        ...againstSources,
        test: {
          name: 'browser',
          include: browserTests,
          ...againstPackage,
          globalSetup: [...againstPackage.globalSetup, 'test/browser/browser.ts'],
          fileParallelism: false,
        },
      },
      {
        ...againstSources,
        test: {name: 'long', include: longTests, testTimeout: 600_000, hookTimeout: 180_000},
      },
    ],
  },
});
