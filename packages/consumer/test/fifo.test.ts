import type { ReceivedMessage } from '@sqskit/core';
import { expect, test } from 'vitest';
import { release, retry } from '../src/index.ts';
import { altered, createScene } from './scene.ts';

test('messages of one group run one after the other, groups beside one another', async () => {
  const { clock, queue, send, consume, sleep } = createScene({ fifo: true, latencyMs: 5 });
  await send(40, { groups: ['a', 'b', 'c', 'd'] });
  const running = new Map<string, number>();
  const seen = new Map<string, number[]>();
  let together = 0;
  const consumer = consume(async ({ body, groupId = '' }) => {
    running.set(groupId, (running.get(groupId) ?? 0) + 1);
    expect(running.get(groupId)).toBe(1);
    together = Math.max(
      together,
      [...running.values()].reduce((sum, count) => sum + count, 0),
    );
    seen.set(groupId, [...(seen.get(groupId) ?? []), body]);
    await sleep(100);
    running.set(groupId, 0);
  });
  consumer.start();
  await clock.advance(5_000);
  expect(queue.messages()).toEqual([]);
  for (const bodies of seen.values()) {
    expect(bodies).toEqual([...bodies].sort((one, other) => one - other));
    expect(bodies).toHaveLength(10);
  }
  expect(together).toBeGreaterThan(2);
  await clock.settle(consumer.stop());
});

test('the next of a group starts only when the one before is deleted', async () => {
  const { clock, queue, faults, send, consume } = createScene({ fifo: true, latencyMs: 50 });
  await send(3);
  faults.failNext('deleteBatch', { kind: 'unavailable' }, { times: 2 });
  const undeleted: number[] = [];
  const consumer = consume(({ body }) => {
    undeleted.push(queue.messages().filter((message) => Number(message.body) < body).length);
  });
  consumer.start();
  await clock.advance(5_000);
  expect(undeleted).toEqual([0, 0, 0]);
  expect(queue.messages()).toEqual([]);
  await clock.settle(consumer.stop());
});

test('deletes of a FIFO queue do not linger', async () => {
  const { clock, send, consume } = createScene({ fifo: true });
  await send(5);
  const consumer = consume(() => undefined, { settleLingerMs: 5_000 });
  consumer.start();
  await clock.advance(20);
  expect(consumer.stats().acked).toBe(5);
  await clock.settle(consumer.stop());
});

test('after a failure the rest of the group is released at once, last first, and the head keeps its back-off', async () => {
  const { clock, queue, send, consume, calls } = createScene({ fifo: true });
  await send(4);
  const seen: number[] = [];
  const consumer = consume(
    ({ body, receiveCount }) => {
      seen.push(body);
      if (body === 1 && receiveCount === 1) {
        throw new Error('the first time');
      }
    },
    { random: () => 0, retryBaseMs: 1_000 },
  );
  consumer.start();
  await clock.advance(100);
  expect(seen).toEqual([0, 1]);
  const handles = calls('changeVisibilityBatch').flatMap(({ given }) => given);
  expect(handles.map(({ visibilityTimeoutMs }) => visibilityTimeoutMs)).toEqual([0, 0, 1_000]);
  expect(handles.map(({ receiptHandle }) => Number(receiptHandle.split('-')[1]))).toEqual([4, 3, 2]);
  expect(queue.messages().map(({ state }) => state)).toEqual(['in-flight', 'visible', 'visible']);
  await clock.advance(1_500);
  expect(seen).toEqual([0, 1, 1, 2, 3]);
  expect(queue.messages()).toEqual([]);
  await clock.settle(consumer.stop());
});

test('a released message runs again before those behind it', async () => {
  const { clock, queue, send, consume } = createScene({ fifo: true });
  await send(12);
  const seen: string[] = [];
  const consumer = consume(({ body, receiveCount }) => {
    seen.push(`${body}`);
    return body % 4 === 2 && receiveCount < 3 ? release() : undefined;
  });
  consumer.start();
  await clock.advance(5_000);
  expect(queue.messages()).toEqual([]);
  const order = seen.map(Number);
  expect(order).toEqual([...order].sort((one, other) => one - other));
  await clock.settle(consumer.stop());
});

