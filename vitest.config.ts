import { defineConfig } from 'vitest/config';
import { filesOf } from './test/isolation.js';

/** `test` for the tests proper; `verify` and `faults` are the longer suites that `make` has targets for. */
const suite = process.env.FT_TESTS ?? 'test';
const { alone, shared } = filesOf(suite);

export default defineConfig({
  test: {
    passWithNoTests: suite !== 'test',
    // TensorFlow is one per process and takes all cores: processes, not threads, and few of them.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: suite === 'test' ? 180_000 : 1_800_000,
    hookTimeout: suite === 'test' ? 180_000 : 1_800_000,
    reporters: ['default', './test/reporter.ts'],
    env: { FORCE_COLOR: '0' },
    // Loading TensorFlow and the sources takes as long as many a file's tests: most files share two processes, see test/isolation.ts.
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: shared,
          isolate: false,
          setupFiles: './test/shared-process.ts',
          sequence: { groupOrder: 1 },
        },
      },
      { extends: true, test: { name: 'alone', include: alone, isolate: true, sequence: { groupOrder: 2 } } },
    ],
  },
});
