import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'sqskit', include: ['test/**/*.test.ts'] } });
