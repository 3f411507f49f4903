import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'tests',
    testTimeout: 60_000,
    include: ['{composition,docs,faults,readme,integration,processes,published}/**/*.test.ts'],
    // Each concurrent test is a Node process.
    maxConcurrency: 2,
  },
});
