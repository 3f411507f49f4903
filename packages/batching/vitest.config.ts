import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'batching', include: ['test/**/*.test.ts'] } });