test('a failing group does not hold up the others', async () => {
  const { clock, queue, send, consume } = createScene({ fifo: true });
  await send(30, { groups: ['bad', 'good', 'better'] });
  const consumer = consume(({ groupId }) => {
    if (groupId === 'bad') {
      throw new Error('always');
    }
  });
  consumer.start();
  await clock.advance(30_000);
  expect(queue.messages().map(({ groupId }) => groupId)).toEqual(Array.from({ length: 10 }, () => 'bad'));
  await clock.settle(consumer.stop());
});

test('when a delete is refused the group does not go on', async () => {
  const { clock, queue, faults, send, consume } = createScene({ fifo: true });
  await send(3);
  faults.failNext('deleteBatch', { kind: 'entry-rejection' });
  const seen: number[] = [];
  const consumer = consume(
    ({ body }) => {
      seen.push(body);
    },
    { visibilityTimeoutMs: 5_000 },
  );
  consumer.start();
  await clock.advance(4_000);
  expect(seen).toEqual([0]);
  await clock.advance(4_000);
  // The first came again too, and was deleted without a run.
  expect(seen).toEqual([0, 1, 2]);
  expect(queue.messages()).toEqual([]);
  await clock.settle(consumer.stop());
});

test('when a lease is lost the rest of the group is released, and order holds while the old handler lingers', async () => {
  const { clock, queue, faults, send, consume, sleep } = createScene({ fifo: true });
  await send(4);
  const seen: string[] = [];
  let running = 0;
  const consumer = consume(
    async ({ body, receiveCount }) => {
      seen.push(`${body}/${receiveCount}`);
      expect(++running).toBe(1);
      await sleep(body === 0 && receiveCount === 1 ? 9_000 : 10);
      running--;
    },
    { visibilityTimeoutMs: 2_000 },
  );
  consumer.start();
  await clock.advance(500);
  faults.failNext('changeVisibilityBatch', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
  await clock.advance(2_000);
  faults.clear();
  expect(consumer.stats().leasesLost).toBeGreaterThan(0);
  await clock.advance(20_000);
  expect(queue.messages()).toEqual([]);
  expect(seen.map((each) => each.split('/')[0])).toEqual(['0', '0', '1', '2', '3']);
  await clock.settle(consumer.stop());
});

test('when the lease of the head alone is lost the rest of its group is released at once', async () => {
  const { clock, queue, faults, send, consume, sleep } = createScene({ fifo: true });
  await send(4);
  faults.failNext('changeVisibilityBatch', {
    kind: 'entry-rejection',
    awsCode: 'ReceiptHandleIsInvalid',
    positions: [0],
  });
  const consumer = consume(() => sleep(30_000), { visibilityTimeoutMs: 10_000, waitTimeMs: 1_000 });
  consumer.start();
  await clock.advance(4_000);
  consumer.pause();
  await clock.advance(1_500);
  expect(queue.messages().map(({ state }) => state)).toEqual(['in-flight', 'visible', 'visible', 'visible']);
  expect(consumer.stats()).toMatchObject({ leasesLost: 1, released: 3, running: 1 });
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('a group that waits does not keep free slots from other groups', async () => {
  const { clock, send, consume, sleep } = createScene({ fifo: true });
  await send(8, { groups: ['slow'] });
  await send(8, { groups: ['quick'] });
  const done: string[] = [];
  const consumer = consume(
    async ({ groupId = '' }) => {
      await sleep(groupId === 'slow' ? 60_000 : 1);
      done.push(groupId);
    },
    { maxConcurrency: 5, prefetch: 12 },
  );
  consumer.start();
  await clock.advance(1_000);
  expect(done).toEqual(Array.from({ length: 8 }, () => 'quick'));
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('messages that wait for their group leave the slots to other groups', async () => {
  const { clock, queue, send, consume, sleep } = createScene({ fifo: true, latencyMs: 5 });
  for (let group = 0; group < 10; group++) {
    await send(10, { groups: [`g${group}`] });
  }
  let most = 0;
  const startedAt = clock.monotonic();
  let endedAt = 0;
  const consumer = consume(async () => {
    most = Math.max(most, consumer.stats().running);
    await sleep(100);
    endedAt = clock.monotonic();
  });
  consumer.start();
  await clock.advance(10_000);
  expect(most).toBe(10);
  expect(queue.messages()).toEqual([]);
  // A receive brings ten of one group: with no more than 20 messages in hand two groups would run at a time.
  expect(endedAt - startedAt).toBeLessThan(2_000);
  await clock.settle(consumer.stop());
});

test('however many groups there are, what waits in hand is bounded', async () => {
  const { clock, send, consume } = createScene({ fifo: true });
  for (let group = 0; group < 60; group++) {
    await send(10, { groups: [`g${group}`] });
  }
  const consumer = consume(() => new Promise(() => undefined), { maxConcurrency: 2, prefetch: 8 });
  consumer.start();
  await clock.advance(60_000);
  const { running, waiting } = consumer.stats();
  expect(running).toBe(2);
  expect(running + waiting).toBeLessThanOrEqual(100);
  await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
});

test('a standard queue with groups runs them beside one another', async () => {
  const { clock, sendRaw, consume, sleep } = createScene();
  for (let count = 0; count < 5; count++) {
    await sendRaw({ body: '1', groupId: 'tenant' });
  }
  let most = 0;
  const consumer = consume(async () => {
    most = Math.max(most, consumer.stats().running);
    await sleep(100);
  });
  consumer.start();
  await clock.advance(1_000);
  expect(most).toBe(5);
  await clock.settle(consumer.stop());
});

test('on a stop the waiting messages of a group are released last first, and the head may finish', async () => {
  const { clock, queue, send, consume, sleep, calls } = createScene({ fifo: true });
  await send(5);
  const consumer = consume(() => sleep(2_000), { waitTimeMs: 1_000 });
  consumer.start();
  await clock.advance(1_500);
  const report = await clock.settle(consumer.stop());
  expect(report).toMatchObject({ isClean: true, acked: 1, released: 4 });
  const released = calls('changeVisibilityBatch').flatMap(({ given }) => given);
  expect(released.map(({ receiptHandle }) => Number(receiptHandle.split('-')[1]))).toEqual([5, 4, 3, 2]);
  expect(queue.messages().map(({ body, state }) => `${body} ${state}`)).toEqual([
    '1 visible',
    '2 visible',
    '3 visible',
    '4 visible',
  ]);
});

test('a retry that is due at once still runs before the rest of its group', async () => {
  const { clock, queue, send, consume } = createScene({ fifo: true, latencyMs: 30 });
  await send(15);
  const seen: number[] = [];
  const consumer = consume(
    ({ body, receiveCount }) => {
      seen.push(body);
      return body % 5 === 3 && receiveCount === 1 ? retry({ delayMs: 0 }) : undefined;
    },
    { maxPollers: 4, maxConcurrency: 20 },
  );
  consumer.start();
  await clock.advance(20_000);
  expect(queue.messages()).toEqual([]);
  expect(seen).toEqual([...seen].sort((one, other) => one - other));
  await clock.settle(consumer.stop());
});

test('a message that came again into its lane while it was being deleted ran twice and counted twice', async () => {
  const { clock, queue, send, consume, sleep } = createScene({ fifo: true });
  await send(1);
  let first: readonly ReceivedMessage[] | undefined;
  let isSent = false;
  const again = altered(queue, {
    async receive(request, options) {
      if (first === undefined) {
        first = await queue.receive(request, options);
        return first;
      }
      if (isSent) {
        return queue.receive(request, options);
      }
      isSent = true;
      await sleep(100);
      return first.map((message) => ({ ...message, receiptHandle: 'the second' }));
    },
    async deleteBatch(handles) {
      await sleep(1_000);
      return handles.map(() => ({ ok: true }));
    },
  });
  let runs = 0;
  const consumer = consume(
    () => {
      runs++;
    },
    {},
    again,
  );
  consumer.start();
  await clock.advance(5_000);
  expect(runs).toBe(1);
  expect(consumer.stats()).toMatchObject({ duplicates: 1, acked: 1, settling: 0 });
  await clock.settle(consumer.stop());
});
