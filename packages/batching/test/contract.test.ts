import { text } from '@sqskit/core';
import { type SenderParts, senderContract } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { createProducer, type Producer, type ProducerOptions } from '../src/index.ts';
import { contentsOf, packingEnvelope } from './packing-envelope.ts';
import { slowEnvelope } from './slow-envelope.ts';

const configurations: readonly (readonly [string, (parts: SenderParts) => ProducerOptions<string>])[] = [
  ['by default', () => ({})],
  ['that lingers long', () => ({ lingerMs: 500, lingerWhenIdle: true })],
  [
    'with five batches in flight, of four',
    () => ({ maxConcurrency: 5, maxBatchEntries: 4, maxMessageBytes: 1_048_576 }),
  ],
  [
    'with an envelope that takes its time',
    ({ clock, random }) => ({
      envelope: slowEnvelope(clock, () => random() * 50),
      maxMessageBytes: 1_048_576,
    }),
  ],
  ['that packs', () => ({ envelope: packingEnvelope({ maxItems: 7 }) })],
  [
    'that packs, and takes its time',
    ({ clock, random }) => ({
      envelope: slowEnvelope(clock, () => random() * 50, packingEnvelope()),
      maxMessageBytes: 1_048_576,
    }),
  ],
];

describe.each(configurations)('a producer %s is a Sender', (_, optionsOf) => {
  const cases = senderContract({
    readTexts: ({ body }) => contentsOf(body),
    createSender: (parts): Producer<string> =>
      createProducer(parts.queue, {
        codec: text(),
        clock: parts.clock,
        random: parts.random,
        maxBufferedMessages: parts.maxMessages,
        deadlineMs: parts.deadlineMs,
        ...optionsOf(parts),
      }),
  });
  test.each(cases)('$name', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
