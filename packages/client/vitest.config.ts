import { defineConfig } from 'vitest/config';

// The time-out only ends what hangs: no test is about how long it takes. What runs concurrently mostly waits for long polls.
export default defineConfig({
  test: { name: 'client', include: ['test/**/*.test.ts'], testTimeout: 60_000, maxConcurrency: 25 },
});
