import { createProducer } from '@sqskit/batching';
import { compressed, guideEnvelope } from '@sqskit/compression';
import { createConsumer } from '@sqskit/consumer';
import { type Envelope, plain, sendAll } from '@sqskit/core';
import { createRegionalSender } from '@sqskit/routing';
import {
  createFakeClock,
  createFakeQueue,
  createFaultPlan,
  createLedger,
  createRandom,
} from '@sqskit/testing';
import { describe, expect, test } from 'vitest';

// Producer, routing, queue and consumer together in virtual time, while the queues fail in every way they can: nothing
// is lost, whatever the envelope.

interface Event {
  readonly id: string;
  readonly text: string;
}

const envelopes: readonly (readonly [string, () => Envelope])[] = [
  ['plain', plain],
  ['compressed', () => compressed({ thresholdBytes: 0 })],
  ['guide', () => guideEnvelope({ thresholdBytes: 0 })],
];

const rates = {
  entryFailures: 0.05,
  throttles: 0.05,
  unavailable: 0.02,
  lostReplies: 0.02,
  lostRequests: 0.02,
  slowReplies: 0.05,
};

const regionIds = ['us-east-1', 'eu-west-1', 'ap-southeast-2'] as const;
const seeds = Array.from({ length: 20 }, (_, seed) => seed);

describe.each(envelopes)('with the %s envelope', (_, createEnvelope) => {
  test.each(seeds)('nothing is lost between three failing regions, seed %i', async (seed) => {
    const clock = createFakeClock();
    const random = createRandom(seed);
    const ledger = createLedger();
    const regions = regionIds.map((regionId, index) => {
      const faults = createFaultPlan({ seed: seed * 3 + index, rates });
      const url = `https://sqs.${regionId}.amazonaws.com/123456789012/events`;
      const queue = createFakeQueue({
        clock,
        random,
        url,
        faults,
        latencyMs: 10,
        visibilityTimeoutMs: 30_000,
      });
      const envelope = createEnvelope();
      const consumer = createConsumer<Event>(queue, ({ body }) => ledger.processed(body.id), {
        clock,
        random,
        envelope,
      });
      consumer.start();
      return {
        regionId,
        queue,
        consumer,
        producer: createProducer<Event>(queue, { clock, random, envelope }),
      };
    });
    const sender = createRegionalSender<Event>(
      Object.fromEntries(regions.map(({ regionId, producer }) => [regionId, producer])),
      { clock, random, locate: ({ body }) => regionIds[Number(body.id) % 3] },
    );

    const sending = Array.from({ length: 120 }, (_, n) => {
      const body = { id: String(n), text: 'é'.repeat(n) };
      return ledger.offered(body.id, sender.send({ body })).then(
        () => undefined,
        () => undefined,
      );
    });
    await clock.settle(Promise.all(sending));
    await clock.settle(sender.close());
    // What failed after it was received comes again when its visibility timeout is over.
    await clock.advance(300_000);
    for (const { consumer, queue } of regions) {
      await clock.settle(consumer.stop());
      expect(queue.messages()).toEqual([]);
    }
    ledger.assertNothingLost();
    expect(ledger.report().sent.length + ledger.report().unknown.length).toBeGreaterThan(100);
    expect(clock.pendingTimers).toBe(0);
  });
});

test('sendAll through routing keeps the pace of the slowest region and loses nothing', async () => {
  const clock = createFakeClock();
  const random = createRandom(1);
  const queue = createFakeQueue({ clock, random, latencyMs: 200 });
  const producer = createProducer<Event>(queue, {
    clock,
    random,
    maxBufferedMessages: 50,
    maxConcurrency: 1,
  });
  const sender = createRegionalSender<Event>(
    { 'us-east-1': producer },
    { clock, random, deadlineMs: 600_000 },
  );
  const messages = Array.from({ length: 500 }, (_, n) => ({ body: { id: String(n), text: '' } }));
  const summary = await clock.settle(sendAll(sender, messages));
  expect(summary).toEqual({ sent: 500, failed: 0, failures: [] });
  expect(queue.messages()).toHaveLength(500);
});
