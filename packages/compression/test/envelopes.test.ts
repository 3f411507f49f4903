import { type Content, type Envelope, payloadBytes, plain } from '@sqskit/core';
import { encodeBase64, framedBody } from '@sqskit/core/wire';
import { createRandom } from '@sqskit/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CompressionOptions, compressed, guideEnvelope } from '../src/index.ts';
import { anyContent } from './contents.ts';
import { engines, everyEngine, gzipOf } from './engines.ts';
import { anyBytes, bodyOf, comparable, itemOf, openNow, sealNow } from './opening.ts';

const attributes = {
  trace: { type: 'String', value: 'é' },
  raw: { type: 'Binary', value: Uint8Array.of(1, 2) },
} as const;
const json = JSON.stringify(Array.from({ length: 60 }, (_, id) => ({ id, place: 'Añatuya 🌍' })));
const random = createRandom(1);
const noise = Uint8Array.from({ length: 4_000 }, () => Math.floor(random() * 256));

/** An envelope's own text in the guide's form, which is content to whoever sends it. */
const guideText = bodyOf(guideEnvelope(), json);

const gzipped = (options: Omit<CompressionOptions, 'algorithm'> = {}): Envelope =>
  compressed({ ...options, algorithm: 'gzip' });
const deflated = (options: Omit<CompressionOptions, 'algorithm'> = {}): Envelope =>
  compressed({ ...options, algorithm: 'deflate' });
const makers = { gzipped, deflated, guideEnvelope };
const everyPair = Object.entries(makers).flatMap(([name, make]) =>
  everyEngine.flatMap(([writer, engine]) =>
    everyEngine.map(([reader, other]) => ({
      name: `${name} written by ${writer}, read by ${reader}`,
      sealer: (thresholdBytes: number) => make({ engine, thresholdBytes }),
      opener: compressed({ engine: other }),
    })),
  ),
);

describe.each(everyPair)('$name', ({ sealer, opener }) => {
  test('any content comes back as it was', () => {
    fc.assert(
      fc.property(anyContent, fc.constantFrom(0, 50, 1_024), (content, thresholdBytes) => {
        const { payload } = sealNow(sealer(thresholdBytes), content, attributes);
        const opened = openNow(opener, payload);
        expect(comparable(opened.content)).toEqual(comparable(content));
        expect(opened.attributes).toBe(attributes);
      }),
    );
  });

  test('a content in the guide’s own form comes back as it was', () => {
    expect(comparable(openNow(opener, sealNow(sealer(0), guideText).payload).content)).toEqual(
      comparable(guideText),
    );
    expect(comparable(openNow(opener, sealNow(sealer(1_000_000), guideText).payload).content)).toEqual(
      comparable(guideText),
    );
  });
});

