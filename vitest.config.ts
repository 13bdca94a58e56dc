import { defineConfig } from 'vitest/config';

/** Where `npm test` asks for it, because real processes, sockets and clocks are in all of them; whatever needed one is named (scripts/check/second-tries.mjs). */
const retry = process.env['VIREO_SECOND_TRY'] === '1' ? 1 : 0;

/** unit: pure, beside the code. qemu: real QEMU processes. electron: the real app under Xvfb. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{core,cli,electron,renderer,bench,conformance,test}/**/*.test.ts', 'scripts/**/*.test.mjs'],
          exclude: ['test/qemu/**', 'test/electron/**'],
          testTimeout: 20_000,
          retry,
          // Loading everything anew for each file took two thirds of the time; what a test changes outside it puts back.
          isolate: false,
        },
      },
      {
        test: {
          name: 'qemu',
          include: ['test/qemu/**/*.test.ts'],
          testTimeout: 90_000,
          hookTimeout: 90_000,
          retry,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'electron',
          include: ['test/electron/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          retry,
          fileParallelism: false,
        },
      },
    ],
  },
});
