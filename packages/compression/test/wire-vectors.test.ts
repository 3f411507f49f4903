import { readFileSync } from 'node:fs';
import type { Content } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { compressed, guideEnvelope } from '../src/index.ts';
import { everyEngine } from './engines.ts';
import { bodyOf, comparable, contentOrError, openNow } from './opening.ts';

interface Vector {
  readonly body: string;
  readonly text?: string;
  readonly hex?: string;
  readonly why?: string;
}

const document = readFileSync(new URL('../../../docs/wire-format.md', import.meta.url), 'utf8');
// The first block of JSON is the plain envelope's.
const [, block = ''] = [...document.matchAll(/^```json\n(.*?)^```/gms)].map(([, code]) => code);
const { read, refused }: { readonly read: readonly Vector[]; readonly refused: readonly Vector[] } =
  JSON.parse(block);

const makers = { compressed, guideEnvelope };
const readers = Object.entries(makers).flatMap(([name, make]) =>
  everyEngine.map(([engineName, engine]) => ({
    name: `${name} on ${engineName}`,
    envelope: make({ engine, maxOutputBytes: 1_024 }),
  })),
);

describe.each(readers)('the vectors of docs/wire-format.md hold for $name', ({ envelope }) => {
  test.each(read)('$body is read', ({ body, text, hex = '' }) => {
    const expected: Content = text ?? Buffer.from(hex, 'hex');
    expect(comparable(openNow(envelope, { body }).content)).toEqual(comparable(expected));
  });

  test.each(refused)('$why is refused', ({ body }) => {
    expect(contentOrError(envelope, body)).toMatchObject({ code: 'decode-failed' });
  });
});

test('a text of the guide’s form is written as kind `q`', () => {
  const vectors = read.filter(({ body }) => body.startsWith('~1q'));
  expect(vectors.map(({ text = '' }) => bodyOf(compressed(), text))).toEqual(vectors.map(({ body }) => body));
  expect(vectors.length).toBeGreaterThan(0);
});