describe.each(everyEngine)('compressed() on %s', (_name, engine) => {
  test('what SQS counts is never more than the plain message', () => {
    const contents = fc.oneof(anyContent, fc.constantFrom<Content>(guideText, `~${guideText}`, noise, json));
    fc.assert(
      fc.property(contents, fc.constantFrom(0, 50, 1_024), (content, thresholdBytes) => {
        const sealed = sealNow(compressed({ engine, thresholdBytes }), content, attributes);
        expect(payloadBytes(sealed.payload)).toBeLessThanOrEqual(
          payloadBytes(sealNow(plain(), content, attributes).payload),
        );
      }),
    );
  });

  test('as gzip, text becomes `~1g` and bytes become `~1h`, both smaller', () => {
    const bytes = new TextEncoder().encode(json);
    expect(bodyOf(gzipped({ engine }), json)).toMatch(/^~1gH4sI[\w+/]+=*$/);
    expect(bodyOf(gzipped({ engine }), bytes)).toMatch(/^~1hH4sI[\w+/]+=*$/);
    expect(bodyOf(gzipped({ engine }), json).length).toBeLessThan(json.length / 4);
  });

  test('the same message gives the same bytes, with no time and no system in them', () => {
    const once = gzipOf(engine).compress(new TextEncoder().encode(json), 6);
    const again = gzipOf(engine).compress(new TextEncoder().encode(json), 6);
    expect([...again]).toEqual([...once]);
    expect([...once.subarray(0, 10)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  });

  test('level 9 makes a smaller message than level 1', () => {
    const records = Array.from({ length: 400 }, (_, id) => ({
      id,
      magnitude: random() * 9,
      place: `${id % 7} km`,
    }));
    const text = JSON.stringify(records);
    const [fastest, smallest] = ([1, 9] as const).map(
      (level) => bodyOf(gzipped({ engine, level }), text).length,
    );
    expect(smallest).toBeLessThan(fastest ?? 0);
  });
});

describe('what is left alone', () => {
  const alike = 'a'.repeat(1_024);

  test('contents up to the threshold are plain, and those above it are compressed', () => {
    const least = 'a'.repeat(256);
    expect(bodyOf(compressed(), least)).toBe(least);
    expect(bodyOf(compressed(), `${least}a`)).toMatch(/^~1c/);
    expect(bodyOf(guideEnvelope(), alike)).toBe(alike);
    expect(bodyOf(guideEnvelope(), `${alike}a`)).toMatch(/^\{"compressed":true,/);
  });

  test('the threshold counts bytes of UTF-8, not characters', () => {
    const accents = 'é'.repeat(128);
    expect(bodyOf(compressed(), accents)).toBe(accents);
    expect(bodyOf(compressed(), `${accents}é`)).toMatch(/^~1c/);
  });

  test('a threshold of 0 tries every content', () => {
    expect(bodyOf(compressed({ thresholdBytes: 0 }), 'a'.repeat(100))).toMatch(/^~1c/);
    expect(bodyOf(compressed({ thresholdBytes: 0 }), 'a')).toBe('a');
  });

  test('a content that gzip does not make smaller is the plain message, whatever its size', () => {
    expect(bodyOf(compressed(), noise)).toBe(bodyOf(plain(), noise));
    const base64 = encodeBase64(noise);
    expect(bodyOf(guideEnvelope(), base64)).toBe(base64);
  });

  test('where both are of one size it is the plain message', () => {
    const { node } = engines;
    const contents = Array.from(
      { length: 200 },
      (_, more) => encodeBase64(noise.subarray(0, 42)) + 'a'.repeat(more),
    );
    const even = contents.filter(
      (text) =>
        framedBody('g', gzipOf(node).compress(new TextEncoder().encode(text), 6)).length === text.length,
    );
    expect(even.length).toBeGreaterThan(0);
    for (const text of even) {
      expect(bodyOf(gzipped({ thresholdBytes: 0 }), text)).toBe(text);
    }
  });

  test('a content that could not be opened again is the plain message', () => {
    expect(bodyOf(compressed({ maxOutputBytes: 2_000 }), 'a'.repeat(2_001))).toBe('a'.repeat(2_001));
  });

  test('half a surrogate pair is not replaced', () => {
    const text = `\ud83d${'a'.repeat(2_000)}`;
    expect(bodyOf(compressed(), text)).toBe(text);
    expect(bodyOf(guideEnvelope(), text)).toBe(text);
  });

  test('a byte order mark is part of the text', () => {
    const text = `\ufeff${'a'.repeat(2_000)}`;
    expect(bodyOf(compressed(), text)).toMatch(/^~1c/);
    expect(openNow(compressed(), sealNow(compressed(), text).payload).content).toBe(text);
  });

  test('bytes have no place in the guide’s form and travel as in the plain envelope', () => {
    const bytes = new Uint8Array(3_000);
    expect(bodyOf(guideEnvelope(), bytes)).toBe(bodyOf(plain(), bytes));
  });
});

describe('one fleet, several envelopes', () => {
  const writers = { plain: plain(), compressed: compressed(), guideEnvelope: guideEnvelope() };
  const readers = { compressed: compressed(), guideEnvelope: guideEnvelope() };
  const contents: readonly Content[] = ['{"id":1}', '~tilde', json, new Uint8Array(5), new Uint8Array(5_000)];

  test.each(Object.entries(readers))('%s reads what every one of them writes', (_name, reader) => {
    for (const writer of Object.values(writers)) {
      for (const content of contents) {
        expect(comparable(openNow(reader, sealNow(writer, content).payload).content)).toEqual(
          comparable(content),
        );
      }
    }
  });

  test('a body that some other producer sent is text', () => {
    for (const body of ['hello', '', '~', '~2g!', '{"compressed":true}', 'H4sIAAAAAAAA']) {
      expect(openNow(compressed(), { body })).toEqual({ content: body, attributes: {}, attempt: 0 });
    }
  });
});

describe('sealing', () => {
  test('takes one item of many', () => {
    const envelope = compressed();
    expect(envelope.maxItems).toBe(1);
    expect(envelope.seal([itemOf('a'), itemOf('b')], anyBytes)).toEqual({
      payload: { body: 'a', attributes: undefined },
      taken: 1,
      bytes: 1,
    });
  });

  test('a message is measured as it leaves, with its attributes', () => {
    const envelope = compressed();
    const { payload } = sealNow(envelope, json, attributes);
    const bytes = payloadBytes(payload);
    expect(envelope.seal([itemOf(json, attributes)], bytes)).toEqual({ payload, taken: 1, bytes });
    expect(() => envelope.seal([itemOf(json, attributes)], bytes - 1)).toThrow(
      expect.objectContaining({ code: 'message-too-large', details: { bytes, maxBytes: bytes - 1 } }),
    );
  });

  test('a text of several MiB goes into one message of SQS', () => {
    const text = JSON.stringify(
      Array.from({ length: 40_000 }, (_, id) => ({ id, kind: 'earthquake', felt: null })),
    );
    expect(text.length).toBeGreaterThan(1_048_576);
    const { payload } = sealNow(deflated({ maxBlockMs: 1_000 }), text);
    expect(payloadBytes(payload)).toBeLessThan(1_048_576 / 4);
    expect(openNow(compressed({ engine: engines.fflate }), payload).content).toBe(text);
  });
});
