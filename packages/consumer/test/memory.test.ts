// What messages in hand keep in memory: bounded in bytes, and counted until nobody needs it any more.

import { type Envelope, plain, type Queue, type ReceivedMessage, text } from '@sqskit/core';
import { sleep } from '@sqskit/core/clock';
import { createFakeClock, createFakeQueue, createRandom, scriptedFaults } from '@sqskit/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ConsumerOptions, createConsumer, deadLetter, release, retry, stream } from '../src/index.ts';
import { packing } from './packing.ts';
import { altered, createScene, deadUrl } from './scene.ts';

const mebibyte = 1_048_576;

interface Counted {
  readonly queue: Queue;
  /** Bytes that a receive under way may bring, and bytes received and not handled. */
  reserved: number;
  held: number;
  most: number;
  readonly asked: number[];
  /** To be called when a message has been handled. */
  readonly handled: (bytes: number) => void;
}

/** Counts what is, or may come to be, in the hand of whoever receives from it. */
function counted(queue: Queue, maxMessageBytes: number, all?: { most: number; now: number }): Counted {
  const sum = all ?? { most: 0, now: 0 };
  const add = (bytes: number): void => {
    sum.now += bytes;
    sum.most = Math.max(sum.most, sum.now);
  };
  const counts: Counted = {
    reserved: 0,
    held: 0,
    asked: [],
    get most() {
      return sum.most;
    },
    handled(bytes) {
      counts.held -= bytes;
      add(-bytes);
    },
    queue: altered(queue, {
      async receive(request, options) {
        const bytes = (request.maxMessages ?? 1) * maxMessageBytes;
        counts.asked.push(request.maxMessages ?? 1);
        counts.reserved += bytes;
        add(bytes);
        let messages: readonly ReceivedMessage[] = [];
        try {
          messages = await queue.receive(request, options);
          return messages;
        } finally {
          const held = messages.reduce((total, { body }) => total + body.length, 0);
          counts.reserved -= bytes;
          counts.held += held;
          add(held - bytes);
        }
      },
    }),
  };
  return counts;
}

