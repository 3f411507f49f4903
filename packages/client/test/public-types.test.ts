import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const dist = new URL('../dist/', import.meta.url);

/** The declaration files that a user of the package gets to see, from an entry on. */
async function declarations(name: string, seen = new Map<string, string>()): Promise<Map<string, string>> {
  if (!seen.has(name)) {
    const text = await readFile(new URL(`${name}.d.ts`, dist), 'utf8');
    seen.set(name, text);
    for (const [, imported = ''] of text.matchAll(/from '\.\/([\w-]+)\.(?:js|ts)'/g)) {
      await declarations(imported, seen);
    }
  }
  return seen;
}

test.each([
  ['index', ['pooled-handler', 'pooled-client', 'sqs-queue']],
  ['lean', ['pooled-handler', 'lean-client', 'lean-queue']],
])('no type of the SDK or of undici is in a public signature of %s', async (entry, files) => {
  const seen = await declarations(entry);
  expect([...seen.keys()]).toEqual(expect.arrayContaining(files));
  for (const text of seen.values()) {
    expect(text).not.toMatch(/(?:from |import\()["'](?:@aws-sdk|@smithy|undici|client-sqs)/);
  }
});

/** The modules that an entry loads, by their names in `dist`, and the packages that these import. */
async function imports(name: string, seen = new Map<string, string[]>()): Promise<Map<string, string[]>> {
  if (!seen.has(name)) {
    const text = await readFile(new URL(`${name}.js`, dist), 'utf8');
    const found = [...text.matchAll(/^(?:import|export) [^;]*?from '([^']+)'/gm)].map(
      ([, from = '']) => from,
    );
    seen.set(name, found);
    for (const from of found.filter((one) => one.startsWith('./'))) {
      await imports(from.slice(2, -'.js'.length), seen);
    }
  }
  return seen;
}

test('the lean entry loads nothing of the SDK', async () => {
  const packages = new Set(
    [...(await imports('lean')).values()].flat().filter((from) => !from.startsWith('./')),
  );
  expect([...packages].filter((from) => !/^(?:@sqskit\/core|undici$|node:)/.test(from))).toEqual([]);
  expect([...(await imports('index')).values()].flat()).toContain('@aws-sdk/client-sqs');
});
