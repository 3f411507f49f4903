import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { framedBody, readBody, textBody } from '../src/wire.ts';

const tildes = fc.constantFrom('', '~', '~~', '~~~', '~1', '~1b', '~1bAAAA', '~2b');
const anyText = fc.tuple(tildes, fc.string({ unit: 'binary' })).map((parts) => parts.join(''));
const kind = fc.integer({ min: 97, max: 122 }).map((code) => String.fromCharCode(code));

describe('a text', () => {
  test('comes back, however many tildes it begins with', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(readBody(textBody(text))).toEqual({ text });
      }),
    );
  });

  test('is its own body unless it begins with a tilde', () => {
    expect(textBody('{"id":1}')).toBe('{"id":1}');
    expect(textBody('a ~ b')).toBe('a ~ b');
    expect(textBody('~hello')).toBe('~~hello');
    expect(textBody('~1bAAAA')).toBe('~~1bAAAA');
  });
});

describe('bytes', () => {
  test('come back with their kind', () => {
    fc.assert(
      fc.property(kind, fc.uint8Array(), (letter, bytes) => {
        const read = readBody(framedBody(letter, bytes));
        expect(read).toEqual({ kind: letter, bytes: expect.any(Uint8Array) });
        expect('bytes' in read && read.bytes !== undefined && [...read.bytes]).toEqual([...bytes]);
      }),
    );
  });

  test('are a header of three characters and base64', () => {
    expect(framedBody('b', Uint8Array.of(0, 1, 2, 255))).toBe('~1bAAEC/w==');
    expect(framedBody('b', new Uint8Array())).toBe('~1b');
  });

  test('are missing where what follows the header is not base64', () => {
    expect(readBody('~1b{}')).toEqual({ kind: 'b', bytes: undefined });
    expect(readBody('~1gAAA')).toEqual({ kind: 'g', bytes: undefined });
  });
});

describe('a body that some other producer made', () => {
  test.each(['~', '~hello', '~1', '~1B', '~2b', '~1 b', '~/orders.csv', '~1'])(
    '%j is text as it is',
    (body) => {
      expect(readBody(body)).toEqual({ text: body });
    },
  );

  test('loses one of the two tildes that it begins with', () => {
    expect(readBody('~~')).toEqual({ text: '~' });
    expect(readBody('~~~x')).toEqual({ text: '~~x' });
  });

  test('is text where it does not begin with a tilde', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((body) => !body.startsWith('~')),
        (body) => {
          expect(readBody(body)).toEqual({ text: body });
        },
      ),
    );
  });

  test('is read whatever it is', () => {
    fc.assert(
      fc.property(anyText, (body) => {
        const read = readBody(body);
        expect('text' in read || /^[a-z]$/.test(read.kind)).toBe(true);
      }),
    );
  });
});
