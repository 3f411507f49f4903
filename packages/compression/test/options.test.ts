import { readFileSync } from 'node:fs';
import type { Recorder } from '@sqskit/core';
import { systemClock } from '@sqskit/core/clock';
import { describeOptions } from '@sqskit/core/options';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { compressionRules, guideRules } from '../src/compression-options.ts';
import {
  type CompressionOptions,
  compressed,
  createDictionary,
  createMessageCompressor,
  type Engine,
  guideEnvelope,
  nodeEngine,
  packed,
} from '../src/index.ts';
import { packingRules } from '../src/packing-options.ts';
import { engines, gzipOf, withoutZstd } from './engines.ts';
import { bodyOf, contentOrError } from './opening.ts';

const text = 'a'.repeat(2_000);
/** Node 22.15 to 22.18: its zstd takes no dictionary. */
const ignoringDictionaries: Engine = {
  compressor(algorithm) {
    const inner = engines.node.compressor(algorithm);
    return inner && { ...inner, takesDictionary: algorithm === 'deflate' };
  },
};
/** A text of which the engines make different bytes. */
const varied = JSON.stringify(Array.from({ length: 90 }, (_, id) => ({ id, place: 'Añatuya' })));

afterEach(() => vi.unstubAllGlobals());

test.each([
  ['compression', compressionRules],
  ['packing', packingRules],
  ['guide', guideRules],
])('the %s options table of the README is the rules’', (name, rules) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const table = new RegExp(`<!-- options:${name} -->\n(.*?)\n<!-- /options -->`, 's').exec(readme)?.[1];
  expect(table).toBe(describeOptions(rules));
});

const makers: readonly (readonly [name: string, make: (options: never) => unknown])[] = [
  ['compressed', compressed],
  ['packed', packed],
  ['guideEnvelope', guideEnvelope],
  ['createMessageCompressor', createMessageCompressor],
];

/** The error of options that only JavaScript callers can give. */
function refusalOf(make: (options: never) => unknown, options: object): unknown {
  try {
    return make(options as never);
  } catch (error) {
    return error;
  }
}

/** That error, for the first of the options. */
function refusalBy(name: string, options: object): unknown {
  return expect.objectContaining({
    code: 'option-invalid',
    message: expect.stringContaining(`${name}: expected \`${Object.keys(options)[0]}\``),
  });
}

describe.each(makers)('%s', (name, make) => {
  test.each([
    { thresholdBytes: -1 },
    { thresholdBytes: 1.5 },
    { level: 0 },
    { level: 10 },
    { maxOutputBytes: 0 },
    { maxOutputBytes: Number.POSITIVE_INFINITY },
    { engine: {} },
    { engine: 'node' },
    { recorder: {} },
    { clock: 1 },
    { threshold: 1 },
  ])('refuses %o with its own name', (options) => {
    expect(refusalOf(make, options)).toEqual(refusalBy(name, options));
  });

  test('takes options that are not given for their defaults', () => {
    const none = {
      thresholdBytes: undefined,
      level: undefined,
      maxOutputBytes: undefined,
      engine: undefined,
      recorder: undefined,
      clock: undefined,
    };
    expect(() => make(none as never)).not.toThrow();
  });
});

describe.each([
  ['compressed', compressed],
  ['packed', packed],
] as const)('%s', (name, make) => {
  const dictionary = createDictionary(new TextEncoder().encode(varied));

  test.each([
    { algorithm: 'brotli' },
    { transport: 'header' },
    { maxBlockMs: -1 },
    { dictionary: {} },
    { dictionary: { id: 1, bytes: 'bytes' } },
    { dictionary: { id: 1, bytes: dictionary.bytes } },
    { dictionaries: dictionary },
    { dictionaries: [dictionary, {}] },
    { algorithm: 'zstd', engine: engines.fflate },
    { algorithm: 'zstd', engine: withoutZstd },
    { algorithm: 'zstd', engine: ignoringDictionaries, dictionary },
  ])('refuses %o', (options) => {
    expect(refusalOf(make, options)).toEqual(refusalBy(name, options));
  });

  test('takes a dictionary and more of them', () => {
    expect(() => make({ dictionary, dictionaries: [dictionary] })).not.toThrow();
  });
});

test.each([{ transport: 'attribute' as const }, { dictionary: createDictionary(new Uint8Array(9)) }])(
  'gzip goes without %o',
  (options) => {
    const given = { algorithm: 'gzip', ...options };
    expect(refusalOf(compressed, given)).toEqual(refusalBy('compressed', given));
  },
);