describe('bytes in hand', () => {
  test('256 MiB of messages of 1 MiB never exceed a bound of 16 MiB, and none is left in the end', async () => {
    const clock = createFakeClock();
    const body = 'x'.repeat(mebibyte); // one string, which all of them share
    let sent = 0;
    // A queue of its own: to send so much takes longer than to receive it.
    const left = Array.from({ length: 256 }, (_, index) => String(index));
    const inFlight = new Set<string>();
    const fake = createFakeQueue({ clock });
    const source = altered(fake, {
      async receive({ maxMessages }) {
        await sleep(clock, 10);
        const ids = left.splice(0, maxMessages);
        return ids.map((messageId): ReceivedMessage => {
          inFlight.add(messageId);
          sent++;
          return {
            messageId,
            receiptHandle: messageId,
            body,
            attributes: {},
            receiveCount: 1,
            sentAtMs: 0,
            groupId: undefined,
            deduplicationId: undefined,
            sequenceNumber: undefined,
            traceHeader: undefined,
          };
        });
      },
      async deleteBatch(handles) {
        await sleep(clock, 10);
        return handles.map((handle) => {
          inFlight.delete(handle);
          return { ok: true };
        });
      },
    });
    const counts = counted(source, mebibyte);
    let mostStated = 0;
    const consumer = createConsumer<string>(
      counts.queue,
      async (message) => {
        mostStated = Math.max(mostStated, consumer.stats().bytes);
        await sleep(clock, 50);
        counts.handled(message.body.length);
      },
      { clock, codec: text(), maxConcurrency: 100, maxBytes: 16 * mebibyte, waitTimeMs: 100 },
    );
    consumer.start();
    await clock.advance(10_000);
    expect({ sent, inFlight: inFlight.size }).toEqual({ sent: 256, inFlight: 0 });
    expect(counts.most).toBeLessThanOrEqual(16 * mebibyte);
    expect(counts.most).toBeGreaterThan(14 * mebibyte); // and it is made use of
    expect(mostStated).toBeLessThanOrEqual(16 * mebibyte);
    expect(counts.held).toBe(0);
    expect(consumer.stats()).toMatchObject({ bytes: 0, running: 0, waiting: 0, settling: 0, acked: 256 });
    await clock.settle(consumer.stop());
    expect(clock.pendingTimers).toBe(0);
  });

  test('a bound of less than ten messages has polls ask for fewer, down to one', async () => {
    for (const messages of [1, 3]) {
      const { clock, queue, send, consume, sleep: rest } = createScene({ latencyMs: 10 });
      await send(50);
      const { asked, queue: watched } = counted(queue, 1_024);
      const options = { maxBytes: messages * 1_024, maxMessageBytes: 1_024, maxConcurrency: 50 };
      const consumer = consume(() => rest(5), options, watched);
      consumer.start();
      await clock.advance(3_000);
      expect(queue.messages()).toEqual([]);
      expect(Math.max(...asked)).toBe(messages);
      await clock.settle(consumer.stop());
    }
  });

  test('small messages leave room for as many as there are slots for', async () => {
    const { clock, send, consume, sleep: rest } = createScene({ latencyMs: 10 });
    await send(400);
    const consumer = consume(() => rest(10_000), {
      maxBytes: 100 * 1_024,
      maxMessageBytes: 1_024,
      maxConcurrency: 300,
      prefetch: 0,
    });
    consumer.start();
    await clock.advance(5_000);
    expect(consumer.stats().running).toBe(300);
    await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
  });

  test('the bound is one for all queues, and none is kept from being polled by what others may bring', async () => {
    const clock = createFakeClock();
    const sum = { most: 0, now: 0 };
    const fakes = ['a', 'b', 'c'].map((name) =>
      createFakeQueue({ clock, latencyMs: 10, url: `https://sqs.us-east-1.amazonaws.com/1/${name}` }),
    );
    const queues = fakes.map((queue) => counted(queue, 1_024, sum));
    const consumer = createConsumer<string>(
      queues.map(({ queue }) => queue),
      async ({ body, queueUrl }) => {
        await sleep(clock, 30);
        queues.find(({ queue }) => queue.url === queueUrl)?.handled(body.length);
      },
      { clock, codec: text(), maxBytes: 12 * 1_024, maxMessageBytes: 1_024, maxConcurrency: 100 },
    );
    consumer.start();
    const body = 'y'.repeat(1_000);
    // The first runs dry with long polls under way that may bring all that there is room for.
    for (const [queue, count] of [
      [fakes[0], 40],
      [fakes[1], 30],
      [fakes[2], 30],
    ] as const) {
      for (let sent = 0; sent < count; sent += 10) {
        await clock.settle(Promise.resolve(queue?.sendBatch(Array.from({ length: 10 }, () => ({ body })))));
      }
      await clock.advance(2_500);
      expect(queue?.messages()).toEqual([]);
    }
    expect(sum.most).toBeLessThanOrEqual(12 * 1_024);
    expect(consumer.stats().bytes).toBe(0);
    await clock.settle(consumer.stop());
  });

  test('what a message holds counts from when it is opened, and its own body until all of it could be read', async () => {
    const { clock, sendRaw, consume, sleep: rest } = createScene();
    await sendRaw({ body: 'tiny' });
    const bytes: number[] = [];
    const envelope: Envelope = {
      ...plain(),
      maxItems: 2,
      open: () => ({
        items: [
          { content: 'z'.repeat(5_000), attributes: {}, attempt: 0 },
          { content: new Uint8Array(3_000), attributes: { k: { type: 'String', value: 'v' } }, attempt: 0 },
        ],
      }),
    };
    const consumer = consume<unknown>(
      async () => {
        bytes.push(consumer.stats().bytes);
        await rest(10);
      },
      { envelope, codec: { ...text(), decode: (content) => content.length }, maxConcurrency: 1 },
    );
    consumer.start();
    await clock.advance(1_000);
    const attributes = 'k'.length + 'String'.length + 'v'.length;
    expect(bytes).toEqual([8_000 + attributes, 8_000 + attributes]);
    expect(consumer.stats().bytes).toBe(0);
    await clock.settle(consumer.stop());
  });

  test('of what waits to be settled only what is still needed counts', async () => {
    const { clock, faults, sendRaw, consume } = createScene();
    const bodies = ['ack', 'retry', 'dead-letter'].map((body) => body.padEnd(1_000));
    for (const body of bodies) {
      await sendRaw({ body });
    }
    const consumer = consume<string>(
      ({ body }) =>
        ({ ack: undefined, retry: retry({ delayMs: 60_000 }), 'dead-letter': deadLetter('hopeless') })[
          body.trim()
        ],
      { codec: text(), settleLingerMs: 0, deadLetterQueue: createFakeQueue({ clock, url: deadUrl }) },
    );
    for (const verb of ['deleteBatch', 'changeVisibilityBatch'] as const) {
      faults.failNext(verb, { kind: 'slow-reply', delayMs: 1_000 }, { times: 2 });
    }
    consumer.start();
    await clock.advance(500);
    expect(consumer.stats()).toMatchObject({ settling: 3 });
    // The one that is sent on keeps its body, and the one that comes again its content, until they are settled.
    expect(consumer.stats().bytes).toBe(2_000);
    await clock.advance(1_000);
    expect(consumer.stats().bytes).toBe(0);
    await clock.settle(consumer.stop());
  });

  test('whatever becomes of messages, nothing counts in the end', async () => {
    const options = fc.record({
      seed: fc.nat({ max: 1_000 }),
      fifo: fc.boolean(),
      packed: fc.boolean(),
      maxBytes: fc.constantFrom(2_048, 8_192, 1_000_000),
      maxConcurrency: fc.integer({ min: 1, max: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(options, async ({ seed, fifo, packed, maxBytes, maxConcurrency }) => {
        const clock = createFakeClock();
        const faults = scriptedFaults();
        const random = createRandom(seed);
        const url = `https://sqs.us-east-1.amazonaws.com/1/q${fifo ? '.fifo' : ''}`;
        const dead = createFakeQueue({ clock, url: url.replace('/q', '/dead') });
        const queue = createFakeQueue({ clock, url, faults, latencyMs: 5, visibilityTimeoutMs: 2_000 });
        const envelope = packed ? packing() : plain();
        for (let sent = 0; sent < 40; sent++) {
          const item = (n: number) => ({
            id: `${sent}.${n}`,
            content: `${sent}.${n}`,
            attributes: {},
            attempt: 0,
          });
          const others = packed ? [item(1), item(2)] : [];
          const { payload } = await envelope.seal([item(0), ...others], 10_000);
          const order = fifo ? { groupId: `g${sent % 4}`, deduplicationId: String(sent) } : {};
          await clock.settle(queue.sendBatch([{ ...payload, ...order }]));
        }
        for (const kind of ['lost-reply', 'duplicate', 'throttle', 'stale-handle'] as const) {
          faults.failNext('receive', { kind: fifo && kind === 'duplicate' ? 'throttle' : kind } as never);
          faults.failNext('deleteBatch', { kind: fifo && kind === 'duplicate' ? 'throttle' : kind } as never);
          faults.failNext(
            'changeVisibilityBatch',
            { kind: kind === 'duplicate' ? 'throttle' : kind } as never,
            { times: 3 },
          );
        }
        const settings: ConsumerOptions<string> = {
          clock,
          random,
          envelope,
          codec: text(),
          maxBytes,
          maxMessageBytes: 1_024,
          maxConcurrency,
          visibilityTimeoutMs: 2_000,
          retryMaxMs: 1_000,
          deadLetterQueue: dead,
        };
        const consumer = createConsumer<string>(
          queue,
          async ({ receiveCount }) => {
            await sleep(clock, random() * (random() < 0.1 ? 5_000 : 50));
            if (receiveCount > 3) {
              return undefined;
            }
            const draw = random();
            if (draw < 0.2) {
              throw new Error('unlucky');
            }
            return draw < 0.3
              ? deadLetter('unlucky')
              : draw < 0.4
                ? release()
                : draw < 0.5
                  ? retry()
                  : undefined;
          },
          settings,
        );
        consumer.start();
        await clock.advance(600_000);
        expect(queue.messages()).toEqual([]);
        expect(consumer.stats()).toMatchObject({ bytes: 0, running: 0, waiting: 0, settling: 0 });
        expect(consumer.stats().queues[0]).toMatchObject({ running: 0, waiting: 0, settling: 0 });
        await clock.settle(consumer.stop());
      }),
      { numRuns: 25 },
    );
  });

  test('a bound without room for one message of each queue is refused', () => {
    const queues = ['a', 'b'].map((name) =>
      createFakeQueue({ url: `https://sqs.us-east-1.amazonaws.com/1/${name}` }),
    );
    const [queue] = queues;
    const refusal = /expected `maxBytes` to be at least `maxMessageBytes`/;
    expect(() => createConsumer(queues, () => undefined, { maxBytes: 2_000_000 })).toThrow(refusal);
    expect(() => stream(queue ?? createFakeQueue(), { maxBytes: 2_000 })).toThrow(refusal);
  });
});
