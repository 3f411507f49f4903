// Several queues in one consumer: they share its room, and nothing else.

import { noopRecorder, text } from '@sqskit/core';
import { sleep } from '@sqskit/core/clock';
import {
  createFakeClock,
  createFakeQueue,
  createFaultPlan,
  createRandom,
  type FakeClock,
  type FakeQueue,
  type FaultCall,
  type ScriptedFaults,
  scriptedFaults,
} from '@sqskit/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Consumer,
  type ConsumerOptions,
  createConsumer,
  deadLetter,
  type ErrorContext,
  type QueueSource,
} from '../src/index.ts';
import { altered } from './scene.ts';

interface Place {
  readonly queue: FakeQueue;
  readonly faults: ScriptedFaults;
  /** Handlers of its messages: how many have ended, and how many run. */
  ended: number;
  running: number;
  /** The sum of `running` over looks at it, and of looks. */
  occupied: number;
}

interface World {
  readonly clock: FakeClock;
  readonly places: readonly [Place, ...Place[]];
  readonly errors: { readonly error: unknown; readonly context: ErrorContext }[];
  readonly send: (place: Place | undefined, count: number) => Promise<void>;
  /** Consumes all, or what `sources` says, with handlers that take as long as `tookMs` says. */
  readonly consume: (
    options?: ConsumerOptions<number>,
    more?: { readonly sources?: readonly (Partial<QueueSource> | undefined)[]; readonly tookMs?: number[] },
  ) => Consumer;
  /** Advances, looking every 10 ms at what runs. */
  readonly watch: (ms: number) => Promise<void>;
}

const region = (name: string): string => `https://sqs.${name}.amazonaws.com/123456789012/orders`;
const regions = ['us-east-1', 'eu-west-1', 'ap-south-1', 'sa-east-1'];

function createWorld(count: number, latencyMs = 10): World {
  const clock = createFakeClock();
  const errors: World['errors'] = [];
  const make = (url: string): Place => {
    const faults = scriptedFaults();
    const queue = createFakeQueue({ clock, url, faults, latencyMs });
    return { queue, faults, ended: 0, running: 0, occupied: 0 };
  };
  const [first = region('us-east-1'), ...others] = Array.from({ length: count }, (_, index) =>
    region(regions[index] ?? `region-${index}`),
  );
  const places: World['places'] = [make(first), ...others.map(make)];
  return {
    clock,
    places,
    errors,
    async send(place, messages) {
      for (let left = messages; left > 0; left -= 10) {
        const entries = Array.from({ length: Math.min(10, left) }, (_, index) => ({ body: String(index) }));
        await clock.settle(Promise.resolve(place?.queue.sendBatch(entries)));
      }
    },
    consume(options, { sources = [], tookMs = [] } = {}) {
      const byUrl = new Map(
        places.map((place, index) => [place.queue.url, { place, ms: tookMs[index] ?? 50 }]),
      );
      return createConsumer<number>(
        places.map(({ queue }, index) => ({ queue, ...sources[index] })),
        async ({ queueUrl }) => {
          const { place, ms } = byUrl.get(queueUrl) ?? { place: places[0], ms: 0 };
          place.running++;
          await sleep(clock, ms);
          place.running--;
          place.ended++;
        },
        {
          clock,
          random: createRandom(1),
          onError: (error, context) => errors.push({ error, context }),
          ...options,
        },
      );
    },
    async watch(ms) {
      for (let left = ms; left > 0; left -= 10) {
        await clock.advance(10);
        for (const place of places) {
          place.occupied += place.running;
        }
      }
    },
  };
}

