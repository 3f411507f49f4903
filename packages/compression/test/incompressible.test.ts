import { readFileSync } from 'node:fs';
import { brotliCompressSync, deflateRawSync, gzipSync } from 'node:zlib';
import type { Content } from '@sqskit/core';
import { createRandom } from '@sqskit/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEvents, eventKinds } from '../bench/events.ts';
import { looksIncompressible } from '../src/incompressible.ts';

const sizes = [1_024, 1_500, 4_096, 30_000, 262_144];

function noise(bytes: number, seed = 1): Uint8Array {
  const random = createRandom(seed);
  return Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));
}

/** Words drawn from a text, as long as asked. */
function prose(characters: number, words: readonly string[], between: string): string {
  const random = createRandom(7);
  let text = '';
  while (text.length < characters) {
    text += `${words[Math.floor(random() * words.length)] ?? ''}${between}`;
  }
  return text.slice(0, characters);
}

const quakes = readFileSync(new URL('../../../apps/demo/data/earthquakes.ndjson', import.meta.url), 'utf8');
const source = readFileSync(new URL('incompressible.test.ts', import.meta.url), 'utf8');
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const json = (characters: number): string =>
  createEvents('order', Math.ceil(characters / 200), 9)
    .join('')
    .slice(0, characters);

const compressible: Readonly<Record<string, (size: number) => Content>> = {
  'zeros, as text': (size) => '0'.repeat(size),
  'zeros, as bytes': (size) => new Uint8Array(size),
  earthquakes: (size) => quakes.repeat(3).slice(0, size),
  'earthquakes, as bytes': (size) => Buffer.from(quakes.repeat(3).slice(0, size)),
  'source code': (size) => source.repeat(100).slice(0, size),
  'random numbers': (size) => JSON.stringify([...noise(size)].map((byte) => byte * 1.734_283)).slice(0, size),
  'random hexadecimals': (size) => Buffer.from(noise(size)).toString('hex').slice(0, size),
  'random UUIDs': (size) =>
    createEvents('order', size / 200 + 1, 5)
      .map((event) => event.slice(30, 66))
      .join()
      .padEnd(size, '-')
      .slice(0, size),
  English: (size) => prose(size, ['the', 'order', 'was', 'placed', 'before', 'noon', 'and', 'shipped'], ' '),
  Russian: (size) => prose(size, ['заказ', 'был', 'размещён', 'до', 'полудня', 'и', 'отправлен'], ' '),
  Chinese: (size) => prose(size, ['订单', '已经', '在', '中午', '之前', '发送', '给', '客户'], '，'),
  Greek: (size) => prose(size, ['η', 'παραγγελία', 'έγινε', 'πριν', 'το', 'μεσημέρι'], ' '),
  emoji: (size) => prose(size, ['😀', '👩🏽‍🚀', '🇨🇦', '🌍', '🧭'], ''),
  'random characters of three bytes': (size) =>
    String.fromCharCode(...noise(Math.min(size, 30_000)).map((byte) => byte)).replaceAll(
      /./gsu,
      (character) => String.fromCharCode(0x4e00 + character.charCodeAt(0) * 71),
    ),
  'random Latin-1, which is larger in UTF-8': (size) => Buffer.from(noise(size)).toString('latin1'),
  'base64 in JSON that is as long': (size) =>
    Array.from({ length: size / 200 + 1 }, (_, index) => `${json(120)}"${base64(noise(90, index))}"`)
      .join('')
      .slice(0, size),
  'random bytes that come again': (size) =>
    Buffer.concat(Array.from({ length: size / 300 + 1 }, () => noise(300))).subarray(0, size),
  'base64 as bytes, which would travel in base64 once more': (size) => Buffer.from(base64(noise(size))),
};

const incompressible: Readonly<Record<string, (size: number) => Content>> = {
  'random bytes': noise,
  'base64 of random bytes': (size) => base64(noise(size)).slice(0, size),
  'base64url of random bytes': (size) => Buffer.from(noise(size)).toString('base64url').slice(0, size),
  'base64 in lines': (size) => base64(noise(size)).replaceAll(/.{76}/g, '$&\r\n').slice(0, size),
  'base64 of gzip': (size) => base64(gzipSync(json(size * 8))).slice(0, size),
  gzip: (size) => gzipSync(json(size * 8)).subarray(0, size),
  deflate: (size) => deflateRawSync(json(size * 8), { level: 9 }).subarray(0, size),
  brotli: (size) => brotliCompressSync(json(size * 8).slice(0, 200_000)),
  'an image in a JSON object': (size) => `{"id":1,"type":"image/png","data":"${base64(noise(size))}"}`,
};

describe.each(sizes)('of about %i bytes', (size) => {
  test.each(Object.entries(compressible))('%s are worth trying', (_name, make) => {
    expect(looksIncompressible(make(size))).toBe(false);
  });

  test.each(Object.entries(incompressible))('%s would be tried in vain', (_name, make) => {
    expect(looksIncompressible(make(size))).toBe(true);
  });
});

test('what is shorter than 1,024 is always worth trying', () => {
  for (const size of [0, 1, 3, 4, 5, 512, 1_023]) {
    expect(looksIncompressible(noise(size))).toBe(false);
    expect(looksIncompressible(base64(noise(size)).slice(0, size))).toBe(false);
  }
});

test.each(eventKinds)('whatever the seed, %s are worth trying and random bytes are not', (kind) => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1_024, max: 20_000 }), (seed, size) => {
      const events = createEvents(kind, Math.ceil(size / 150), seed)
        .join('\n')
        .slice(0, size);
      expect(looksIncompressible(events)).toBe(false);
      expect(looksIncompressible(Buffer.from(events))).toBe(false);
      const random = noise(size, seed);
      expect(looksIncompressible(random)).toBe(true);
      expect(looksIncompressible(base64(random))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('one answer does not colour the next', () => {
  const contents = [noise(2_000), json(2_000), base64(noise(2_000)), quakes];
  const alone = contents.map(looksIncompressible);
  expect([...contents, ...contents].map(looksIncompressible)).toEqual([...alone, ...alone]);
});
