import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { isQueueError, type Queue, type ReceivedMessage, sqsLimits, text } from '@sqskit/core';
import { createRandom } from '@sqskit/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BatchesOptions, batches, type StreamMessage } from '../src/index.ts';
import { packing } from './packing.ts';
import { altered, createScene, type Scene } from './scene.ts';

function options<T = number>({ clock, errors }: Scene, more: BatchesOptions<T> = {}): BatchesOptions<T> {
  return {
    clock,
    random: createRandom(1),
    onError: (error, context) => errors.push({ error, context }),
    waitTimeMs: 1_000,
    ...more,
  };
}

/** Goes through batches until `enough` of them, and returns the bodies of each. */
async function bodiesOf(
  messages: AsyncGenerator<readonly StreamMessage<number>[]>,
  enough: number,
  body: (batch: readonly StreamMessage<number>[]) => unknown = () => undefined,
): Promise<number[][]> {
  const all: number[][] = [];
  for await (const batch of messages) {
    all.push(batch.map((message) => message.body));
    await body(batch);
    if (all.length === enough) {
      for (const message of batch) {
        message.ack();
      }
      break;
    }
  }
  return all;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

test('a batch is filled by as many receives as it takes', async () => {
  const scene = createScene();
  const { clock, queue, send } = scene;
  await send(250);
  const all = await clock.settle(bodiesOf(batches(queue, options(scene, { maxMessages: 100 })), 3));
  expect(all.map(({ length }) => length)).toEqual([100, 100, 50]);
  expect(all.flat().toSorted((a, b) => a - b)).toEqual(range(0, 250));
  expect(queue.messages()).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('a batch that is not full goes when its window is over, counted from its first message', async () => {
  const scene = createScene();
  const { clock, queue, send } = scene;
  const startedAt: number[] = [];
  const loop = bodiesOf(batches(queue, options(scene, { maxWaitMs: 3_000 })), 1, () =>
    startedAt.push(clock.monotonic()),
  );
  await clock.advance(10_000);
  const from = clock.monotonic();
  await send(2);
  await clock.advance(1_000);
  await send(2);
  expect(await clock.settle(loop)).toEqual([[0, 1, 2, 3]]);
  expect((startedAt[0] ?? 0) - from).toBeGreaterThanOrEqual(3_000);
  expect((startedAt[0] ?? 0) - from).toBeLessThan(3_500);
});

test('with a window of 0 a batch is what one receive brings', async () => {
  const scene = createScene();
  const { clock, queue, send } = scene;
  await send(10);
  const all = await clock.settle(bodiesOf(batches(queue, options(scene, { maxWaitMs: 0 })), 1));
  expect(all).toEqual([range(0, 10)]);
});

test('what nothing is said of is acknowledged when the next batch is asked for; the first word counts', async () => {
  const scene = createScene();
  const { clock, queue, send } = scene;
  await send(6);
  const dead = scene.createDead();
  let count = 0;
  const loop = bodiesOf(
    batches(queue, options(scene, { maxMessages: 3, deadLetterQueue: dead })),
    2,
    ([one, two]) => {
      expect(queue.deleted).toHaveLength(0);
      if (++count === 1) {
        one?.retry({ delayMs: 60_000 });
        one?.ack();
        two?.deadLetter('hopeless');
      }
    },
  );
  await clock.settle(loop);
  expect(queue.messages()).toMatchObject([{ body: '0', state: 'in-flight' }]);
  expect(dead.messages()).toMatchObject([{ body: '1' }]);
});

test.each(['break', 'throw'])(
  'a %s retries what nothing was said of, and releases what was fetched ahead',
  async (how) => {
    const scene = createScene();
    const { clock, queue, send } = scene;
    await send(8);
    const loop = async (): Promise<void> => {
      for await (const batch of batches<number>(queue, options(scene, { maxMessages: 5 }))) {
        batch[0]?.ack();
        if (how === 'throw') {
          throw new Error('out of the loop');
        }
        break;
      }
    };
    await clock.settle(loop().catch(() => undefined));
    expect(queue.deleted).toHaveLength(1);
    const changes = scene.calls('changeVisibilityBatch').flatMap(({ given }) => given);
    expect(changes.map(({ visibilityTimeoutMs }) => visibilityTimeoutMs >= 1_000)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(queue.messages()).toHaveLength(7);
    expect(clock.pendingTimers).toBe(0);
  },
);

test('leases are kept while a batch gathers and while the body runs, in which nothing is asked for', async () => {
  const scene = createScene();
  const { clock, queue, send } = scene;
  await send(20);
  const settings = options(scene, { maxMessages: 20, visibilityTimeoutMs: 4_000 });
  let receives = 0;
  const loop = bodiesOf(batches(queue, settings), 1, async () => {
    receives = scene.calls('receive').length;
    await scene.sleep(60_000);
    receives = scene.calls('receive').length - receives;
  });
  expect(await clock.settle(loop)).toEqual([range(0, 20)]);
  expect(receives).toBe(0);
  expect(queue.messages()).toEqual([]);
  expect(scene.errors).toEqual([]);

  const slow = createScene();
  await slow.send(5);
  const gathering = batches(slow.queue, options(slow, { maxWaitMs: 30_000, visibilityTimeoutMs: 4_000 }));
  expect(await slow.clock.settle(bodiesOf(gathering, 1))).toEqual([range(0, 5)]);
  expect(slow.queue.messages()).toEqual([]);
  expect(slow.errors).toEqual([]);
});

test('a message whose lease is lost while a batch gathers is not handed out', async () => {
  const scene = createScene();
  const { clock, queue, send, faults } = scene;
  await send(3);
  const settings = options(scene, { maxWaitMs: 10_000, visibilityTimeoutMs: 2_000, maxMessages: 4 });
  const loop = bodiesOf(batches(queue, settings), 1);
  await clock.advance(100);
  faults.failNext('changeVisibilityBatch', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
  await clock.advance(5_000);
  faults.clear();
  const [batch = []] = await clock.settle(loop);
  expect(scene.errors.some(({ error }) => isQueueError(error, 'lease-lost'))).toBe(true);
  expect(new Set(batch).size).toBe(batch.length);
});

test('on a FIFO queue a batch holds several messages of a group, in order, and a failure stops those behind it', async () => {
  const scene = createScene({ fifo: true });
  const { clock, queue, send } = scene;
  await send(10, { groups: ['a', 'b'] });
  const all: string[][] = [];
  const loop = async (): Promise<void> => {
    for await (const batch of batches<number>(queue, options(scene, { maxMessages: 50 }))) {
      all.push(batch.map(({ groupId, body }) => `${groupId}${body}`));
      const failing = batch.find(({ body, receiveCount }) => body === 4 && receiveCount === 1);
      failing?.retry({ delayMs: 2_000 });
      if (queue.messages().length <= batch.length && failing === undefined) {
        for (const message of batch) {
          message.ack();
        }
        break;
      }
    }
  };
  await clock.settle(loop());
  const ofGroup = (group: string): string[] => all.flat().filter((name) => name.startsWith(group));
  expect(all[0]).toHaveLength(10);
  expect(ofGroup('a')).toEqual(['a0', 'a2', 'a4', 'a6', 'a8', 'a4', 'a6', 'a8']);
  expect(ofGroup('b')).toEqual(['b1', 'b3', 'b5', 'b7', 'b9']);
  expect(queue.messages()).toEqual([]);
});

test('on a FIFO queue nothing behind a message that cannot be read is handed out before it', async () => {
  const scene = createScene({ fifo: true });
  const { clock, queue, send, sendRaw } = scene;
  await sendRaw({ body: '{', groupId: 'a', deduplicationId: 'broken' });
  await send(4, { groups: ['a', 'b'] });
  const seen: number[] = [];
  const ending = new AbortController();
  const loop = async (): Promise<void> => {
    for await (const batch of batches<number>(
      queue,
      options(scene, { signal: ending.signal, retryMaxMs: 1_000 }),
    )) {
      seen.push(...batch.map(({ body }) => body));
    }
  };
  const looping = loop();
  await clock.advance(30_000);
  ending.abort();
  await clock.settle(looping);
  expect(seen).toEqual([1, 3]);
  expect(getEventListeners(ending.signal, 'abort')).toEqual([]);
});

test('on a FIFO queue what is left of a pack is behind the message of it that failed', async () => {
  const scene = createScene({ fifo: true });
  const { clock, queue } = scene;
  const envelope = packing();
  const items = range(0, 6).map((body) => ({ id: `i${body}`, content: String(body), attempt: 0 }));
  const [first, ...others] = items;
  if (first === undefined) {
    throw new RangeError('no items');
  }
  const { payload } = await envelope.seal([first, ...others], 10_000);
  await scene.sendRaw({ ...payload, groupId: 'a', deduplicationId: 'pack' });
  const all: number[][] = [];
  const loop = async (): Promise<void> => {
    for await (const batch of batches<number>(queue, options(scene, { maxMessages: 2, envelope }))) {
      all.push(batch.map(({ body }) => body));
      batch.find(({ body, receiveCount }) => body === 2 && receiveCount === 1)?.retry();
      if (batch.some(({ body }) => body === 5)) {
        for (const message of batch) {
          message.ack();
        }
        break;
      }
    }
  };
  await clock.settle(loop());
  expect(all).toEqual([
    [0, 1],
    [2, 3],
    [2, 3],
    [4, 5],
  ]);
  expect(queue.messages()).toEqual([]);
});

test('a FIFO group is acknowledged in order, whatever fails, however batches fall', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 2_000 }),
      fc.nat({ max: 1_000_000 }),
      async (maxMessages, groupCount, maxWaitMs, seed) => {
        const scene = createScene({ fifo: true });
        const { clock, queue, send } = scene;
        const groups = ['a', 'b', 'c', 'd'].slice(0, groupCount);
        await send(40, { groups });
        const random = createRandom(seed);
        const done = new Map<string | undefined, number[]>();
        const ending = new AbortController();
        const loop = async (): Promise<void> => {
          const settings = options(scene, {
            maxMessages,
            maxWaitMs,
            retryMaxMs: 1_000,
            signal: ending.signal,
          });
          for await (const batch of batches<number>(queue, settings)) {
            const failed = new Set<string | undefined>();
            for (const message of batch) {
              const { groupId, body } = message;
              if (failed.has(groupId)) {
                continue;
              }
              if (random() < 0.15) {
                failed.add(groupId);
                message.retry({ delayMs: Math.floor(random() * 3) * 1_000 });
              } else {
                done.set(groupId, [...(done.get(groupId) ?? []), body]);
                await scene.sleep(random() * 100);
              }
            }
          }
        };
        const looping = loop();
        for (let waited = 0; queue.messages().length > 0 && waited < 600; waited++) {
          await clock.advance(1_000);
        }
        ending.abort();
        await clock.settle(looping);
        expect(queue.messages()).toEqual([]);
        for (const [at, group] of groups.entries()) {
          expect(done.get(group)).toEqual(range(0, 40).filter((body) => body % groupCount === at));
        }
        expect(clock.pendingTimers).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
});

test('wrong arguments are refused when the batches are made', () => {
  const { queue } = createScene();
  const wrong: unknown = 5;
  expect(() => batches(queue, { maxMessages: 10_001 })).toThrow(/batches: expected `maxMessages`/);
  expect(() => batches(queue, { prefetch: 5 } as object)).toThrow(/batches: expected `prefetch`/);
  expect(() => batches(wrong as Queue)).toThrow(/batches: expected `queue`/);
});

test('regression: a message that was given back because one before it came twice counted as in memory for ever', async () => {
  const scene = createScene({ fifo: true, latencyMs: 10 });
  const [first, second, third] = await received(scene);
  const answers = [[first], [first, second], [third]];
  const queue = altered(scene.queue, {
    receive: async () => {
      await scene.sleep(10);
      return answers.shift() ?? [];
    },
    deleteBatch: async (handles) => {
      await scene.sleep(1_000); // the second receive is answered meanwhile
      return handles.map(() => ({ ok: true }));
    },
  });
  const bodies: unknown[] = [];
  const { clock } = scene;
  const loop = batches<string>(queue, {
    clock,
    codec: text(),
    maxMessages: 2,
    maxWaitMs: 0,
    maxBytes: sqsLimits.maxMessageBytes,
  });
  bodies.push((await clock.settle(loop.next())).value?.map(({ id }) => id));
  bodies.push((await clock.settle(loop.next(), { withinMs: 60_000 })).value?.map(({ id }) => id));
  expect(bodies).toEqual([[first.messageId], [third.messageId]]);
  await clock.settle(loop.return());
});

/** Three messages of one group, of 300 KiB each. */
async function received({
  queue,
  clock,
}: Scene): Promise<[ReceivedMessage, ReceivedMessage, ReceivedMessage]> {
  for (const deduplicationId of ['1', '2', '3']) {
    const body = 'x'.repeat(300 * 1_024);
    await clock.settle(queue.sendBatch([{ body, groupId: 'a', deduplicationId }]));
  }
  const [first, second, third] = await clock.settle(
    queue.receive({ maxMessages: 10, waitTimeMs: 0, visibilityTimeoutMs: 43_200_000 }),
  );
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  return [first, second, third];
}
