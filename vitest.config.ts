import { defineConfig } from 'vitest/config';

/**
 * Three kinds of tests, told apart by file name:
 * - unit: pure code and local files; needs nothing, runs anywhere.
 * - kernel: real network namespaces, nftables and routers; runs inside `scripts/sandbox`.
 * - e2e: whole topologies with the daemons as processes; runs inside `scripts/sandbox`.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/{src,test}/**/*.test.ts', 'e2e/**/*.unit.test.ts', 'bench/**/*.unit.test.ts'],
          exclude: ['**/node_modules/**', '**/*.kernel.test.ts'],
          isolate: false,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'kernel',
          include: ['packages/*/test/**/*.kernel.test.ts'],
          fileParallelism: false, // they measure times; scripts/run-tests.ts gives each file a sandbox
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.e2e.test.ts'],
          maxWorkers: 2,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
