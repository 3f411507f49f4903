import { defineConfig } from 'vitest/config';

// For editors and `coverage`: the test command runs each package's own config through turbo.
export default defineConfig({
  test: {
    projects: ['packages/*', 'apps/*', 'benchmarks', 'tests'],
    coverage: { provider: 'v8', include: ['packages/*/src/**'], reporter: ['text', 'json-summary'] },
  },
});
