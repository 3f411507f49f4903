import { readFileSync } from 'node:fs';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Content } from '@sqskit/core';
import { describeOptions } from '@sqskit/core/options';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEvents, eventKinds } from '../bench/events.ts';
import { dictionaryFromSamples, dictionaryFromSamplesRules } from '../src/dictionary-from-samples.ts';

const utf8 = new TextEncoder();

/** Bytes of all the messages, each compressed by itself. */
function deflatedBytes(messages: readonly string[], dictionary?: Uint8Array): number {
  return messages.reduce(
    (sum, message) =>
      sum + deflateRawSync(message, { level: 9, ...(dictionary !== undefined && { dictionary }) }).length,
    0,
  );
}

describe('a dictionary made of samples', () => {
  test.each(eventKinds)(
    'brings other messages of the kind (%s) below half of what they are without',
    (kind) => {
      const { bytes } = dictionaryFromSamples(createEvents(kind, 1_000, 1));
      const others = createEvents(kind, 200, 2);
      expect(deflatedBytes(others, bytes)).toBeLessThan(deflatedBytes(others) * 0.51);
    },
  );

  test('serves several kinds in one queue better than the last of the samples would', () => {
    const mixed = (count: number, seed: number): string[] => {
      const [orders = [], telemetry = [], logs = []] = eventKinds.map((kind) =>
        createEvents(kind, count, seed),
      );
      return orders.flatMap((order, index) =>
        index % 20 === 0 ? [order, telemetry[index] ?? ''] : [logs[index] ?? ''],
      );
    };
    const samples = mixed(1_000, 1);
    const others = mixed(200, 2);
    const lastOfThem = utf8.encode(samples.join('')).slice(-2_048);
    const { bytes } = dictionaryFromSamples(samples, { maxBytes: 2_048 });
    expect(deflatedBytes(others, bytes)).toBeLessThan(deflatedBytes(others, lastOfThem) * 0.95);
  });

  test('is the same for the same samples, as text or as UTF-8', () => {
    const samples = createEvents('order', 200, 3);
    const dictionary = dictionaryFromSamples(samples);
    expect(dictionaryFromSamples(samples)).toEqual(dictionary);
    expect(dictionaryFromSamples(samples.map((sample) => utf8.encode(sample)))).toEqual(dictionary);
  });

  test('is as large as was allowed where there is enough to fill it, and never larger', () => {
    const samples = createEvents('log', 300, 4);
    for (const maxBytes of [256, 1_000, 8_192, 32_768]) {
      expect(dictionaryFromSamples(samples, { maxBytes }).bytes).toHaveLength(maxBytes);
    }
    expect(dictionaryFromSamples(samples)).toEqual(dictionaryFromSamples(samples, { maxBytes: 8_192 }));
  });

  test('holds what all samples say only once', () => {
    const said = '{"type":"heartbeat","from":"the same as ever"}';
    const { bytes } = dictionaryFromSamples(Array.from({ length: 100 }, () => said));
    expect(Buffer.from(bytes).toString()).toBe(said);
  });

  test('has the most common last', () => {
    const samples = Array.from(
      { length: 60 },
      (_, index) => `${index % 3 === 0 ? 'COMMON-IN-MANY-OF-THEM' : `only-here-${index}-${index * 7_919}`}`,
    );
    expect(Buffer.from(dictionaryFromSamples(samples).bytes).toString()).toMatch(/COMMON-IN-MANY-OF-THEM$/);
  });

  test('looks at an even choice of samples where there are very many, and at the beginning of large ones', () => {
    const last = `the last of the samples ${'z'.repeat(2_000)}`;
    const samples = Array.from({ length: 400 }, (_, index) =>
      index < 200 ? createEvents('log', 1, index, 20_000).join('') : last,
    );
    const text = Buffer.from(dictionaryFromSamples(samples).bytes).toString();
    expect(text).toContain('the last of the samples');
    expect(text).toContain('"traceId":"');
  });

  test('is one for any samples, whatever they are, and never throws anything but its own error', () => {
    const sample: fc.Arbitrary<Content> = fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array());
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 10, maxLength: 60 }),
        fc.integer({ min: 256, max: 600 }),
        (samples, maxBytes) => {
          fc.pre(samples.filter(({ length }) => length >= 8).length >= 10);
          const { bytes } = dictionaryFromSamples(samples, { maxBytes });
          expect(bytes.length).toBeLessThanOrEqual(maxBytes);
          const content = utf8.encode(samples.join(''));
          const deflated = deflateRawSync(content, { dictionary: bytes });
          expect(inflateRawSync(deflated, { dictionary: bytes }).equals(content)).toBe(true);
        },
      ),
    );
  });
});

test('the options table of the README is the rules’', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(readme).toContain(
    `<!-- options:dictionaryFromSamples -->\n${describeOptions(dictionaryFromSamplesRules)}\n<!-- /options -->`,
  );
});

describe('samples that tell nothing are refused', () => {
  const refusal = (samples: readonly Content[], options?: object): unknown => {
    try {
      return dictionaryFromSamples(samples, options);
    } catch (error) {
      return error;
    }
  };

  test('none, fewer than ten, and ten of which some are empty', () => {
    const [sample = ''] = createEvents('order', 1, 5);
    const nine = Array.from({ length: 9 }, () => sample);
    for (const samples of [[], nine, [...nine, ''], [...nine, 'short'], [...nine, new Uint8Array(5)]]) {
      expect(refusal(samples)).toMatchObject({
        code: 'option-invalid',
        details: { option: 'samples', expected: '10 or more that are 6 bytes or longer' },
      });
    }
    expect(dictionaryFromSamples([...nine, sample]).bytes.length).toBeGreaterThan(100);
  });

  test('what is no sample', () => {
    expect(refusal(JSON.parse('"text"'))).toMatchObject({ code: 'option-invalid' });
    for (const json of ['[1,2,3,4,5,6,7,8,9,10,11]', '[null]', '[{"id":1}]']) {
      expect(refusal(JSON.parse(json))).toMatchObject({
        code: 'option-invalid',
        details: { expected: 'texts and bytes, as they are sent' },
      });
    }
  });

  test('a size that no dictionary has, and options that are none', () => {
    const samples = createEvents('order', 20, 5);
    expect(refusal(samples, { maxBytes: 255 })).toMatchObject({ code: 'option-invalid' });
    expect(refusal(samples, { maxBytes: 32_769 })).toMatchObject({ code: 'option-invalid' });
    expect(refusal(samples, { maxByte: 1_000 })).toMatchObject({ code: 'option-invalid' });
  });
});
