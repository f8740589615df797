import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // A limit ends a hang, also on a machine that does ten other things.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    // Files of one worker share the modules that they import; those that replace modules don't.
    isolate: false,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'host',
          include: ['host/**/*.test.ts', 'assembly/**/*.test.ts', 'abi/**/*.test.ts'],
          exclude: ['**/*.mock.test.ts'],
        },
      },
      { extends: true, test: { name: 'mock', include: ['host/**/*.mock.test.ts'], isolate: true } },
      { extends: true, test: { name: 'tests', include: ['tests/**/*.test.ts'], globalSetup: ['tests/setup.ts'] } },
    ],
  },
});
