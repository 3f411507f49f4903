import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'tests',
    include: ['{composition,docs,readme,integration,published}/**/*.test.ts'],
    // Each concurrent test is a Node process.
    maxConcurrency: 2,
  },
});
