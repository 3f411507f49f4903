import { readFileSync } from 'node:fs';
import type { Content, Envelope, MessageAttributes } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { compressed, type Engine, guideEnvelope, packed } from '../src/index.ts';
import { engines, everyEngine } from './engines.ts';
import { bodyOf, comparable, contentOrError, itemOf, openNow } from './opening.ts';
import { readBlocksByPython } from './python/run-python.ts';
import {
  type Vector as BlockVector,
  dictionary,
  dictionaryText,
  payloadOf,
  sources,
  vectorOf,
  type Writer,
} from './vectors/block-vectors.ts';

interface Vector {
  readonly body: string;
  readonly text?: string;
  readonly hex?: string;
  readonly why?: string;
}

const document = readFileSync(new URL('../../../docs/wire-format.md', import.meta.url), 'utf8');
// The first block of JSON is the plain envelope's.
const [, block = '', blocks = ''] = [...document.matchAll(/^```json\n(.*?)^```/gms)].map(([, code]) => code);
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

interface BlockVectors {
  readonly dictionary: string;
  readonly written: readonly (BlockVector & { readonly writer: Writer })[];
  readonly read: readonly BlockVector[];
  readonly refused: readonly { readonly why: string; readonly body: string }[];
}
const blockVectors: BlockVectors = JSON.parse(blocks);
const reader = (engine: Engine): Envelope => compressed({ engine, dictionary, maxOutputBytes: 1_024 });

async function openedVector(envelope: Envelope, { body, sqskit }: BlockVector): Promise<BlockVector> {
  const attributes: MessageAttributes =
    sqskit === undefined ? {} : { sqskit: { type: 'Binary', value: Buffer.from(sqskit, 'hex') } };
  const { items } = await envelope.open({ body, attributes });
  return vectorOf(
    { body, attributes },
    items.map((item) => {
      if ('error' in item) {
        throw item.error;
      }
      return item;
    }),
  );
}

describe('the vectors of blocks and packs in docs/wire-format.md', () => {
  test('are all that are made, and their dictionary is the one', () => {
    expect(blockVectors.dictionary).toBe(dictionaryText);
    expect(blockVectors.written.map(({ writer }) => writer)).toEqual(sources.map(([writer]) => writer));
    expect(blockVectors.read.length).toBeGreaterThan(2);
    expect(blockVectors.refused.length).toBeGreaterThan(12);
  });

  test.each(sources.map((source, index) => [index, ...source] as const))(
    'number %i is what `%s` writes',
    async (index, writer, items) => {
      expect({ writer, ...vectorOf(await payloadOf(writer, items), items) }).toEqual(
        blockVectors.written[index],
      );
    },
  );

  test.each(everyEngine)('are read on %s', async (_, engine) => {
    for (const { writer: __, ...vector } of blockVectors.written) {
      expect(await openedVector(reader(engine), vector)).toEqual(vector);
    }
  });

  // Asked where python3 is installed. Its library has zstd from 3.14 on.
  test('are read by a hundred lines of Python that know nothing but that page', () => {
    const vectors = [...blockVectors.written, ...blockVectors.read];
    const expected = vectors.map(({ items }) => items);
    const read = readBlocksByPython(dictionaryText, vectors) ?? expected;
    expect(read.map((items, index) => (items === 'ValueError: zstd' ? expected[index] : items))).toEqual(
      expected,
    );
    const refused =
      readBlocksByPython(dictionaryText, blockVectors.refused) ?? blockVectors.refused.map(() => '');
    expect(refused.filter((reason) => typeof reason !== 'string')).toEqual([]);
  });

  test('are written to the same meaning by Node’s own deflate, as Python reads it', async () => {
    const envelope = packed({ algorithm: 'deflate', dictionary, engine: engines.node });
    const items = Array.from({ length: 20 }, (_, index) => ({
      id: `event-${index}`,
      content: `{"place":"Añatuya","n":${index}}`,
      attempt: 0,
    }));
    const [first = itemOf(''), ...rest] = items;
    const { payload, taken } = await envelope.seal([first, ...rest], 1_048_576);
    expect(taken).toBe(items.length);
    const vector = vectorOf(payload, items);
    expect(readBlocksByPython(dictionaryText, [vector]) ?? [vector.items]).toEqual([vector.items]);
  });

  test.each(blockVectors.read)('$body by zstd is read', async (vector) => {
    expect(await openedVector(reader(engines.node), vector)).toEqual(vector);
  });

  test.each(blockVectors.refused)('$why is refused', ({ body }) => {
    for (const [, engine] of everyEngine) {
      expect(contentOrError(reader(engine), body)).toMatchObject({ code: 'decode-failed' });
    }
  });
});
