import type { Envelope } from '@sqskit/core';
import { expect, test } from 'vitest';
import { createEvents, type EventKind, eventKinds } from '../bench/events.ts';
import { geometricMean, ratioOf } from '../bench/ratio.ts';
import { compressed, type Dictionary, dictionaryFromSamples, fflateEngine, packed } from '../src/index.ts';

const dictionaries = new Map(
  eventKinds.map((kind): [EventKind, Dictionary] => [
    kind,
    dictionaryFromSamples(createEvents(kind, 1_000, 1)),
  ]),
);

/** Of what SQS counts of events of 300 bytes as they are, what it counts of them sealed so: the mean over all kinds. */
async function meanRatio(
  envelopeFor: (dictionary: Dictionary | undefined) => Envelope,
  together = 1,
): Promise<number> {
  const ratios = eventKinds.map((kind) => ratioOf(envelopeFor(dictionaries.get(kind)), kind, together));
  return geometricMean(await Promise.all(ratios));
}

test('events of 300 bytes come to less than half singly, with a dictionary', async () => {
  expect(await meanRatio((dictionary) => compressed({ dictionary }))).toBeLessThanOrEqual(0.48);
  expect(
    await meanRatio((dictionary) => compressed({ dictionary, engine: fflateEngine })),
  ).toBeLessThanOrEqual(0.5);
});

test('and to a sixth less in the attribute', async () => {
  expect(
    await meanRatio((dictionary) => compressed({ dictionary, transport: 'attribute' })),
  ).toBeLessThanOrEqual(0.4);
});

test('a hundred to a pack come to a third, without a dictionary', async () => {
  expect(await meanRatio(() => packed(), 100)).toBeLessThanOrEqual(0.33);
  expect(await meanRatio(() => packed({ transport: 'attribute' }), 100)).toBeLessThanOrEqual(0.25);
});
