import { isQueueError } from '@sqskit/core';
import { encodeBase64, framedBody } from '@sqskit/core/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compressed, createMessageCompressor, guideEnvelope } from '../src/index.ts';
import { engines, everyEngine, gzipOf } from './engines.ts';
import { bodyOf, openNow } from './opening.ts';

const large = { places: Array.from({ length: 90 }, (_, id) => ({ id, place: 'Añatuya 🌍' })) };
const largeBytes = new TextEncoder().encode(JSON.stringify(large)).length;

function errorOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe.each(everyEngine)('createMessageCompressor() on %s', (_name, engine) => {
  test('any JSON value comes back, at any threshold', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 3 }),
        fc.nat({ max: 60 }),
        fc.constantFrom(0, 1_024),
        (value, times, thresholdBytes) => {
          // Through JSON once, because it has no -0.
          const message: unknown = JSON.parse(JSON.stringify(Array.from({ length: times }, () => value)));
          const { compressMessage, decompressMessage } = createMessageCompressor({ engine, thresholdBytes });
          expect(decompressMessage(compressMessage(message))).toEqual(message);
        },
      ),
    );
  });

  test('a message above 1,024 bytes is written in the guide’s form', () => {
    const body = createMessageCompressor({ engine }).compressMessage(large);
    const envelope = JSON.parse(body);
    expect(Object.keys(envelope)).toEqual(['compressed', 'data', 'original_size', 'compressed_size']);
    const gzip = gzipOf(engine).compress(new TextEncoder().encode(JSON.stringify(large)), 6);
    expect(envelope).toEqual({
      compressed: true,
      data: encodeBase64(gzip),
      original_size: largeBytes,
      compressed_size: gzip.length,
    });
  });

  test('a message up to 1,024 bytes is its JSON', () => {
    const { compressMessage } = createMessageCompressor({ engine });
    expect(compressMessage({ id: 1 })).toBe('{"id":1}');
    expect(compressMessage('x'.repeat(1_022))).toBe(`"${'x'.repeat(1_022)}"`);
    expect(compressMessage('x'.repeat(1_023))).toMatch(/^\{"compressed":true,/);
  });

  test('a message that is itself in the guide’s form comes back as it was', () => {
    const { compressMessage, decompressMessage } = createMessageCompressor({ engine });
    const once = compressMessage(large);
    const message: unknown = JSON.parse(once);
    const twice = compressMessage(message);
    expect(decompressMessage(twice)).toEqual(message);
    expect(decompressMessage(once)).toEqual(large);
  });
});

describe('decompressMessage', () => {
  const { compressMessage, decompressMessage } = createMessageCompressor();

  test('reads what the envelopes write, and they read what compressMessage writes', () => {
    const text = JSON.stringify(large);
    for (const envelope of [compressed(), guideEnvelope()]) {
      expect(decompressMessage(bodyOf(envelope, text))).toEqual(large);
      expect(openNow(envelope, { body: compressMessage(large) }).content).toBe(text);
    }
  });

  test.each([
    ['a text that is not JSON', 'hello, secret'],
    ['nothing', ''],
    [
      'compressed text that is not JSON',
      framedBody('g', gzipOf(engines.node).compress(new TextEncoder().encode('hello, secret'), 6)),
    ],
  ])('refuses %s, without quoting it', (_case, body) => {
    const error = errorOf(() => decompressMessage(body));
    expect(isQueueError(error, 'decode-failed') && error.message).toBe(
      '[decode-failed] the body is not JSON',
    );
  });

  test('says what it received where that is no string', () => {
    // What JavaScript callers may do.
    const untyped: (body: never) => unknown = decompressMessage;
    const error = errorOf(() => untyped(Buffer.from('{}') as never));
    expect(isQueueError(error, 'decode-failed') && error.message).toContain(
      'expected the body as a string, received object',
    );
  });

  test('is bounded by maxOutputBytes', () => {
    const { decompressMessage: bounded } = createMessageCompressor({ maxOutputBytes: largeBytes - 1 });
    expect(
      isQueueError(
        errorOf(() => bounded(compressMessage(large))),
        'decode-failed',
      ),
    ).toBe(true);
  });
});

describe('compressMessage', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;

  test.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a bigint', 1n],
    ['a cycle', cyclic],
  ])('refuses %s, which has no JSON', (_case, message) => {
    const error = errorOf(() => createMessageCompressor().compressMessage(message));
    expect(isQueueError(error, 'encode-failed') && error.cause instanceof TypeError).toBe(true);
  });
});
