import { brotliCompressSync, zstdCompressSync } from 'node:zlib';
import type { Envelope, MessageAttributes, Payload } from '@sqskit/core';
import { encodeBase64 } from '@sqskit/core/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compressed, createMessageCompressor, fflateEngine, guideEnvelope, packed } from '../../src/index.ts';
import { openNow, sealNow } from '../opening.ts';
import { foreignVectors, textOf } from './vectors.ts';

const mark: MessageAttributes = { __SQS_GZIP__: { type: 'Number', value: '1' } };
const tenant: MessageAttributes = { tenant: { type: 'String', value: 'a' } };

const envelopes: Readonly<Record<string, (options?: { maxOutputBytes?: number }) => Envelope>> = {
  compressed,
  packed,
  guideEnvelope,
};

function toolkitMessage(zstd: Uint8Array): Payload {
  return { body: `{"__mqtCodec":"zstd","__mqtData":"${encodeBase64(zstd)}"}` };
}
function squissMessage(brotli: Uint8Array): Payload {
  return { body: encodeBase64(brotli), attributes: mark };
}

describe.each(Object.entries(envelopes))('%s and the messages of other libraries', (_name, make) => {
  test.each(foreignVectors)('$by: $name comes out as it went in there, without its mark', (vector) => {
    const { body, attributes } = vector;
    const item = openNow(make(), { body, attributes: { ...tenant, ...attributes } });
    expect(item).toEqual({ content: textOf(vector), attributes: tenant, attempt: 0 });
  });

  test.each(foreignVectors)(
    'a text of one’s own that is $by: $name comes out as it went in here',
    (vector) => {
      const { body, attributes } = vector;
      const own = { ...tenant, ...attributes };
      const { payload } = sealNow(make(), body, own);
      expect(openNow(make(), payload)).toEqual({ content: body, attributes: own, attempt: 0 });
    },
  );

  test('any text comes out as it went in, marked as squiss-ts marks its own or not', () => {
    const base64 = fc.base64String({ maxLength: 60 });
    fc.assert(
      fc.property(fc.oneof(base64, fc.json(), fc.string()), fc.constantFrom({}, mark), (text, attributes) => {
        const { payload } = sealNow(make(), text, attributes);
        expect(openNow(make(), payload)).toMatchObject({ content: text, attributes });
      }),
    );
  });

  test('what expands to more than `maxOutputBytes` is refused', () => {
    const zeros = new Uint8Array(10_000_000);
    for (const payload of [
      toolkitMessage(zstdCompressSync(zeros)),
      squissMessage(brotliCompressSync(zeros, { params: { 1: 4 } })), // BROTLI_PARAM_QUALITY
    ]) {
      expect(() => openNow(make({ maxOutputBytes: 1_000 }), payload)).toThrow(
        expect.objectContaining({
          code: 'decode-failed',
          message: expect.stringContaining('more than the 1,000 bytes that `maxOutputBytes` allows'),
        }),
      );
    }
  });

  test('what is damaged is refused', () => {
    const zstd = zstdCompressSync('a text of some length '.repeat(9));
    const brotli = brotliCompressSync('a text of some length '.repeat(9));
    for (const payload of [toolkitMessage(zstd.subarray(0, -3)), squissMessage(brotli.subarray(0, -3))]) {
      expect(() => openNow(make(), payload)).toThrow(expect.objectContaining({ code: 'decode-failed' }));
    }
  });
});

test.each([
  ['zstd', toolkitMessage(zstdCompressSync('"text"'))],
  ['brotli', squissMessage(brotliCompressSync('"text"'))],
])('where the runtime has no %s, the error says so', (algorithm, payload) => {
  expect(() => openNow(compressed({ engine: fflateEngine }), payload)).toThrow(
    expect.objectContaining({
      code: 'decode-failed',
      message: expect.stringContaining(`compressed by ${algorithm}, which this runtime does not have`),
    }),
  );
});

test('`decompressMessage` reads what message-queue-toolkit wrote', () => {
  const { body } = toolkitMessage(zstdCompressSync('{"id":1}'));
  expect(createMessageCompressor().decompressMessage(body)).toEqual({ id: 1 });
});
