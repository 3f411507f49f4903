import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const dist = new URL('../dist/', import.meta.url);

/** The declaration files that a user of the package gets to see, from `index.d.ts` on. */
async function declarations(name = 'index', seen = new Map<string, string>()): Promise<Map<string, string>> {
  if (!seen.has(name)) {
    const text = await readFile(new URL(`${name}.d.ts`, dist), 'utf8');
    seen.set(name, text);
    for (const [, imported = ''] of text.matchAll(/from '\.\/([\w-]+)\.(?:js|ts)'/g)) {
      await declarations(imported, seen);
    }
  }
  return seen;
}

test('no type of the SDK or of undici is in a public signature', async () => {
  const seen = await declarations();
  expect([...seen.keys()]).toEqual(expect.arrayContaining(['pooled-handler', 'pooled-client', 'sqs-queue']));
  for (const text of seen.values()) {
    expect(text).not.toMatch(/(?:from |import\()["'](?:@aws-sdk|@smithy|undici|client-sqs)/);
  }
});
