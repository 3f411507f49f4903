import { isQueueError } from '@sqskit/core';
import { encodeBase64, framedBody } from '@sqskit/core/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compressed, createMessageCompressor, type Engine, guideEnvelope } from '../src/index.ts';
import { engines, everyEngine, gzipOf } from './engines.ts';
import { bodyOf, contentOrError } from './opening.ts';

const utf8 = new TextEncoder();
const text = JSON.stringify(Array.from({ length: 30 }, (_, id) => ({ id, place: 'Añatuya', felt: null })));

const guideBody = (gzip: Uint8Array, fields: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    compressed: true,
    data: encodeBase64(gzip),
    original_size: 1,
    compressed_size: 1,
    ...fields,
  });

const joined = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

function changed(gzip: Uint8Array, offset: number, change: (byte: number) => number): Uint8Array {
  const copy = gzip.slice();
  const at = offset < 0 ? copy.length + offset : offset;
  copy[at] = change(copy[at] ?? 0);
  return copy;
}

/** The message of the `decode-failed` with which `gzip` fails as text, as bytes and in the guide's form. */
function failureOf(gzip: Uint8Array, engine: Engine, maxOutputBytes?: number): string {
  const envelope = compressed({ engine, maxOutputBytes });
  const messages = [framedBody('g', gzip), framedBody('h', gzip), guideBody(gzip)].map((body) => {
    const error = contentOrError(envelope, body);
    return isQueueError(error, 'decode-failed') ? error.message : `opened: ${typeof error}`;
  });
  expect(new Set(messages).size).toBe(1);
  return messages[0] ?? '';
}

