import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // A limit ends a hang, also on a machine that does ten other things.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    // One more than the processors of a small machine: many tests wait for the programs that they started.
    maxWorkers: 3,
    projects: [
      {
        extends: true,
        test: {
          name: 'host',
          include: ['host/**/*.test.ts', 'assembly/**/*.test.ts', 'abi/**/*.test.ts'],
          exclude: ['**/*.mock.test.ts'],
          // Files of one worker share the modules that they import. Each worker then has its files from the start, so this is
          // for short files only.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'mock', include: ['host/**/*.mock.test.ts'] } },
      { extends: true, test: { name: 'tests', include: ['tests/**/*.test.ts'], globalSetup: ['tests/setup.ts'] } },
    ],
  },
});
