import { hash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { md5OfAll } from '../src/md5.ts';

const nativeMd5s = (texts: readonly string[]): readonly string[] => texts.map((text) => hash('md5', text));

/** Of any length round the ends of blocks, and of characters that take one to four bytes. */
const text = fc
  .tuple(fc.string({ unit: 'binary', maxLength: 80 }), fc.constantFrom('', 'a', 'é', '⌘', '🙂'), fc.nat(200))
  .map(([start, character, times]) => start + character.repeat(times));

test('side by side or in turn, texts have the MD5 that node:crypto gives them', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 14 }), (texts) => {
      expect(md5OfAll(texts)).toEqual(nativeMd5s(texts));
    }),
    { numRuns: 1_000 },
  );
});

test('every lane, at every length up to three blocks, is a text of its own', () => {
  for (let length = 0; length <= 192; length++) {
    const texts = Array.from({ length: 12 }, (_, lane) => 'abcdefghijkl'.charAt(lane).repeat(length));
    expect(md5OfAll(texts)).toEqual(nativeMd5s(texts));
  }
});

test('texts of one batch may fill it, or be as unlike as a batch allows', () => {
  const long = 'x'.repeat(100_000);
  for (const texts of [
    Array.from({ length: 10 }, (_, index) => long + index),
    Array.from({ length: 4 }, (_, index) => `${'⌘'.repeat(80_000)}${index}`),
    ['', long, long.slice(1), 'short'],
    [long.repeat(10)],
    [],
  ]) {
    expect(md5OfAll(texts)).toEqual(nativeMd5s(texts));
  }
});

test('lone surrogates count as the replacement character, as in the bytes that are sent', () => {
  expect(md5OfAll(['\ud800', 'a\udc00'])).toEqual(nativeMd5s(['\ufffd', 'a\ufffd']));
});
