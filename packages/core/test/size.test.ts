import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attributesBytes, contentBytes, payloadBytes } from '../src/size.ts';

test('a text counts by its UTF-8 form, bytes by their number', () => {
  expect(contentBytes('aé😀')).toBe(7);
  expect(contentBytes(new Uint8Array(7))).toBe(7);
  expect(contentBytes('')).toBe(0);
});

test('an attribute counts by name, type and value', () => {
  expect(attributesBytes({ größe: { type: 'Number', value: '42' } })).toBe(7 + 6 + 2);
  expect(attributesBytes({ raw: { type: 'Binary.gz', value: new Uint8Array(100) } })).toBe(3 + 9 + 100);
  expect(attributesBytes({ a: { type: 'String.größe', value: 'b' } })).toBe(1 + 14 + 1);
  expect(attributesBytes({})).toBe(0);
  expect(attributesBytes(undefined)).toBe(0);
});

test('a message counts by its body and all its attributes', () => {
  const attributes = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 20 }),
    fc.record({
      type: fc.constantFrom('String', 'Number.float', 'Binary'),
      value: fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array()),
    }),
    { maxKeys: 10 },
  );
  const utf8 = (text: string): number => new TextEncoder().encode(text).byteLength;
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), attributes, (body, own) => {
      const sizes = Object.entries(own).map(
        ([name, { type, value }]) =>
          utf8(name) + utf8(type) + (typeof value === 'string' ? utf8(value) : value.length),
      );
      expect(payloadBytes({ body, attributes: own })).toBe(
        sizes.reduce((sum, size) => sum + size, utf8(body)),
      );
      expect(payloadBytes({ body })).toBe(utf8(body));
    }),
  );
});
