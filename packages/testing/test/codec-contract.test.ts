import { AssertionError } from 'node:assert';
import { type Codec, type Content, contentText, json, text } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { codecContract } from '../src/index.ts';
import { caseNamed, titled } from './planted.ts';

interface Sample {
  readonly name: string;
  readonly tags: readonly string[];
}

const samples: readonly Sample[] = [
  { name: 'é 🚀', tags: ['a', 'b'] },
  { name: '', tags: [] },
];
const malformed = ['{', Uint8Array.from([0xff])];

describe('the JSON codec keeps the contract', () => {
  const createCodec = (): Codec<Sample> => json<Sample>();
  test.each(titled(codecContract({ createCodec, samples, malformed })))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('the text codec keeps the contract', () => {
  const contract = codecContract({
    createCodec: text,
    samples: ['', 'é 🚀', '\ufeffmarked'],
    malformed: [Uint8Array.from([0xff])],
  });
  test.each(titled(contract))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('a codec of bytes keeps the contract, compared in its own way', () => {
  const contract = codecContract<Date>({
    createCodec: () => ({
      encode: (date) => new Uint8Array(new Float64Array([date.getTime()]).buffer),
      decode: (content) => new Date(new Float64Array(new Uint8Array(Buffer.from(content)).buffer)[0] ?? 0),
    }),
    samples: [new Date(0), new Date(1_700_000_000_000)],
    equals: (decoded, sample) => decoded.getTime() === sample.getTime(),
  });
  test.each(titled(contract))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

test('a suite without samples would show nothing, and is refused', () => {
  expect(() => codecContract({ createCodec: text, samples: [] })).toThrow(AssertionError);
});

const decodeJson = (content: Content): Sample => JSON.parse(contentText(content));
let calls = 0;

const plants: readonly (readonly [flaw: string, codec: Codec<Sample>, caughtBy: string])[] = [
  [
    'encodes later',
    // As the type does not allow, but JavaScript does.
    { ...json<Sample>(), encode: (value) => Promise.resolve(JSON.stringify(value)) as unknown as string },
    'encodes to text or bytes, at once',
  ],
  [
    'loses a field',
    { ...json<Sample>(), decode: (content) => ({ ...decodeJson(content), name: 'other' }) },
    'decodes what it encoded',
  ],
  [
    'decodes text only',
    {
      ...json<Sample>(),
      decode: (content) => JSON.parse(typeof content === 'string' ? content : String(content)),
    },
    'decodes from bytes what it encoded as text',
  ],
  [
    'decodes bytes letter by letter',
    {
      ...json<Sample>(),
      decode: (content) =>
        JSON.parse(typeof content === 'string' ? content : String.fromCharCode(...content)),
    },
    'decodes from bytes what it encoded as text',
  ],
  [
    'reads the whole buffer behind a view',
    {
      ...json<Sample>(),
      decode: (content) =>
        decodeJson(
          typeof content === 'string' ? content : new Uint8Array(content.buffer, content.byteOffset),
        ),
    },
    'decodes bytes that are a part of a larger buffer',
  ],
  [
    'encodes differently each time',
    { ...json<Sample>(), encode: (value) => `${JSON.stringify(value)}${' '.repeat(calls++ % 5)}` },
    'gives the same content for the same value, and decodes what another instance encoded',
  ],
  [
    'changes what it is given',
    {
      ...json<{ name: string; tags: readonly string[] }>(),
      encode: (value: { name: string; tags: readonly string[] }) => {
        const content = JSON.stringify(value);
        value.name += '!';
        return content;
      },
    },
    'leaves the value and the content as they are',
  ],
  [
    'makes something of anything',
    {
      ...json<Sample>(),
      decode: (content) => {
        try {
          return decodeJson(content);
        } catch {
          return { name: '', tags: [] };
        }
      },
    },
    'throws on content that it cannot read',
  ],
];

describe('a codec with a flaw does not keep the contract: one that', () => {
  test.each(plants)('%s', async (_, codec, caughtBy) => {
    const own = structuredClone(samples);
    const { run } = caseNamed(codecContract({ createCodec: () => codec, samples: own, malformed }), caughtBy);
    await expect(run()).rejects.toBeInstanceOf(Error);
  });
});
