import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesIfPlainlyLegal, findForbidden } from '../src/legal-text.ts';

/** What API_SendMessage lists, character by character. */
function isLegal(text: string): boolean {
  return Array.from(text).every((character) => {
    const code = character.codePointAt(0) ?? 0;
    return (
      [0x9, 0xa, 0xd].includes(code) ||
      (code >= 0x20 && code <= 0xd7ff) ||
      (code >= 0xe000 && code <= 0xfffd) ||
      code >= 0x10000
    );
  });
}

const unusual = fc.constantFrom(
  '\0',
  '\u001f',
  '\t',
  '\n',
  ' ',
  '~',
  '\u007f',
  '\u0080',
  '\ufffd',
  '\ufffe',
  '\uffff',
  '\ud83d',
  '🚀',
);
const text = fc
  .array(fc.oneof(unusual, fc.string({ unit: 'binary' })), { maxLength: 6 })
  .map((parts) => parts.join(''));

test('exactly the texts that SQS takes are legal', () => {
  fc.assert(
    fc.property(text, (any) => {
      expect(findForbidden(any) === undefined).toBe(isLegal(any));
      expect([undefined, Buffer.byteLength(any)]).toContain(bytesIfPlainlyLegal(any));
    }),
  );
});

test('a character is found wherever it stands in a long text, pairs across every boundary', () => {
  const long = '🚀é漢x'.repeat(3_000);
  expect(findForbidden(long)).toBeUndefined();
  expect(findForbidden(`x${long}`)).toBeUndefined();
  for (const text of [long, `x${long}`, long.slice(0, 8_192)]) {
    expect(bytesIfPlainlyLegal(text)).toBe(Buffer.byteLength(text));
  }
  fc.assert(
    fc.property(fc.nat(long.length / 5 - 1), (at) => {
      const spoilt = `${long.slice(0, at * 5)}\u0001${long.slice(at * 5)}`;
      expect(findForbidden(spoilt)).toBe(`U+0001 at index ${at * 5}`);
    }),
    { numRuns: 50 },
  );
});
