/** The tests that must notice the generated changes of a component; `scripts/mutants-generated.mjs` names them. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: (process.env.MUTANTS_TESTS ?? '').split(' '),
    setupFiles: ['tests/mutants/seed.ts'],
    // A worker runs one change only, and loads each module once for all files of tests.
    isolate: false,
    // The mutation tester has its own limits.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
