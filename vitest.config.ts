import { defineConfig } from 'vitest/config';

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
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'electron',
          include: ['test/electron/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
