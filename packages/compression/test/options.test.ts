import { readFileSync } from 'node:fs';
import type { Recorder } from '@sqskit/core';
import { systemClock } from '@sqskit/core/clock';
import { describeOptions } from '@sqskit/core/options';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { compressionRules } from '../src/compression-options.ts';
import {
  compressed,
  createMessageCompressor,
  type GzipEngine,
  guideEnvelope,
  nodeGzip,
} from '../src/index.ts';
import { engines } from './engines.ts';
import { bodyOf, contentOrError } from './opening.ts';

const text = 'a'.repeat(2_000);
/** A text of which the engines make different bytes. */
const varied = JSON.stringify(Array.from({ length: 90 }, (_, id) => ({ id, place: 'Añatuya' })));

afterEach(() => vi.unstubAllGlobals());

test('the options table of the README is the rules’', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const table = /<!-- options:compression -->\n(.*?)\n<!-- \/options -->/s.exec(readme)?.[1];
  expect(table).toBe(describeOptions(compressionRules));
});

describe.each([
  ['compressed', compressed],
  ['guideEnvelope', guideEnvelope],
  ['createMessageCompressor', createMessageCompressor],
])('%s', (name, make) => {
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
    // What JavaScript callers may do.
    const untyped: (options: never) => unknown = make;
    const [option] = Object.keys(options);
    expect(() => untyped(options as never)).toThrow(
      expect.objectContaining({
        code: 'option-invalid',
        message: expect.stringContaining(`${name}: expected \`${option}\``),
      }),
    );
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
    expect(() => make(none)).not.toThrow();
  });
});

describe('the engine', () => {
  test('is the one given', () => {
    const calls: string[] = [];
    const engine: GzipEngine = {
      gzip(bytes, level) {
        calls.push(`gzip at ${level}`);
        return engines.node.gzip(bytes, level);
      },
      gunzip(bytes, maxOutputBytes) {
        calls.push(`gunzip up to ${maxOutputBytes}`);
        return engines.node.gunzip(bytes, maxOutputBytes);
      },
    };
    const envelope = compressed({ engine, level: 9, maxOutputBytes: 5_000 });
    expect(contentOrError(envelope, bodyOf(envelope, text))).toBe(text);
    expect(calls).toEqual(['gzip at 9', 'gunzip up to 5000']);
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
    const none = nodeGzip();
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
