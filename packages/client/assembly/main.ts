import { writeFileSync } from 'node:fs';
import { compile, moduleOf } from './compile.ts';

writeFileSync(new URL('../src/texts-wasm.ts', import.meta.url), moduleOf(await compile()));
