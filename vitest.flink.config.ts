import { defineConfig } from 'vitest/config';

/** Tests that need Apache Flink: `npm run test:flink`. */
export default defineConfig({
  test: { include: ['tests/nightly/*.ts'], testTimeout: 3_600_000, pool: 'forks' },
});
