import { payloadBytes } from '@sqskit/core';
import { createRandom } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { type CompressionOptions, compressed, createDictionary, type Explanation } from '../src/index.ts';
import { engines } from './engines.ts';
import { sealSoon } from './opening.ts';

const random = createRandom(5);
const noise = Uint8Array.from({ length: 40_000 }, () => Math.floor(random() * 256));
const json = JSON.stringify(Array.from({ length: 90 }, (_, id) => ({ id, place: 'Añatuya' })));
const dictionary = createDictionary(new TextEncoder().encode('{"id":1,"place":"Añatuya","felt":null}'));

describe('explain says what becomes of', () => {
  test.each<
    readonly [
      what: string,
      content: string | Uint8Array,
      options: CompressionOptions,
      expected: Partial<Explanation>,
    ]
  >([
    ['a small text', '{"id":1}', {}, { reason: 'below-threshold', sentAs: 'plain', transport: undefined }],
    [
      'a large one',
      'a'.repeat(2_000),
      { maxOutputBytes: 1_000 },
      { reason: 'above-max-output', sentAs: 'plain' },
    ],
    ['half a pair', `\ud83d${'a'.repeat(2_000)}`, {}, { reason: 'lone-surrogate', sentAs: 'plain' }],
    ['noise', noise, {}, { reason: 'looks-incompressible', sentAs: 'plain' }],
    [
      'noise in an attribute',
      noise,
      { transport: 'attribute' },
      { reason: 'smaller', sentAs: 'stored', transport: 'attribute' },
    ],
    ['a little noise', noise.subarray(0, 300), {}, { reason: 'not-smaller', sentAs: 'plain' }],
    [
      'a text',
      json,
      {},
      { reason: 'smaller', sentAs: 'deflate', transport: 'body', dictionaryId: undefined },
    ],
    ['a long text', json.repeat(10), {}, { reason: 'smaller', sentAs: 'zstd' }],
    ['a long text without zstd', json.repeat(10), { engine: engines.fflate }, { sentAs: 'deflate' }],
    [
      'a text with a dictionary',
      json,
      { dictionary, algorithm: 'zstd' },
      { sentAs: 'zstd', dictionaryId: dictionary.id },
    ],
    [
      'a text as gzip',
      json,
      { algorithm: 'gzip' },
      { reason: 'smaller', sentAs: 'gzip', transport: undefined },
    ],
  ])('%s', async (_, content, options, expected) => {
    const envelope = compressed(options);
    const attributes = { kind: { type: 'String', value: 'x' } } as const;
    const explanation = envelope.explain(content, attributes);
    const { payload } = await sealSoon(envelope, content, attributes);
    expect(explanation).toMatchObject({ ...expected, sentBytes: payloadBytes(payload) });
    expect(explanation.billedAlone).toBe(Math.ceil(explanation.sentBytes / 65_536));
    expect(explanation.billedInTen).toBe(Math.ceil((10 * explanation.sentBytes) / 65_536));
  });

  test('a message that has no room for one more attribute', () => {
    const ten = Object.fromEntries(
      Array.from({ length: 10 }, (_, index) => [`a${index}`, { type: 'String', value: 'x' } as const]),
    );
    const envelope = compressed({ transport: 'attribute' });
    expect(envelope.explain(json).transport).toBe('attribute');
    expect(envelope.explain(json, ten).transport).toBe('body');
    expect(envelope.explain(json, { sqskit: { type: 'String', value: 'mine' } }).transport).toBe('body');
  });
});
