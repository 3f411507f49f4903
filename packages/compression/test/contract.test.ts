import { type Envelope, plain, withIds } from '@sqskit/core';
import { envelopeContract } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { compressed, createDictionary, guideEnvelope, type PackingOptions, packed } from '../src/index.ts';
import { engines, withoutZstd } from './engines.ts';

const { node, fflate } = engines;
const dictionary = createDictionary(
  new TextEncoder().encode(
    '"tags":["a","b"],"nested":{"quote":"\\"","back":"the same again and again {"id":17,',
  ),
);

/** One seals and another opens, as in a fleet whose halves differ. */
function halves(sealer: Envelope, opener: Envelope): Envelope {
  return {
    maxItems: sealer.maxItems,
    seal: (items, maxBytes) => sealer.seal(items, maxBytes),
    open: (payload) => opener.open(payload),
  };
}

const everything = { thresholdBytes: 0 };
const attribute = { ...everything, transport: 'attribute' } as const;
const shared = { ...everything, dictionary };

const singles = {
  'compressed()': () => compressed(),
  'compressed() of every content': () => compressed(everything),
  'compressed() by zstd': () => compressed({ ...everything, algorithm: 'zstd' }),
  'compressed() by zstd in an attribute, with a dictionary': () =>
    compressed({ ...attribute, ...shared, algorithm: 'zstd' }),
  'compressed() by deflate in an attribute': () => compressed({ ...attribute, algorithm: 'deflate' }),
  'compressed() by deflate, with a dictionary': () => compressed({ ...shared, algorithm: 'deflate' }),
  'compressed() by gzip': () => compressed({ ...everything, algorithm: 'gzip' }),
  'compressed() off the event loop': () => compressed({ ...everything, maxBlockMs: 0 }),
  'compressed() on a Node without zstd': () => compressed({ ...everything, engine: withoutZstd }),
  'compressed() on fflate': () => compressed({ ...everything, engine: fflate }),
  'compressed() on fflate in an attribute, with a dictionary': () =>
    compressed({ ...attribute, ...shared, engine: fflate }),
  'compressed() by gzip on fflate': () => compressed({ ...everything, engine: fflate, algorithm: 'gzip' }),
  'guideEnvelope()': () => guideEnvelope(),
  'guideEnvelope() of every content': () => guideEnvelope(everything),
  'guideEnvelope() of every content on fflate': () => guideEnvelope({ ...everything, engine: fflate }),
};

const packs: Readonly<Record<string, PackingOptions>> = {
  'packed()': {},
  'packed() of at most 1,024 bytes': { targetBytes: 1_024 },
  'packed() of at most three': { maxItems: 3 },
  'packed() in an attribute': attribute,
  'packed() with a dictionary': shared,
  'packed() off the event loop': { ...everything, maxBlockMs: 0 },
  'packed() by deflate, in an attribute, with a dictionary': {
    ...attribute,
    ...shared,
    algorithm: 'deflate',
  },
  'packed() on a Node without zstd': { engine: withoutZstd },
  'packed() on fflate': { engine: fflate },
  'packed() on fflate, with a dictionary': { ...shared, engine: fflate },
};

const crossed = {
  'compressed() with ids': () => withIds(compressed()),
  'packed() with ids': () => withIds(packed()),
  'packed() with ids, off the event loop': () => withIds(packed({ ...everything, maxBlockMs: 0 })),
  'compressed() by zlib, opened by fflate,': () =>
    halves(
      compressed({ ...shared, engine: node, algorithm: 'deflate' }),
      compressed({ engine: fflate, dictionaries: [dictionary] }),
    ),
  'compressed() by fflate, opened by zlib,': () =>
    halves(compressed({ ...shared, engine: fflate }), compressed({ engine: node, dictionary })),
  'packed() by zlib, opened by fflate,': () =>
    halves(packed({ engine: node, algorithm: 'deflate' }), packed({ engine: fflate })),
  'packed() by fflate, opened by zlib,': () => halves(packed({ engine: fflate }), packed()),
  'packed(), opened by compressed(),': () => halves(packed(), compressed()),
  'compressed(), opened by packed(),': () => halves(compressed(everything), packed()),
  'guideEnvelope(), opened by compressed(),': () => halves(guideEnvelope(), compressed()),
  'compressed(), opened by guideEnvelope(),': () => halves(compressed(), guideEnvelope()),
  'plain(), opened by packed(),': () => halves(plain(), packed()),
};

const makers: Readonly<Record<string, () => Envelope>> = {
  ...singles,
  ...Object.fromEntries(Object.entries(packs).map(([name, options]) => [name, () => packed(options)])),
  ...crossed,
};

describe.each(Object.entries(makers))('%s keeps the contract of an envelope', (_, createEnvelope) => {
  const cases = envelopeContract({ createEnvelope }).map(({ name, run }) => [name, run] as const);

  test.each(cases)('%s', async (_name, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
