import { readFileSync } from 'node:fs';
import { main } from 'assemblyscript/asc';

/** AssemblyScript looks like TypeScript, but is not: by another name, no tool for that reads it. */
const file = 'texts.as';
/** The name that its compiler knows it by. */
const source = 'texts.ts';
const compiled = 'texts.wasm';
/** Of 64 KiB: one for tables, 16 for a text, 20 for JSON, and one more that the last vector of either may reach into. */
const pages = '38';

/** Compiles texts.as. Throws what the compiler complained of. */
export async function compile(): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined;
  let complaint = '';
  const settings = ['-O3', '--runtime', 'stub', '--noAssert', '--enable', 'simd'];
  const memory = ['--initialMemory', pages, '--maximumMemory', pages];
  const { error } = await main([source, ...settings, ...memory, '--outFile', compiled], {
    readFile: (name) => (name === source ? readFileSync(new URL(file, import.meta.url), 'utf8') : null),
    writeFile(name, contents) {
      if (name === compiled && typeof contents !== 'string') {
        wasm = contents;
      }
    },
    listFiles: () => [],
    stderr: {
      write(chunk) {
        complaint += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      },
    },
  });
  if (wasm === undefined) {
    throw new Error(`texts.as does not compile:\n${complaint}`, { cause: error });
  }
  return wasm;
}

/** The text of src/texts-wasm.ts. */
export function moduleOf(wasm: Uint8Array): string {
  const base64 = Buffer.from(wasm).toString('base64');
  return `// Compiled from assembly/texts.as by \`npx -y pnpm@12.21.0 --filter @sqskit/client wasm\`.
export const textsWasm =
  '${base64}';
`;
}
