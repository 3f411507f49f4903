import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'tests', include: ['{readme,integration}/**/*.test.ts'] } });