test.each([
  { targetBytes: 1_023 },
  { targetBytes: 1_048_577 },
  { maxItems: 0 },
  { maxItems: 10_001 },
  { algorithm: 'gzip' },
])('packed refuses %o', (options) => {
  expect(refusalOf(packed, options)).toEqual(refusalBy('packed', options));
});

/** Node's, but for one algorithm. */
const without = (missing: string): Engine => ({
  compressor: (algorithm) => (algorithm === missing ? undefined : engines.node.compressor(algorithm)),
});
const withoutDictionaries: Engine = {
  compressor(algorithm) {
    const inner = engines.node.compressor(algorithm);
    return inner && { ...inner, takesDictionary: false };
  },
};

test.each<CompressionOptions>([
  { engine: without('gzip'), algorithm: 'gzip' },
  { engine: without('deflate'), algorithm: 'deflate' },
  { engine: without('deflate') },
  { engine: withoutDictionaries, dictionary: createDictionary(new Uint8Array(9)) },
])('an engine that cannot do what %o ask of it is refused', (options) => {
  expect(refusalOf(compressed, options)).toEqual(refusalBy('compressed', options));
});

test('the guide’s form needs an engine that has gzip', () => {
  const options = { engine: { compressor: () => undefined } };
  expect(refusalOf(guideEnvelope, options)).toEqual(refusalBy('guideEnvelope', options));
});

describe('the engine', () => {
  test('is the one given', () => {
    const calls: string[] = [];
    const gzip = gzipOf(engines.node);
    const engine: Engine = {
      compressor: () => ({
        takesDictionary: false,
        compress(bytes, level) {
          calls.push(`compress at ${level}`);
          return gzip.compress(bytes, level);
        },
        decompress(bytes, options) {
          calls.push(`decompress up to ${options.maxOutputBytes}`);
          return gzip.decompress(bytes, options);
        },
      }),
    };
    const envelope = compressed({ engine, level: 9, maxOutputBytes: 5_000, algorithm: 'gzip' });
    expect(contentOrError(envelope, bodyOf(envelope, text))).toBe(text);
    expect(calls).toEqual(['compress at 9', 'decompress up to 5000']);
  });

  test('is Node’s zlib where there is one', () => {
    expect(bodyOf(compressed(), varied)).toBe(bodyOf(compressed({ engine: engines.node }), varied));
    expect(bodyOf(compressed(), varied)).not.toBe(bodyOf(compressed({ engine: engines.fflate }), varied));
  });

  test.each([
    ['no process', undefined],
    ['a process without getBuiltinModule, as bundlers make it', { env: {} }],
    ['a process that knows no zlib', { getBuiltinModule: () => undefined }],
  ])('is fflate with %s', (_case, process) => {
    vi.stubGlobal('process', process);
    const none = nodeEngine();
    const body = bodyOf(compressed(), varied);
    vi.unstubAllGlobals();
    expect(none).toBeUndefined();
    expect(body).toBe(bodyOf(compressed({ engine: engines.fflate }), varied));
  });
});

describe('the recorder', () => {
  const records: [name: string, value: number][] = [];
  const recorder: Recorder = {
    enabled: true,
    counter: () => ({ add: () => undefined }),
    gauge: () => ({ set: () => undefined }),
    histogram: (name, unit) => ({ record: (value) => records.push([`${name} ${unit}`, value]) }),
  };

  beforeEach(() => records.splice(0));

  test('is told the ratio of what SQS counts, and the time of each call', () => {
    const times = [10, 13, 20, 21];
    const envelope = compressed({ recorder, clock: { ...systemClock, monotonic: () => times.shift() ?? 0 } });
    const body = bodyOf(envelope, text);
    contentOrError(envelope, body);
    expect(records).toEqual([
      ['CompressionTime Milliseconds', 3],
      ['CompressionRatio None', 2_000 / body.length],
      ['DecompressionTime Milliseconds', 1],
    ]);
  });

  test('is told a ratio of 1 where compressing was of no use, and nothing below the threshold', () => {
    const envelope = compressed({
      recorder,
      thresholdBytes: 2,
      clock: { ...systemClock, monotonic: () => 0 },
    });
    bodyOf(envelope, 'abc');
    bodyOf(envelope, 'ab');
    expect(records).toEqual([
      ['CompressionTime Milliseconds', 0],
      ['CompressionRatio None', 1],
    ]);
  });

  test('that is not enabled costs no look at the clock', () => {
    const monotonic = vi.fn<() => number>(() => 0);
    const envelope = compressed({
      recorder: { ...recorder, enabled: false },
      clock: { ...systemClock, monotonic },
    });
    contentOrError(envelope, bodyOf(envelope, text));
    expect(monotonic).not.toHaveBeenCalled();
  });
});
