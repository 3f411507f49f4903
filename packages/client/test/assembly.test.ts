import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compile, moduleOf } from '../assembly/compile.ts';

test('src/texts-wasm.ts is what assembly/texts.as compiles to', async () => {
  const made = readFileSync(new URL('../src/texts-wasm.ts', import.meta.url), 'utf8');
  expect(made === moduleOf(await compile()), 'run `npx -y pnpm@12.21.0 --filter @sqskit/client wasm`').toBe(
    true,
  );
});
