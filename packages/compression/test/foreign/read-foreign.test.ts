import { brotliCompressSync, brotliDecompressSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type MessageAttributes, QueueError } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { type ForeignDecompress, readForeign } from '../../src/foreign/read-foreign.ts';
import { foreignVectors, textOf } from './vectors.ts';

const decompress: ForeignDecompress = (algorithm, bytes) =>
  algorithm === 'zstd' ? zstdDecompressSync(bytes) : brotliDecompressSync(bytes);

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const mark = { __SQS_GZIP__: { type: 'Number', value: '1' } } as const satisfies MessageAttributes;
const zstd = base64(zstdCompressSync('{"id":1}'));
const brotli = base64(brotliCompressSync('{"id":1}'));

test.each(foreignVectors)('$by: $name is read', (vector) => {
  expect(readForeign(vector, decompress)).toEqual({ content: textOf(vector), attributes: {} });
});

test('other attributes stay', () => {
  const attributes: MessageAttributes = {
    tenant: { type: 'String', value: 'a' },
    bytes: { type: 'Binary', value: new Uint8Array(3) },
  };
  const marked = { body: brotli, attributes: { ...attributes, ...mark } };
  expect(readForeign(marked, decompress)).toEqual({ content: '{"id":1}', attributes });
  expect(marked.attributes).toHaveProperty('__SQS_GZIP__');
  const body = `{"__mqtCodec":"zstd","__mqtData":"${zstd}"}`;
  expect(readForeign({ body, attributes }, decompress)).toEqual({ content: '{"id":1}', attributes });
});

test('the fields of message-queue-toolkit are read in any order and with spaces between', () => {
  for (const body of [
    `{"__mqtData":"${zstd}","__mqtCodec":"zstd"}`,
    `{"__mqtCodec": "zstd", "__mqtData": "${zstd}", "id": {"a": [1]}}`,
  ]) {
    expect(readForeign({ body }, decompress)?.content).toBe('{"id":1}');
  }
});

describe('what only looks like it is left alone', () => {
  const never: ForeignDecompress = () => {
    throw new Error('decompressed');
  };
  const codec = '"__mqtCodec":"zstd"';
  test.each([
    ['a codec of one’s own', `{"__mqtCodec":"lz4","__mqtData":"${zstd}"}`],
    ['a codec that is no text', `{"__mqtCodec":["zstd"],"__mqtData":"${zstd}"}`],
    ['no codec', `{"__mqtData":"${zstd}"}`],
    ['no data', `{${codec}}`],
    ['data that is no text', `{${codec},"__mqtData":[1]}`],
    ['empty data', `{${codec},"__mqtData":""}`],
    ['data that is not base64', `{${codec},"__mqtData":"${zstd.slice(0, -1)}"}`],
    ['data that is not zstd', `{${codec},"__mqtData":"${brotli}"}`],
    ['the form inside something else', `{"message":{${codec},"__mqtData":"${zstd}"}}`],
    ['the form in an array', `[{${codec},"__mqtData":"${zstd}"}]`],
    ['the form with more after it', `{${codec},"__mqtData":"${zstd}"}}`],
    ['the form cut off', `{${codec},"__mqtData":"${zstd}"`],
  ])('message-queue-toolkit: %s', (_name, body) => {
    expect(readForeign({ body }, never)).toBeUndefined();
  });

  test.each<[string, string, MessageAttributes | undefined]>([
    ['no attributes', brotli, undefined],
    ['no mark', brotli, { other: { type: 'Number', value: '1' } }],
    ['another value', brotli, { __SQS_GZIP__: { type: 'Number', value: '0' } }],
    ['another type', brotli, { __SQS_GZIP__: { type: 'String', value: '1' } }],
    ['a type that continues', brotli, { __SQS_GZIP__: { type: 'Number.int', value: '1' } }],
    ['a body that is not base64', `${brotli}\n`, mark],
    ['a body of JSON, as with its marks of S3', '{"uploadSize":1,"bucket":"b","key":"k"}', mark],
    ['a body of ours', '~1gAAAA', mark],
    ['no body', '', mark],
  ])('squiss-ts: %s', (_name, body, attributes) => {
    expect(readForeign({ body, attributes }, never)).toBeUndefined();
  });
});

test('what cannot be decompressed is the error of what decompresses', () => {
  const error = new QueueError('decode-failed', 'damaged', {});
  const failing: ForeignDecompress = () => {
    throw error;
  };
  expect(() => readForeign({ body: brotli, attributes: mark }, failing)).toThrow(error);
  expect(() => readForeign({ body: `{"__mqtCodec":"zstd","__mqtData":"${zstd}"}` }, failing)).toThrow(error);
});

test('what is not UTF-8 fails: squiss-ts and message-queue-toolkit compress text only', () => {
  const body = base64(brotliCompressSync(Uint8Array.of(0xff, 0xfe)));
  expect(() => readForeign({ body, attributes: mark }, decompress)).toThrow(
    expect.objectContaining({ code: 'decode-failed', message: expect.stringContaining('is not UTF-8') }),
  );
});
