import type { Logger, Queue } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { memoryOf } from '../src/admission.ts';
import { createProducer } from '../src/index.ts';
import { bodies, sendCalls, setUp } from './set-up.ts';

const unset = { maxMessageBytes: undefined } as const;

function listening(): { readonly logger: Logger; readonly warnings: string[] } {
  const warnings: string[] = [];
  const silent = (): void => undefined;
  return { warnings, logger: { debug: silent, error: silent, warn: (message) => warnings.push(message) } };
}

const describes = (calls: readonly { readonly verb: string }[]): number =>
  calls.filter(({ verb }) => verb === 'describe').length;

describe('the largest size', () => {
  test('is asked of the queue once, at the first send', async () => {
    const { clock, queue, producer } = setUp(unset);
    await clock.advance(10_000);
    expect(queue.calls).toEqual([]);
    await clock.settle(Promise.all(bodies('m', 30).map((body) => producer.send({ body }))));
    await clock.settle(producer.send({ body: 'later' }));
    expect(describes(queue.calls)).toBe(1);
    expect(queue.calls[0]?.verb).toBe('describe');
  });

  test('is not asked where it is given', async () => {
    const { clock, queue, producer } = setUp({ maxMessageBytes: 2_048 });
    await clock.settle(producer.send({ body: 'x' }));
    expect(describes(queue.calls)).toBe(0);
  });

  test('is the queue’s own where that is lower: for a message, and for a batch', async () => {
    const { clock, queue, producer, errorOf } = setUp(unset, { maxMessageBytes: 2_048 });
    const tooLarge = producer.send({ body: 'x'.repeat(2_049) });
    const sent = [1_024, 1_024, 1_024].map((size) => producer.send({ body: 'x'.repeat(size) }));
    expect(await errorOf(tooLarge)).toMatchObject({
      code: 'message-too-large',
      details: { bytes: 2_049, maxBytes: 2_048 },
    });
    await clock.settle(Promise.all(sent));
    expect(sendCalls(queue).map(({ given }) => given.length)).toEqual([2, 1]);
  });

  test('until it is known, messages wait in order, and within the buffer’s bounds', async () => {
    const { clock, queue, producer, errorOf } = setUp(
      { ...unset, maxBufferedMessages: 12, maxWaitingMessages: 3 },
      { latencyMs: 100 },
    );
    const sent = bodies('m', 15).map((body) => producer.send({ body }));
    expect(producer.trySend({ body: 'x' })).toBeUndefined();
    expect(await errorOf(producer.send({ body: 'x' }))).toMatchObject({ code: 'buffer-full' });
    expect(producer.stats()).toMatchObject({ bufferedMessages: 12, waitingMessages: 3, batchesInFlight: 0 });
    await clock.settle(Promise.all(sent));
    expect(queue.accepted.map(({ body }) => body)).toEqual(bodies('m', 15));
  });

  test('trySend takes messages before it is known', async () => {
    const { clock, producer } = setUp(unset);
    const receipt = producer.trySend({ body: 'first of all' });
    expect(receipt).toBeInstanceOf(Promise);
    await clock.settle(Promise.all([receipt]));
  });

  test('bytes that become base64 are counted as such before they are sealed', async () => {
    const codec = { encode: () => new Uint8Array(300), decode: String };
    const { clock, producer } = setUp({ ...unset, codec });
    const sent = producer.send({ body: 'x' });
    expect(producer.stats().bufferedBytes).toBe(memoryOf(1, 400));
    await clock.settle(sent);
    expect(producer.stats().bufferedBytes).toBe(0);
  });

  test('that the queue does not tell is 1 MiB, with one warning', async () => {
    const { logger, warnings } = listening();
    const { clock, faults, producer, queue } = setUp({ ...unset, logger });
    faults.failNext('describe', { kind: 'service-error', awsCode: 'AccessDenied', httpStatus: 403 });
    await clock.settle(Promise.all(bodies('m', 12).map((body) => producer.send({ body }))));
    await clock.settle(producer.send({ body: 'x'.repeat(1_048_576) }));
    expect(warnings).toEqual([expect.stringContaining('sqs:GetQueueAttributes')]);
    expect(describes(queue.calls)).toBe(1);
  });

  test('regression: a logger that threw at that warning kept every message from leaving', async () => {
    const throwing = (): never => {
      throw new Error('disk full');
    };
    const logger = { debug: throwing, warn: throwing, error: throwing };
    const { clock, faults, producer, queue } = setUp({ ...unset, logger });
    faults.failNext('describe', { kind: 'service-error', awsCode: 'AccessDenied', httpStatus: 403 });
    await clock.settle(producer.send({ body: 'x' }));
    expect(sendCalls(queue).length).toBe(1);
  });

  test('that the queue does not tell within 5 s is 1 MiB', async () => {
    const { logger, warnings } = listening();
    const { clock, producer, queue } = setUp({ ...unset, logger }, { latencyMs: 20_000 });
    const sent = producer.send({ body: 'x' });
    await clock.advance(4_999);
    expect(sendCalls(queue)).toEqual([]);
    await clock.advance(3);
    expect(sendCalls(queue).length).toBe(1);
    expect(warnings).toEqual([expect.stringContaining('1 MiB')]);
    await clock.settle(sent);
  });

  test.each([
    ['nonsense', () => Promise.resolve({ maxMessageBytes: Number.NaN })],
    [
      'an error at once',
      () => {
        throw new Error('no');
      },
    ],
  ])('of a queue that answers with %s is 1 MiB', async (_, describe) => {
    const { logger, warnings } = listening();
    const { clock, queue } = setUp();
    const broken = {
      url: queue.url,
      sendBatch: (entries, options) => queue.sendBatch(entries, options),
      describe,
    } as Queue; // what JavaScript may pass
    const producer = createProducer<string>(broken, { clock, logger });
    await clock.settle(producer.send({ body: 'x' }));
    expect(warnings.length).toBe(1);
  });

  test('leaves no timer behind once it is known', async () => {
    const { clock, producer } = setUp(unset);
    await clock.settle(producer.send({ body: 'x' }));
    expect(clock.pendingTimers).toBe(0);
  });
});
