import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Codec, contentText, json, text } from '../src/codec.ts';

const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);

/** What becomes of a value whose content travels as it is, and as bytes. */
function roundTrips<T>(codec: Codec<T>, value: T): readonly T[] {
  const content = codec.encode(value);
  const bytes = typeof content === 'string' ? utf8(content) : content;
  return [codec.decode(content), codec.decode(bytes)];
}

describe('json', () => {
  test('gives any JSON value back, from text and from bytes', () => {
    fc.assert(
      // JSON has no -0, which fast-check draws now and then.
      fc.property(
        fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value))),
        (value) => {
          expect(roundTrips(json(), value)).toEqual([value, value]);
        },
      ),
    );
  });

  test('writes what JSON.stringify writes', () => {
    expect(json().encode({ id: 1, at: new Date(0) })).toBe('{"id":1,"at":"1970-01-01T00:00:00.000Z"}');
  });

  test.each([
    ['undefined', undefined],
    ['function', () => undefined],
    ['symbol', Symbol('s')],
    ['object', { toJSON: () => undefined }],
  ])('refuses a value of type %s that has no JSON form', (type, value) => {
    expect(() => json().encode(value)).toThrow(new TypeError(`a value of type ${type} has no JSON form`));
  });

  test('refuses a bigint and a cycle, as JSON.stringify does', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(() => json().encode(1n)).toThrow(TypeError);
    expect(() => json().encode(cycle)).toThrow(TypeError);
  });

  test('refuses text that is not JSON, and bytes that are not UTF-8', () => {
    expect(() => json().decode('{"id":')).toThrow(SyntaxError);
    expect(() => json().decode('')).toThrow(SyntaxError);
    expect(() => json().decode(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(TypeError);
  });
});

describe('text', () => {
  test('gives any text back, from text and from bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        expect(roundTrips(text(), value)).toEqual([value, value]);
      }),
    );
  });

  test('leaves the text itself as the content', () => {
    expect(text().encode('~ as it is')).toBe('~ as it is');
  });

  test('regression: a byte order mark at the start was lost on the way through bytes', () => {
    expect(roundTrips(text(), '\uFEFFfirst')).toEqual(['\uFEFFfirst', '\uFEFFfirst']);
  });

  test.each([[undefined], [null], [42], [{}], [Uint8Array.of(65)]])('refuses %o', (value) => {
    // The types forbid it; plain JavaScript does not.
    expect(() => text().encode(value as unknown as string)).toThrow(/^expected a string, received /);
  });
});

test('contentText refuses bytes that are not UTF-8 rather than replacing them', () => {
  expect(() => contentText(Uint8Array.of(0xc3, 0x28))).toThrow(TypeError);
  expect(() => contentText(Uint8Array.of(0xed, 0xa0, 0x80))).toThrow(TypeError);
  expect(contentText(new Uint8Array())).toBe('');
});
