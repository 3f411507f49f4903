import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linesOf, readEvents } from '../src/input.ts';

const streamOf = (...chunks: readonly (string | Uint8Array)[]): Readable =>
  Readable.from(chunks.map((chunk) => Buffer.from(chunk)));

describe('reading NDJSON', () => {
  test('lines come out as they are, wherever the bytes are cut into chunks', async () => {
    const text = fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', ''));
    await fc.assert(
      fc.asyncProperty(fc.array(text), fc.integer({ min: 1, max: 7 }), async (lines, size) => {
        const bytes = Buffer.from(
          lines
            .map((line) => `${line}\n`)
            .join('')
            .toWellFormed(),
        );
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        );
        const read = await Array.fromAsync(linesOf(Readable.from(chunks)));
        // A byte order mark at the beginning is no text.
        expect(read.join('\n')).toBe(
          lines
            .join('\n')
            .toWellFormed()
            .replace(/^\uFEFF/, ''),
        );
      }),
    );
  });

  test('blank lines, CRLF and a missing last line end are no events and no obstacle', async () => {
    const { events, bytes } = await readEvents('x.ndjson', streamOf('{"a":1}\r\n\n  \n{"b":2}'));
    expect(events).toEqual(['{"a":1}', '{"b":2}']);
    expect(bytes).toBe(14);
  });

  test('a line separator inside a JSON string does not end the line', async () => {
    const { events } = await readEvents('x.ndjson', streamOf('"a\u2028b"\n'));
    expect(events).toEqual(['"a\u2028b"']);
  });

  test('a malformed line is named by source, number and reason', async () => {
    await expect(readEvents('x.ndjson', streamOf('{"a":1}\n\n{"b":\n'))).rejects.toThrow(
      /^x\.ndjson, line 3: not JSON: .*; nothing was sent$/,
    );
  });

  test('bytes that are not UTF-8 are named by line', async () => {
    const bytes = new Uint8Array([0x22, 0xff, 0x22, 0x0a]);
    await expect(readEvents('x.ndjson', streamOf('1\n', bytes))).rejects.toThrow(
      'x.ndjson, line 2: not UTF-8; nothing was sent',
    );
  });

  test('no more is read than was asked for', async () => {
    const { events } = await readEvents('x.ndjson', streamOf('1\n2\nnot JSON\n'), 2);
    expect(events).toEqual(['1', '2']);
  });

  test('the earthquakes are 1,707', async () => {
    const file = new URL('../data/earthquakes.ndjson', import.meta.url);
    const { events, bytes } = await readEvents('earthquakes.ndjson', createReadStream(file));
    expect({ events: events.length, bytes }).toEqual({ events: 1_707, bytes: 1_216_137 });
  });
});
