import { defineConfig } from 'vitest/config';

// The time-out only ends what hangs: no test is about how long it takes.
export default defineConfig({
  test: { name: 'compression', include: ['test/**/*.test.ts'], testTimeout: 60_000 },
});
