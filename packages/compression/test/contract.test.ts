import { type Envelope, plain } from '@sqskit/core';
import { envelopeContract } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { compressed, guideEnvelope } from '../src/index.ts';
import { engines, everyEngine } from './engines.ts';

const { node, fflate } = engines;

/** One seals and another opens, as in a fleet whose halves differ. */
function halves(sealer: Envelope, opener: Envelope): Envelope {
  return {
    maxItems: sealer.maxItems,
    seal: (items, maxBytes) => sealer.seal(items, maxBytes),
    open: (payload) => opener.open(payload),
  };
}

const crossed = {
  'compressed() by zlib, opened by fflate,': () =>
    halves(compressed({ engine: node, thresholdBytes: 0 }), compressed({ engine: fflate })),
  'compressed() by fflate, opened by zlib,': () =>
    halves(compressed({ engine: fflate, thresholdBytes: 0 }), compressed({ engine: node })),
  'guideEnvelope(), opened by compressed(),': () => halves(guideEnvelope(), compressed()),
  'compressed(), opened by guideEnvelope(),': () => halves(compressed(), guideEnvelope()),
  'plain(), opened by compressed(),': () => halves(plain(), compressed()),
};
const own = Object.fromEntries(
  everyEngine.flatMap(([name, engine]) => [
    [`compressed() on ${name}`, () => compressed({ engine })],
    [`compressed() of every content on ${name}`, () => compressed({ engine, thresholdBytes: 0 })],
    [`guideEnvelope() on ${name}`, () => guideEnvelope({ engine })],
    [`guideEnvelope() of every content on ${name}`, () => guideEnvelope({ engine, thresholdBytes: 0 })],
  ]),
);

describe.each(Object.entries({ ...own, ...crossed }))(
  '%s keeps the contract of an envelope',
  (_, createEnvelope) => {
    const cases = envelopeContract({ createEnvelope }).map(({ name, run }) => [name, run] as const);

    test.each(cases)('%s', async (_name, run) => {
      await expect(run()).resolves.toBeUndefined();
    });
  },
);
