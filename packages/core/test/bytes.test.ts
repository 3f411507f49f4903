import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type ByteConversions,
  decodeBase64,
  encodeBase64,
  isBase64,
  utf8Length,
  webConversions,
  writeUtf8,
} from '../src/bytes.ts';
import { secondCopy } from './second-copy.ts';

const native: ByteConversions = { encodeBase64, decodeBase64, utf8Length, writeUtf8 };
const anyUtf16 = fc.string({
  unit: fc
    .oneof(fc.integer({ min: 0, max: 0xff_ff }), fc.integer({ min: 0xd8_00, max: 0xdf_ff }))
    .map((unit) => String.fromCharCode(unit)),
});

describe.each([
  ['with Buffer', native],
  ['without Buffer', webConversions],
])('%s', (_, { encodeBase64: encode, decodeBase64: decode, utf8Length: length, writeUtf8: write }) => {
  test('a text is as long as TextEncoder makes it, lone surrogates included', () => {
    const encoder = new TextEncoder();
    fc.assert(
      fc.property(fc.oneof(anyUtf16, fc.string({ unit: 'binary' })), (text) => {
        expect(length(text)).toBe(encoder.encode(text).byteLength);
      }),
    );
  });

  test.each([
    ['', 0],
    ['a', 1],
    ['\u007f\u0080', 3],
    ['\u07ff\u0800', 5],
    ['😀', 4],
    ['\ud83d', 3],
    ['\ude00', 3],
    ['\ud83d\ud83d\ude00', 7],
    ['😀\ud83d', 7],
  ])('%j is %i bytes', (text, bytes) => {
    expect(length(text)).toBe(bytes);
  });

  test('any bytes come back from their base64', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(Uint8Array.from(decode(encode(bytes)) ?? [])).toEqual(bytes);
      }),
    );
  });

  test('as much of a text as fits is written as TextEncoder writes it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, room) => {
        const target = new Uint8Array(room).fill(7);
        const expected = new Uint8Array(room).fill(7);
        const { written } = new TextEncoder().encodeInto(text, expected);
        expect(write(text, target)).toBe(written);
        expect(target.subarray(0, written)).toEqual(expected.subarray(0, written));
      }),
    );
  });

  test('a view of a larger buffer is encoded by itself', () => {
    const view = new Uint8Array(Uint8Array.of(1, 2, 3, 4, 5).buffer, 1, 3);
    expect(encode(view)).toBe('AgME');
  });
});

describe('where there is no Buffer', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test('the module does without it', async () => {
    vi.stubGlobal('Buffer', undefined);
    const browser = await secondCopy(() => import('../src/bytes.ts'));
    expect(browser.encodeBase64).toBe(browser.webConversions.encodeBase64);
    expect(browser.utf8Length).toBe(browser.webConversions.utf8Length);
    expect(browser.decodeBase64('AgME')).toEqual(Uint8Array.of(2, 3, 4));
    expect(browser.decodeBase64('AgM')).toBeUndefined();
  });
});

test('both ways of encoding write the same base64', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(webConversions.encodeBase64(bytes)).toBe(encodeBase64(bytes));
    }),
  );
});

describe('decodeBase64', () => {
  test.each([
    'A',
    'AA',
    'AAA',
    'AA=',
    'A===',
    '====',
    '=',
    'AAAA=',
    'AAAA====',
    'AA==AAAA',
    'AA=A',
    'AAA=\n',
    ' AAA',
    'AA A',
    'AA-_',
    'AAÄA',
    'AAŁA',
    '{"id":1}',
  ])('refuses %j', (text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });

  test('accepts exactly what the grammar of padded base64 does', () => {
    const grammar = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
    const near = fc.string({
      unit: fc.constantFrom('A', 'z', '9', '+', '/', '=', '\n', '-', 'é', 'Ł'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(near, (text) => {
        expect(isBase64(text)).toBe(grammar.test(text));
        expect(decodeBase64(text) !== undefined).toBe(grammar.test(text));
      }),
    );
  });

  test('regression: a text of 20 MB overflowed the stack', () => {
    expect(decodeBase64('A'.repeat(20_000_000))?.byteLength).toBe(15_000_000);
    expect(decodeBase64(`${'A'.repeat(20_000_000)}!`)).toBeUndefined();
  });
});
