import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: 'host', include: ['host/**/*.test.ts', 'assembly/**/*.test.ts', 'abi/**/*.test.ts'] },
      },
      { extends: true, test: { name: 'tests', include: ['tests/**/*.test.ts'], globalSetup: ['tests/setup.ts'] } },
    ],
  },
});
