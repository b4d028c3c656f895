import { defineConfig } from 'vitest/config';

/** `test` for the tests proper; `verify` and `faults` are the longer suites that `make` has targets for. */
const suite = process.env.FT_TESTS ?? 'test';

export default defineConfig({
  test: {
    include: [`test/**/*.${suite}.ts`],
    passWithNoTests: suite !== 'test',
    // TensorFlow is one per process and takes all cores: processes, not threads, and few of them.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: suite === 'test' ? 180_000 : 1_800_000,
    hookTimeout: suite === 'test' ? 180_000 : 1_800_000,
    reporters: ['default', './test/reporter.ts'],
    env: { FORCE_COLOR: '0' },
  },
});