describe('several queues', () => {
  test('share the slots, and each message is settled where it came from', async () => {
    const { clock, places, send, consume } = createWorld(3);
    for (const place of places) {
      await send(place, 40);
    }
    const consumer = consume();
    consumer.start();
    await clock.advance(30_000);
    expect(places.map(({ queue }) => queue.messages())).toEqual([[], [], []]);
    expect(places.map(({ ended }) => ended)).toEqual([40, 40, 40]);
    const stats = consumer.stats();
    expect(stats).toMatchObject({ received: 120, acked: 120, polls: 3 });
    expect(stats.queues.map(({ queueUrl, acked, polls }) => ({ queueUrl, acked, polls }))).toEqual(
      places.map(({ queue }) => ({ queueUrl: queue.url, acked: 40, polls: 1 })),
    );
    const report = await clock.settle(consumer.stop());
    expect(report.isClean).toBe(true);
    expect(consumer.stats().queues.map(({ polls }) => polls)).toEqual([0, 0, 0]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('never run more handlers than one would, and hold at most one message more for each that was idle', async () => {
    const world = createWorld(4);
    const { clock, places, send, consume } = world;
    const consumer = consume({ maxConcurrency: 5, prefetch: 5 });
    consumer.start();
    await clock.advance(1_000);
    for (const place of places) {
      await send(place, 50);
    }
    let mostRunning = 0;
    let mostInHand = 0;
    for (let step = 0; step < 300; step++) {
      await clock.advance(10);
      const { running, waiting } = consumer.stats();
      mostRunning = Math.max(mostRunning, running);
      mostInHand = Math.max(mostInHand, running + waiting);
    }
    expect(mostRunning).toBe(5);
    expect(mostInHand).toBeLessThanOrEqual(5 + 5 + 3);
    await clock.settle(consumer.stop());
  });

  test.each([
    [[1, 1], 100],
    [[3, 1], 100],
    [[1, 4], 100],
  ])('weighted %j have the slots by weight while both have messages', async (weights, slots) => {
    const { places, clock, send, consume, watch } = createWorld(2);
    for (const place of places) {
      await send(place, 4_000);
    }
    const consumer = consume(
      { maxConcurrency: slots, prefetch: 20 },
      { sources: weights.map((weight) => ({ weight })) },
    );
    consumer.start();
    await watch(1_000);
    places.forEach((place) => {
      place.occupied = 0;
    });
    await watch(500);
    const [one = 0, other = 0] = places.map(({ occupied }) => occupied);
    const [first = 1, second = 1] = weights;
    expect(one / (one + other)).toBeGreaterThan(first / (first + second) - 0.12);
    expect(one / (one + other)).toBeLessThan(first / (first + second) + 0.12);
    expect((one + other) / 50).toBeGreaterThan(0.9 * slots);
    await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
  });

  test('a queue of slow messages does not slow down one of quick ones beyond its share of the slots', async () => {
    const { places, clock, send, consume, watch } = createWorld(2);
    for (const place of places) {
      await send(place, 3_000);
    }
    const consumer = consume({ maxConcurrency: 40 }, { tookMs: [10_000, 100] });
    consumer.start();
    await watch(3_000);
    const [, quick] = places;
    // Twenty slots of 100 ms each are 200 a second.
    expect(quick?.ended).toBeGreaterThan(400);
    await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
  });

  test('the share of idle queues goes to the others, and what comes to an idle one is handled at once', async () => {
    const { places, clock, send, consume } = createWorld(4);
    const alone = createWorld(1);
    await send(places[0], 1_000);
    await alone.send(alone.places[0], 1_000);
    const [consumer, single] = [consume({ maxConcurrency: 20 }), alone.consume({ maxConcurrency: 20 })];
    consumer.start();
    single.start();
    await clock.advance(2_000);
    await alone.clock.advance(2_000);
    expect(places[0].ended).toBeGreaterThan(0.95 * alone.places[0].ended);
    expect(consumer.stats().queues.map(({ polls }) => polls)).toEqual([expect.anything(), 1, 1, 1]);
    await send(places[3], 1);
    await clock.advance(100);
    expect(places[3]?.ended).toBe(1);
    // An idle queue costs three calls a minute, as if it were alone.
    const before = consumer.stats().queues[1]?.receiveCalls ?? 0;
    await clock.advance(60_000);
    expect((consumer.stats().queues[1]?.receiveCalls ?? 0) - before).toBe(3);
    await clock.settle(Promise.all([consumer.stop({ timeoutMs: 1_000 })]));
    await alone.clock.settle(single.stop({ timeoutMs: 1_000 }));
  });

  test('a queue that trickles takes hardly anything from one that is full', async () => {
    const { places, clock, send, consume } = createWorld(2);
    await send(places[0], 2_000);
    const consumer = consume({ maxConcurrency: 10, prefetch: 10 });
    consumer.start();
    for (let message = 0; message < 20; message++) {
      await send(places[1], 1);
      await clock.advance(140);
    }
    // 3 s of ten slots for 50 ms are 600.
    expect(places[0].ended).toBeGreaterThan(520);
    expect(places[1]?.ended).toBeGreaterThanOrEqual(19);
    await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
  });

  test('a queue that has run dry gives its share to the others at once, not when its long poll ends', async () => {
    const { places, clock, send, consume } = createWorld(2);
    await send(places[0], 2_000);
    await send(places[1], 200);
    const consumer = consume();
    consumer.start();
    await clock.advance(3_000);
    expect(places[1]?.ended).toBe(200);
    const before = places[0].ended;
    await clock.advance(2_000);
    // Ten slots of 50 ms each are 200 a second.
    expect(places[0].ended - before).toBeGreaterThan(380);
    await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
  });

  test('with more queues than slots every one is polled and handled', async () => {
    const { places, clock, send, consume } = createWorld(12);
    const consumer = consume({ maxConcurrency: 2, prefetch: 0 });
    consumer.start();
    await clock.advance(1_000);
    for (const place of places) {
      await send(place, 20);
    }
    await clock.advance(12_000);
    expect(places.map(({ ended }) => ended)).toEqual(places.map(() => 20));
    await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
  });

  test.each([
    [
      'is missing',
      { kind: 'service-error', awsCode: 'AWS.SimpleQueueService.NonExistentQueue', httpStatus: 400 },
    ],
    ['is throttled', { kind: 'throttle' }],
  ] as const)('one that %s leaves the others at their full rate', async (_what, fault) => {
    const { places, clock, errors, send, consume } = createWorld(2);
    const alone = createWorld(1);
    await send(places[0], 1_000);
    await alone.send(alone.places[0], 1_000);
    const [, broken] = places;
    broken?.faults.failNext('receive', fault, { times: Number.POSITIVE_INFINITY });
    const [consumer, single] = [consume(), alone.consume()];
    consumer.start();
    single.start();
    await clock.advance(2_000);
    await alone.clock.advance(2_000);
    expect(places[0].ended).toBeGreaterThan(0.95 * alone.places[0].ended);
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.every(({ context }) => context.queueUrl === broken?.queue.url)).toBe(true);
    expect(errors.every(({ context }) => context.during === 'receive')).toBe(true);
    broken?.faults.clear();
    await send(broken, 10);
    await clock.advance(31_000);
    expect(broken?.ended).toBe(10);
    await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
    await alone.clock.settle(single.stop({ timeoutMs: 1_000 }));
  });

  test('one whose deletes pile up does not keep the others from being received', async () => {
    const { places, clock, send, consume } = createWorld(2);
    const [stuck] = places;
    for (const place of places) {
      await send(place, 3_000);
    }
    stuck.faults.failNext('deleteBatch', { kind: 'throttle' }, { times: Number.POSITIVE_INFINITY });
    const consumer = consume({ maxConcurrency: 100, visibilityTimeoutMs: 600_000 }, { tookMs: [1, 1] });
    consumer.start();
    await clock.advance(20_000);
    expect(consumer.stats().queues[0]?.settling).toBeGreaterThanOrEqual(1_000);
    expect(places[1]?.queue.messages()).toEqual([]);
    await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
  });

  test('each has its own dead-letter queue, or that of the consumer', async () => {
    const { places, clock, send } = createWorld(2);
    const [one, other] = places;
    const [shared, own] = ['shared', 'own'].map((name) =>
      createFakeQueue({ clock, url: `https://sqs.us-east-1.amazonaws.com/123456789012/${name}` }),
    );
    await send(one, 1);
    await send(other, 2);
    const consumer = createConsumer<number>(
      [one.queue, { queue: other?.queue ?? one.queue, deadLetterQueue: own }],
      () => deadLetter('hopeless'),
      { clock, deadLetterQueue: shared },
    );
    consumer.start();
    await clock.advance(1_000);
    expect([shared?.messages().length, own?.messages().length]).toEqual([1, 2]);
    expect(consumer.stats().queues.map(({ deadLettered }) => deadLettered)).toEqual([1, 2]);
    await clock.settle(consumer.stop());
  });

  test('groups of the same name in two FIFO queues have nothing to do with each other', async () => {
    const clock = createFakeClock();
    const queues = ['a', 'b'].map((name) =>
      createFakeQueue({ clock, url: `https://sqs.us-east-1.amazonaws.com/123456789012/${name}.fifo` }),
    );
    for (const queue of queues) {
      const entries = [0, 1].map((n) => ({ body: String(n), groupId: 'g', deduplicationId: String(n) }));
      await clock.settle(queue.sendBatch(entries));
    }
    const order: string[] = [];
    const consumer = createConsumer<number>(
      queues,
      async ({ body, queueUrl }) => {
        order.push(`${queueUrl.at(-6)}${body}`);
        await sleep(clock, 100);
      },
      { clock },
    );
    consumer.start();
    await clock.advance(50);
    expect([...order].sort()).toEqual(['a0', 'b0']);
    await clock.advance(1_000);
    expect(order.filter((one) => one.startsWith('a'))).toEqual(['a0', 'a1']);
    expect(order.filter((one) => one.startsWith('b'))).toEqual(['b0', 'b1']);
    await clock.settle(consumer.stop());
  });

  test('are measured each by its own name', () => {
    const names = new Set<unknown>();
    const recorder = {
      ...noopRecorder,
      enabled: true,
      counter(name: string, dimensions?: Readonly<Record<string, string>>) {
        names.add(dimensions?.['QueueName']);
        return noopRecorder.counter(name);
      },
    };
    createConsumer(
      ['one', 'two'].map((name) => createFakeQueue({ url: `https://sqs.us-east-1.amazonaws.com/1/${name}` })),
      () => undefined,
      { recorder },
    );
    expect([...names]).toEqual(['one', 'two']);
  });

  test('pause, resume and stop hold for all of them', async () => {
    const { places, clock, send, consume } = createWorld(3);
    const consumer = consume();
    consumer.start();
    await clock.advance(100);
    consumer.pause();
    await clock.advance(21_000);
    expect(consumer.stats()).toMatchObject({ state: 'paused', polls: 0 });
    for (const place of places) {
      await send(place, 5);
    }
    consumer.resume();
    await clock.advance(1_000);
    expect(places.map(({ ended }) => ended)).toEqual([5, 5, 5]);
    const report = await clock.settle(consumer.stop());
    expect(report).toMatchObject({ isClean: true });
    expect(clock.pendingTimers).toBe(0);
  });

  test('whatever fails, every message is handled and settled where it came from, and nothing is left in hand', async () => {
    const rates = {
      duplicates: 0.03,
      staleHandles: 0.02,
      entryFailures: 0.05,
      throttles: 0.05,
      lostReplies: 0.03,
      lostRequests: 0.02,
      slowReplies: 0.05,
    };
    const options = fc.record({
      seed: fc.nat({ max: 100_000 }),
      queues: fc.integer({ min: 2, max: 6 }),
      maxConcurrency: fc.integer({ min: 1, max: 12 }),
      prefetch: fc.integer({ min: 0, max: 12 }),
      maxBytes: fc.constantFrom(undefined, 8_192),
      resizedTo: fc.integer({ min: 1, max: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(options, async ({ seed, queues, resizedTo, ...settings }) => {
        const clock = createFakeClock();
        const random = createRandom(seed);
        let isCalm = false;
        const fakes = Array.from({ length: queues }, (_, index) => {
          const plan = createFaultPlan({ seed: seed + index, rates, timeoutMs: 500 });
          const faults = { next: (call: FaultCall) => (isCalm ? [] : plan.next(call)) };
          // Every third is FIFO, and one is empty most of the time.
          const url = `https://sqs.us-east-1.amazonaws.com/1/q${index}${index % 3 === 2 ? '.fifo' : ''}`;
          return createFakeQueue({ clock, url, faults, latencyMs: 10, visibilityTimeoutMs: 5_000 });
        });
        const handled = new Set<string>();
        const strangers: string[] = [];
        const consumer = createConsumer<string>(
          fakes,
          async ({ body, queueUrl }) => {
            await sleep(clock, random() * 200);
            if (random() < 0.1) {
              throw new Error('unlucky');
            }
            handled.add(body);
            if (!body.startsWith(queueUrl)) {
              strangers.push(body);
            }
          },
          {
            ...settings,
            codec: text(),
            clock,
            random,
            visibilityTimeoutMs: 5_000,
            retryMaxMs: 2_000,
            maxMessageBytes: 1_024,
          },
        );
        consumer.start();
        const sent: string[] = [];
        for (let round = 0; round < 4; round++) {
          for (const fake of fakes) {
            const bodies = Array.from(
              { length: Math.floor(random() * 11) },
              (_, index) => `${fake.url} ${round} ${index}`,
            );
            const entries = bodies.map((body, index) => ({
              body,
              ...(fake.url.endsWith('.fifo')
                ? { groupId: `g${index % 2}`, deduplicationId: String(index + 100 * round) }
                : {}),
            }));
            const outcomes = bodies.length > 0 ? await clock.settle(fake.sendBatch(entries)) : [];
            sent.push(...bodies.filter((_, at) => outcomes[at]?.ok === true));
          }
          await clock.advance(random() * 3_000);
          consumer.setMaxConcurrency(round % 2 === 0 ? resizedTo : settings.maxConcurrency);
        }
        isCalm = true;
        await clock.advance(900_000);
        expect(fakes.flatMap((fake) => fake.messages())).toEqual([]);
        expect(sent.filter((body) => !handled.has(body))).toEqual([]);
        expect(strangers).toEqual([]);
        expect(consumer.stats()).toMatchObject({ running: 0, waiting: 0, settling: 0, bytes: 0 });
        for (const { running, waiting, settling } of consumer.stats().queues) {
          expect({ running, waiting, settling }).toEqual({ running: 0, waiting: 0, settling: 0 });
        }
        const report = await clock.settle(consumer.stop());
        expect(report).toMatchObject({ isClean: true });
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 25 },
    );
  });

  test('that are none, the same, or their own dead-letter queue are refused', () => {
    const queue = createFakeQueue();
    const handler = (): void => undefined;
    const refused = (queues: unknown, message: RegExp): void => {
      expect(() => createConsumer(queues as never, handler)).toThrow(message);
    };
    refused([], /expected `queues` to be a queue, or a list of at least one/);
    refused([queue, altered(queue, {})], /expected `queues` to be different queues/);
    refused([{ queue, deadLetterQueue: queue }], /another queue/);
    refused([{ queue, weight: 0 }], /weight/);
    refused([{ queue, priority: 1 }], /priority/);
    refused([{ queue: undefined }], /a queue/);
    refused([7], /a queue/);
    refused(undefined, /a queue/);
  });
});