describe.each(everyEngine)('gzip that came in, on %s', (_name, engine) => {
  const gzip = Uint8Array.from(gzipOf(engine).compress(utf8.encode(text), 6));

  test('cut off anywhere, it fails alone', () => {
    for (let length = 3; length < gzip.length; length++) {
      expect(failureOf(gzip.subarray(0, length), engine)).toContain('the gzip data is corrupt');
    }
  });

  test('with any one bit turned, it fails alone or is still the content', () => {
    const envelope = compressed({ engine });
    const wrong: number[] = [];
    let noticed = 0;
    for (let bit = 0; bit < gzip.length * 8; bit++) {
      const body = framedBody(
        'g',
        changed(gzip, bit >> 3, (byte) => byte ^ (1 << (bit & 7))),
      );
      const content = contentOrError(envelope, body);
      if (isQueueError(content, 'decode-failed')) {
        noticed++;
      } else if (content !== text) {
        wrong.push(bit);
      }
    }
    expect(wrong).toEqual([]);
    // The time in the header, say, may be any.
    expect(noticed).toBeGreaterThan((gzip.length - 10) * 8 * 0.9);
  });

  test('a wrong CRC-32 is noticed', () => {
    expect(
      failureOf(
        changed(gzip, -8, (byte) => byte ^ 1),
        engine,
      ),
    ).toMatch(/incorrect (CRC-32|data check)/);
  });

  test.each([
    ['too small', 1],
    ['too large', 4_000_000_000],
  ])('a claimed length that is %s is noticed', (_case, claimed) => {
    const lying = gzip.slice();
    new DataView(lying.buffer).setUint32(lying.length - 4, claimed, true);
    expect(failureOf(lying, engine)).toContain('incorrect length');
  });

  test('several members are one content, in any pieces', () => {
    const other = engines[engine === engines.node ? 'fflate' : 'node'];
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9_000 }), { minLength: 2, maxLength: 5 }), (lengths) => {
        const parts = lengths.map((length, index) => `${index}é`.repeat(length));
        const members = parts.map((part, index) =>
          gzipOf(index % 2 === 0 ? engine : other).compress(utf8.encode(part), 6),
        );
        expect(contentOrError(compressed({ engine }), framedBody('g', joined(...members)))).toBe(
          parts.join(''),
        );
      }),
      { numRuns: 30 },
    );
  });

  test('every member is checked, not the last alone', () => {
    const broken = changed(gzip, -8, (byte) => byte ^ 1);
    expect(failureOf(joined(broken, gzip), engine)).toContain('the gzip data is corrupt');
    expect(failureOf(joined(gzip, broken), engine)).toContain('the gzip data is corrupt');
  });

  test('nothing may follow the last member', () => {
    for (const rest of [
      [0],
      [0, 0, 0, 0, 0, 0, 0, 0, 0],
      [1],
      [0x1f],
      [0x1f, 0x8b, 8],
      [...utf8.encode('something else')],
    ]) {
      expect(failureOf(joined(gzip, Uint8Array.from(rest)), engine)).toContain('the gzip data is corrupt');
    }
  });

  test('what is too short for a member is not read past its end', () => {
    // Zeros, as they follow here, would be the right trailer of no content.
    const gzipAndZeros = new Uint8Array(40);
    gzipAndZeros.set(gzip.subarray(0, 3), 20);
    for (const length of [0, 1, 3, 7]) {
      expect(() =>
        gzipOf(engine).decompress(gzipAndZeros.subarray(20, 20 + length), { maxOutputBytes: 100 }),
      ).toThrow(/unexpected end/);
    }
  });

  test('an empty content is a content', () => {
    expect(
      contentOrError(compressed({ engine }), framedBody('g', gzipOf(engine).compress(new Uint8Array(), 6))),
    ).toBe('');
  });

  test('exactly the limit is allowed and one byte more is not', () => {
    const bytes = utf8.encode(text).length;
    expect(contentOrError(compressed({ engine, maxOutputBytes: bytes }), framedBody('g', gzip))).toBe(text);
    expect(failureOf(gzip, engine, bytes - 1)).toContain(
      `expands to more than the ${(bytes - 1).toLocaleString('en-US')} bytes that \`maxOutputBytes\` allows`,
    );
  });

  test('bytes marked as text that are not UTF-8 fail alone', () => {
    const latin1 = gzipOf(engine).compress(Uint8Array.of(0x63, 0x61, 0x66, 0xe9), 6);
    for (const body of [framedBody('g', latin1), guideBody(latin1)]) {
      expect(contentOrError(compressed({ engine }), body)).toMatchObject({
        code: 'decode-failed',
        message: expect.stringContaining('is not UTF-8'),
      });
    }
  });

  test('opening never throws, whatever came in', () => {
    const envelopes = [compressed({ engine }), guideEnvelope({ engine })];
    const anyGzip = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }).map((rest) => joined(gzip.subarray(0, 10), rest)),
      fc
        .tuple(fc.nat({ max: gzip.length - 1 }), fc.nat({ max: 255 }))
        .map(([at, byte]) => changed(gzip, at, () => byte)),
    );
    const bodies = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc
        .tuple(fc.constantFrom('b', 'g', 'h', 'q', 'z'), anyGzip)
        .map(([kind, bytes]) => framedBody(kind, bytes)),
      fc
        .tuple(fc.constantFrom('b', 'g', 'h', 'q', 'z'), fc.string())
        .map(([kind, rest]) => `~1${kind}${rest}`),
      fc
        .tuple(
          anyGzip,
          fc.dictionary(fc.constantFrom('data', 'original_size', 'compressed', 'more'), fc.jsonValue()),
        )
        .map(([bytes, fields]) => guideBody(bytes, fields)),
    );
    fc.assert(
      fc.property(bodies, (body) => {
        for (const envelope of envelopes) {
          const content = contentOrError(envelope, body);
          expect(
            typeof content === 'string' ||
              content instanceof Uint8Array ||
              isQueueError(content, 'decode-failed'),
          ).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('bodies that are not gzip', () => {
  test('a frame that is not base64 fails alone', () => {
    for (const kind of ['b', 'g', 'h']) {
      expect(contentOrError(compressed(), `~1${kind}not base64`)).toMatchObject({
        code: 'decode-failed',
        message: expect.stringContaining(`kind '${kind}' but not base64`),
      });
    }
  });

  test('the frame of another envelope fails alone and says what to do', () => {
    expect(contentOrError(compressed(), framedBody('z', utf8.encode('?')))).toMatchObject({
      code: 'decode-failed',
      message: expect.stringContaining("kind 'z': give the consumer the producer's envelope"),
    });
  });

  test('what an engine of one’s own throws is the cause', () => {
    const cause = new Error('out of order');
    const engine: Engine = {
      compressor: () => ({
        ...gzipOf(engines.node),
        decompress() {
          throw cause;
        },
      }),
    };
    const body = framedBody('g', gzipOf(engines.node).compress(utf8.encode(text), 6));
    expect(contentOrError(compressed({ engine }), body)).toMatchObject({ code: 'decode-failed', cause });
  });
});

describe('the guide’s form is recognised', () => {
  const gzip = Uint8Array.from(gzipOf(engines.node).compress(utf8.encode('"opened"'), 6));
  const form = { compressed: true, data: encodeBase64(gzip), original_size: 8, compressed_size: gzip.length };

  test('with its four keys in any order, and with the spaces that Python puts between them', () => {
    const { data, ...rest } = form;
    const bodies = [
      JSON.stringify(form),
      JSON.stringify({ data, ...rest }),
      `{"compressed": true, "data": "${data}", "original_size": 8, "compressed_size": ${gzip.length}}`,
    ];
    for (const body of bodies) {
      expect(contentOrError(compressed(), body)).toBe('"opened"');
    }
  });

  test('whatever its sizes say: they are not relied on', () => {
    for (const size of [0, 1, 4_000_000_000]) {
      const body = JSON.stringify({ ...form, original_size: size, compressed_size: size });
      expect(contentOrError(compressed({ maxOutputBytes: 8 }), body)).toBe('"opened"');
    }
  });

  const { original_size: _, ...withoutOriginalSize } = form;
  const lookalikes: Readonly<Record<string, unknown>> = {
    'two of its keys': { compressed: true, data: form.data },
    'three of its keys': withoutOriginalSize,
    'a fifth key': { ...form, id: 1 },
    'compressed as text': { ...form, compressed: 'true' },
    'compressed false': { ...form, compressed: false },
    'data that is not base64': { ...form, data: '<html>' },
    'data that is not gzip': { ...form, data: encodeBase64(utf8.encode('hello, world')) },
    'data that is no text': { ...form, data: [1] },
    'no data': { ...form, data: '' },
    'a size as text': { ...form, original_size: '8' },
    'a size below 0': { ...form, compressed_size: -1 },
    'a size with a fraction': { ...form, original_size: 0.5 },
    'a size of null': { ...form, original_size: null },
    'the form inside something else': { form },
    'the form in an array': [form],
  };

  test.each(Object.entries(lookalikes))('but not with %s: that is the user’s own', (_name, value) => {
    const body = JSON.stringify(value);
    for (const envelope of [compressed(), guideEnvelope()]) {
      expect(contentOrError(envelope, body)).toBe(body);
    }
    expect(createMessageCompressor().decompressMessage(body)).toEqual(value);
  });

  test.each([
    ['cut off', JSON.stringify(form).slice(0, -1)],
    ['with more after it', `${JSON.stringify(form)}}`],
    ['with a space before it', ` ${JSON.stringify(form)}`],
    ['with a line break after it', `${JSON.stringify(form)}\n`],
    ['written over several lines', JSON.stringify(form, undefined, 2)],
  ])('but not %s', (_case, body) => {
    expect(contentOrError(compressed(), body)).toBe(body);
    expect(bodyOf(compressed(), body)).toBe(body);
  });
});
