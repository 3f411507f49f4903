// The messages of a pack are messages: each has a run, a verdict and an end of its own.

import {
  type Envelope,
  type Failure,
  isQueueError,
  type Logger,
  QueueError,
  silentLogger,
} from '@sqskit/core';
import { describe, expect, test, vi } from 'vitest';
import { deadLetter, deadLetterReasonAttribute, release, retry } from '../src/index.ts';
import { numbers, numbersIn, packing, packOf } from './packing.ts';
import { altered, counting, createScene } from './scene.ts';

describe('the messages of a pack', () => {
  test('run by their own ids, counts, attributes and traces, and are deleted together when all are done', async () => {
    const { clock, queue, sendRaw, consume } = createScene();
    await sendRaw({
      ...packOf(
        { id: 'a', content: '1', attributes: { tenant: { type: 'String', value: 'x' } }, traceHeader: 'own' },
        { content: '2', attempt: 3 },
      ),
      traceHeader: 'shared',
    });
    const seen: unknown[] = [];
    const consumer = consume(
      ({ id, body, receiveCount, attributes, traceHeader, messageId }) => {
        seen.push({ id, body, receiveCount, tenant: attributes['tenant']?.value, traceHeader, messageId });
      },
      { envelope: packing() },
    );
    consumer.start();
    await clock.advance(1_000);
    const messageId = queue.accepted[0]?.messageId;
    expect(seen).toEqual([
      { id: 'a', body: 1, receiveCount: 1, tenant: 'x', traceHeader: 'own', messageId },
      {
        id: `${messageId}#1`,
        body: 2,
        receiveCount: 4,
        tenant: undefined,
        traceHeader: 'shared',
        messageId,
      },
    ]);
    expect(queue.messages()).toEqual([]);
    expect(consumer.stats()).toMatchObject({ received: 1, packs: 1, unpacked: 2, acked: 2, deleteCalls: 1 });
    await clock.settle(consumer.stop());
  });

  test('share the slots with other messages and never exceed them', async () => {
    const { clock, queue, sendRaw, consume, sleep } = createScene();
    await sendRaw(packOf(...numbers(30)));
    await sendRaw({ body: '100' });
    let running = 0;
    let most = 0;
    const consumer = consume(
      async () => {
        most = Math.max(most, ++running);
        expect(consumer.stats().running).toBe(running);
        await sleep(100);
        running--;
      },
      { envelope: packing(), maxConcurrency: 4 },
    );
    consumer.start();
    await clock.advance(850);
    expect(most).toBe(4);
    expect(queue.messages()).toEqual([]);
    expect(consumer.stats()).toMatchObject({ running: 0, waiting: 0, acked: 31 });
    await clock.settle(consumer.stop());
  });

  test('that fail are sent again alone with their count, and only then is the pack deleted', async () => {
    const scene = createScene();
    const { clock, queue, sendRaw, consume } = scene;
    await sendRaw({
      ...packOf(
        0,
        { id: 'b', content: '1', attributes: { n: { type: 'Number', value: '7' } }, attempt: 2 },
        2,
      ),
      groupId: 'tenant',
      traceHeader: 'trace',
    });
    const { runs, count } = counting();
    const seen: unknown[] = [];
    const consumer = consume(
      ({ id, body, receiveCount, attributes, groupId, traceHeader }) => {
        count(body);
        if (body === 1) {
          seen.push([id, receiveCount, attributes['n']?.value, groupId, traceHeader]);
          if (receiveCount < 4) {
            throw new Error('not yet');
          }
        }
      },
      { envelope: packing() },
    );
    consumer.start();
    await clock.advance(500);
    const [alone, ...others] = queue.messages();
    expect(others).toEqual([]);
    expect(alone).toMatchObject({
      state: 'delayed',
      groupId: 'tenant',
      traceHeader: 'trace',
      receiveCount: 0,
    });
    expect(queue.deleted).toHaveLength(1);
    expect(queue.accepted[1]?.atMs).toBeLessThanOrEqual(queue.deleted[0]?.atMs ?? 0);
    expect(consumer.stats()).toMatchObject({ acked: 2, retried: 1, sendCalls: 1, changeVisibilityCalls: 0 });
    await clock.advance(20_000);
    expect(seen).toEqual([
      ['b', 3, '7', 'tenant', 'trace'],
      ['b', 4, '7', 'tenant', 'trace'],
    ]);
    expect([...runs]).toEqual([
      [0, 1],
      [1, 2],
      [2, 1],
    ]);
    expect(queue.messages()).toEqual([]);
    expect(consumer.stats()).toMatchObject({ acked: 3, retried: 1, unsettled: 0 });
    await clock.settle(consumer.stop());
  });

  test('that fail alone stay in the queue, as any message does', async () => {
    const { clock, queue, sendRaw, consume } = createScene();
    await sendRaw(packOf({ content: '1', attempt: 2 }));
    const consumer = consume(() => retry({ delayMs: 5_000 }), { envelope: packing() });
    consumer.start();
    await clock.advance(500);
    expect(queue.messages()).toMatchObject([{ state: 'in-flight', receiveCount: 1 }]);
    expect(consumer.stats()).toMatchObject({ retried: 1, sendCalls: 0, packs: 0 });
    await clock.settle(consumer.stop());
  });

  test('that are to be retried later than SQS delays a message wait its longest delay', async () => {
    const { clock, queue, sendRaw, consume, calls } = createScene();
    await sendRaw(packOf(0, 1, 2));
    const delays = [undefined, 5_000, 40_000_000];
    const consumer = consume(({ body }) => delays[body] && retry({ delayMs: delays[body] }), {
      envelope: packing(),
    });
    consumer.start();
    await clock.advance(500);
    const sent = calls('sendBatch')
      .slice(1)
      .flatMap(({ given }) => given);
    expect(sent.map(({ delayMs }) => delayMs)).toEqual([5_000, 900_000]);
    expect(queue.deleted).toHaveLength(1);
    await clock.settle(consumer.stop());
  });

  test('that are dead-lettered go alone, as new messages, with their reason', async () => {
    const scene = createScene();
    const { clock, queue, sendRaw, consume } = scene;
    const deadLetterQueue = scene.createDead();
    await sendRaw(
      packOf(0, { content: '1', attempt: 4, attributes: { a: { type: 'String', value: 'b' } } }, 2),
    );
    const consumer = consume(({ body }) => (body === 1 ? deadLetter('no such order') : undefined), {
      envelope: packing(),
      deadLetterQueue,
    });
    consumer.start();
    await clock.advance(500);
    expect(queue.messages()).toEqual([]);
    expect(deadLetterQueue.messages()).toMatchObject([
      {
        body: '1',
        attributes: { a: { value: 'b' }, [deadLetterReasonAttribute]: { value: 'no such order' } },
      },
    ]);
    expect(consumer.stats()).toMatchObject({ acked: 2, deadLettered: 1, retried: 0 });
    await clock.settle(consumer.stop());
  });

  test('that the dead-letter queue does not take are retried alone', async () => {
    const scene = createScene();
    const { clock, queue, sendRaw, consume, errors } = scene;
    const deadLetterQueue = altered(scene.createDead(), {
      sendBatch: () => Promise.reject(new Error('down')),
    });
    await sendRaw(packOf(0, 1));
    const consumer = consume(({ body }) => (body === 1 ? deadLetter('no') : undefined), {
      envelope: packing(),
      deadLetterQueue,
    });
    consumer.start();
    await clock.advance(500);
    expect(errors.map(({ error }) => isQueueError(error, 'dead-letter-failed'))).toEqual([true]);
    expect(queue.messages()).toMatchObject([{ state: 'delayed' }]);
    expect(consumer.stats()).toMatchObject({ acked: 1, retried: 1, deadLettered: 0 });
    await clock.settle(consumer.stop());
  });

  test('that are released are packed together again', async () => {
    const scene = createScene();
    const { clock, queue, sendRaw, consume } = scene;
    const sealed: number[] = [];
    await sendRaw(packOf(...numbers(12)));
    const { runs, count } = counting();
    const consumer = consume(({ body }) => (count(body) === 1 && body > 1 ? release() : undefined), {
      envelope: packing({ maxItems: 6, onSeal: (items) => sealed.push(items.length) }),
    });
    consumer.start();
    await clock.advance(1_000);
    expect(sealed).toEqual([6, 4]);
    expect(queue.messages()).toEqual([]);
    expect([runs.get(0), runs.get(2), runs.get(11)]).toEqual([1, 2, 2]);
    expect(consumer.stats()).toMatchObject({ acked: 12, released: 10, received: 3 });
    await clock.settle(consumer.stop());
  });

  test('with traces of their own carry them when they are packed again; one for all stands on the message', async () => {
    const scene = createScene();
    const { clock, sendRaw, consume, calls } = scene;
    const sealed: unknown[] = [];
    const envelope = packing({ onSeal: (items) => sealed.push(items.map(({ traceHeader }) => traceHeader)) });
    const traced = (traceHeader: string): { content: string; traceHeader: string } => ({
      content: '1',
      traceHeader,
    });
    await sendRaw(packOf(0, traced('a'), traced('b')));
    await sendRaw(packOf(0, traced('c'), traced('c')));
    const consumer = consume(
      ({ body, receiveCount }) => (body === 1 && receiveCount === 1 ? release() : undefined),
      {
        envelope,
        maxConcurrency: 1,
        prefetch: 0,
      },
    );
    consumer.start();
    await clock.advance(2_000);
    expect(sealed).toEqual([
      ['a', 'b'],
      [undefined, undefined],
    ]);
    const sent = calls('sendBatch')
      .slice(2)
      .flatMap(({ given }) => given);
    expect(sent.map(({ traceHeader }) => traceHeader)).toEqual([undefined, 'c']);
    await clock.settle(consumer.stop());
  });

  test('of which none is done come again as they are, after the longest delay, and cost no send', async () => {
    const { clock, queue, sendRaw, consume, calls } = createScene();
    await sendRaw(packOf(0, 1, 2));
    const verdicts = [retry({ delayMs: 10_000 }), retry({ delayMs: 50_000 }), release()];
    const consumer = consume(({ body }) => verdicts[body], { envelope: packing() });
    consumer.start();
    await clock.advance(500);
    expect(calls('changeVisibilityBatch')[0]?.given[0]?.visibilityTimeoutMs).toBe(50_000);
    expect(queue.messages()).toMatchObject([{ state: 'in-flight', receiveCount: 1 }]);
    expect(consumer.stats()).toMatchObject({ retried: 3, acked: 0, sendCalls: 0 });
    await clock.settle(consumer.stop());
  });

  test('keep their lease for as long as the pack runs', async () => {
    const { clock, queue, sendRaw, consume, sleep } = createScene();
    await sendRaw(packOf(...numbers(40)));
    const { runs, count } = counting();
    const consumer = consume(
      async ({ body }) => {
        count(body);
        await sleep(10_000);
      },
      { envelope: packing(), maxConcurrency: 4, visibilityTimeoutMs: 20_000 },
    );
    consumer.start();
    await clock.advance(101_000);
    expect(queue.deleted).toHaveLength(1);
    expect([...runs.values()]).toEqual(numbers(40).map(() => 1));
    expect(consumer.stats()).toMatchObject({ acked: 40, leasesLost: 0, duplicates: 0 });
    await clock.settle(consumer.stop());
  });

  test('may be none: then the message is deleted', async () => {
    const { clock, queue, sendRaw, consume } = createScene();
    await sendRaw(packOf());
    const consumer = consume(() => expect.unreachable(), { envelope: packing() });
    consumer.start();
    await clock.advance(500);
    expect(queue.messages()).toEqual([]);
    await clock.settle(consumer.stop());
  });

  test('that fail say which they are', async () => {
    const { clock, queue, sendRaw, consume, errors } = createScene();
    await sendRaw(packOf({ id: 'order-7', content: 'no number' }, 1));
    const consumer = consume(() => undefined, { envelope: packing() });
    consumer.start();
    await clock.advance(500);
    const messageId = queue.accepted[0]?.messageId;
    expect(errors).toMatchObject([{ context: { during: 'decode', messageId, id: 'order-7' } }]);
    await clock.settle(consumer.stop());
  });

  test('are fetched only as slots and prefetch can use them', async () => {
    const { clock, sendRaw, consume, sleep } = createScene();
    for (const _ of numbers(10)) {
      await sendRaw(packOf(...numbers(50)));
    }
    const consumer = consume(() => sleep(1_000), { envelope: packing(), maxConcurrency: 10, prefetch: 20 });
    consumer.start();
    await clock.advance(500);
    // 10 run, 40 wait: that is more than the prefetch.
    expect(consumer.stats()).toMatchObject({ received: 1, running: 10, waiting: 40 });
    await clock.advance(1_000);
    expect(consumer.stats()).toMatchObject({ received: 1, waiting: 30 });
    // 10 run and 20 wait, then 10: there is room, and a pack may exceed it.
    await clock.advance(2_000);
    expect(consumer.stats()).toMatchObject({ received: 2 });
    await clock.advance(55_000);
    expect(consumer.stats()).toMatchObject({ received: 10, acked: 500, waiting: 0 });
    await clock.settle(consumer.stop());
  });
});

describe('a pack whose messages cannot be sent again', () => {
  test('comes again as a whole; what was done is not run again by this consumer', async () => {
    const scene = createScene();
    const { clock, queue, sendRaw, consume, errors, faults } = scene;
    await sendRaw(packOf(...numbers(20)));
    faults.failNext('sendBatch', { kind: 'service-error', awsCode: 'AccessDenied', httpStatus: 403 });
    const { runs, count } = counting();
    const consumer = consume(
      ({ body }) => {
        if (count(body) === 1 && body > 17) {
          throw new Error('the first time');
        }
      },
      { envelope: packing() },
    );
    consumer.start();
    await clock.advance(500);
    expect(queue.messages()).toMatchObject([{ state: 'in-flight', receiveCount: 1 }]);
    const failure = errors.find(({ context }) => context.during === 'settle')?.error;
    expect(isQueueError(failure, 'resend-failed') && failure.details.messages).toBe(2);
    expect(consumer.stats()).toMatchObject({ acked: 0, retried: 2 });
    await clock.advance(20_000);
    expect(queue.messages()).toEqual([]);
    expect([...runs]).toEqual(numbers(20).map((body) => [body, body > 17 ? 2 : 1]));
    expect(consumer.stats()).toMatchObject({ acked: 20, unsettled: 0 });
    await clock.settle(consumer.stop());
  });

  test('does not run again those of which the queue took some', async () => {
    const scene = createScene();
    const { clock, queue, sendRaw, consume, faults } = scene;
    await sendRaw(packOf(0, 1, 2));
    faults.failNext('sendBatch', { kind: 'entry-rejection', positions: [1] });
    const { runs, count } = counting();
    const consumer = consume(
      ({ body }) => (count(body) === 1 && body > 0 ? retry({ delayMs: 1_000 }) : undefined),
      {
        envelope: packing(),
      },
    );
    consumer.start();
    await clock.advance(20_000);
    expect(queue.messages()).toEqual([]);
    expect([...runs]).toEqual([
      [0, 1],
      [1, 2],
      [2, 2],
    ]);
    await clock.settle(consumer.stop());
  });

  test('is not deleted where nobody knows whether the queue took them', async () => {
    const { clock, queue, sendRaw, consume } = createScene();
    await sendRaw(packOf(0, 1));
    const error = new QueueError('unexpected', 'cut off', { operation: 'send' }, { outcome: 'unknown' });
    const silent = altered(queue, {
      sendBatch: (entries) => Promise.resolve(entries.map(() => ({ ok: false, error }))),
    });
    const consumer = consume(
      ({ body }) => (body === 0 ? undefined : retry()),
      { envelope: packing() },
      silent,
    );
    consumer.start();
    await clock.advance(500);
    expect(queue.messages()).toMatchObject([{ state: 'in-flight' }]);
    expect(consumer.stats()).toMatchObject({ acked: 0, retried: 1, deleteCalls: 0 });
    await clock.settle(consumer.stop());
  });

  test('comes again as a whole where its envelope cannot seal them', async () => {
    const { clock, queue, sendRaw, consume, errors } = createScene();
    await sendRaw(packOf(0, 1));
    const envelope = {
      ...packing(),
      seal: () => {
        throw new TypeError('only reads');
      },
    };
    const consumer = consume(({ body }) => (body === 0 ? undefined : retry()), { envelope });
    consumer.start();
    await clock.advance(500);
    expect(queue.messages()).toMatchObject([{ state: 'in-flight' }]);
    expect(errors.map(({ error }) => isQueueError(error, 'resend-failed'))).toEqual([true]);
    await clock.settle(consumer.stop());
  });

  test('because one cannot be read is not divided, and is moved whole, once, where it is dead-lettered', async () => {
    const scene = createScene();
    const { clock, queue, sendRaw, consume } = scene;
    const deadLetterQueue = scene.createDead();
    const broken = { content: '', broken: true };
    const pack = packOf(0, broken, broken, 3);
    await sendRaw(pack);
    const { runs, count } = counting();
    const consumer = consume(({ body }) => (count(body) === 1 && body === 3 ? retry() : undefined), {
      envelope: packing(),
      deadLetterQueue,
      failurePolicy: (error, { receiveCount }) => (receiveCount < 2 ? retry() : deadLetter(String(error))),
    });
    consumer.start();
    await clock.advance(500);
    expect(queue.messages()).toMatchObject([{ state: 'in-flight' }]);
    expect(consumer.stats()).toMatchObject({ acked: 0, retried: 3, sendCalls: 0 });
    await clock.advance(10_000);
    expect(queue.messages()).toEqual([]);
    expect(deadLetterQueue.messages()).toMatchObject([{ body: pack.body }]);
    expect([...runs]).toEqual([
      [0, 1],
      [3, 2],
    ]);
    expect(consumer.stats()).toMatchObject({ acked: 2, deadLettered: 2 });
    await clock.settle(consumer.stop());
  });

  test('is not deleted while one of its sends is under way', async () => {
    const scene = createScene();
    const { clock, queue, sendRaw, consume, faults } = scene;
    await sendRaw(packOf(0, 1));
    faults.failNext('sendBatch', { kind: 'lost-reply', timeoutMs: 3_000 });
    const consumer = consume(
      ({ body, receiveCount }) => (body === 1 && receiveCount === 1 ? retry() : undefined),
      {
        envelope: packing(),
      },
    );
    consumer.start();
    const pack = queue.accepted[0]?.messageId;
    const isDeleted = (): boolean => queue.deleted.some(({ messageId }) => messageId === pack);
    await clock.advance(2_000);
    expect(isDeleted()).toBe(false);
    await clock.advance(20_000);
    expect(isDeleted()).toBe(true);
    expect(queue.messages()).toEqual([]);
    // It may have been accepted the first time, and was: twice is what at least once means.
    expect(queue.accepted).toHaveLength(3);
    await clock.settle(consumer.stop());
  });
});

describe('what an envelope left elsewhere', () => {
  const refused: Failure = {
    ok: false,
    error: new QueueError('message-invalid', 'refused', {
      field: 'body',
      received: 'x',
      expected: 'y',
    }),
  };
  const busy: Failure = {
    ok: false,
    error: new QueueError('unexpected', 'busy', { operation: 'send' }, { retryable: true }),
  };

  test('and cannot be removed ends no wait for the other messages that are sent again', async () => {
    const { clock, queue, sendRaw, consume } = createScene();
    const { runs, count } = counting();
    let calls = 0;
    const partial = altered(queue, {
      sendBatch: async (entries, options) =>
        ++calls > 1
          ? await queue.sendBatch(entries, options)
          : entries.map(({ body }) => (numbersIn(body)[0] === 1 ? refused : busy)),
    });
    await sendRaw(packOf(0, 1, 2));
    const removing = vi.fn<() => Promise<void>>(() => Promise.reject(new Error('no access')));
    const warn = vi.fn<Logger['warn']>();
    const consumer = consume(
      (message) => (message.body > 0 && count(message.body) === 1 ? retry({ delayMs: 1_000 }) : undefined),
      { envelope: leaving(removing), logger: { ...silentLogger, warn } },
      partial,
    );
    consumer.start();
    await clock.advance(60_000);
    expect(removing).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(
      'what the envelope left elsewhere could not be removed',
      expect.anything(),
    );
    // The pack came again for the message that was refused, and not for the one that was accepted at last.
    expect([runs.get(1), runs.get(2)]).toEqual([2, 2]);
    await clock.settle(consumer.stop());
  });

  test('of a dead letter that was refused is removed', async () => {
    const { clock, sendRaw, consume, createDead } = createScene();
    const removing = vi.fn<() => Promise<void>>(() => Promise.resolve());
    const deadLetterQueue = altered(createDead(), {
      sendBatch: (entries) => Promise.resolve(entries.map(() => refused)),
    });
    await sendRaw(packOf(0, 1));
    let run = 0;
    const consumer = consume(({ body }) => (body === 1 && ++run === 1 ? deadLetter('bad') : undefined), {
      envelope: leaving(removing),
      deadLetterQueue,
    });
    consumer.start();
    await clock.advance(1_000);
    expect(removing).toHaveBeenCalledTimes(1);
    await clock.settle(consumer.stop());
  });
});

test('what a message points to stays where the message is moved as it stands', async () => {
  const { clock, queue, sendRaw, consume, createDead } = createScene();
  const deadLetterQueue = createDead();
  const cleanedUp: string[] = [];
  const inner = packing();
  const envelope: Envelope = {
    ...inner,
    open: async (payload) => ({
      ...(await inner.open(payload)),
      deleted: () => Promise.resolve(void cleanedUp.push(payload.body)),
    }),
  };
  await sendRaw({ body: '1' });
  await sendRaw({ body: '2' });
  await sendRaw(packOf(3, { content: '4', broken: true }));
  const consumer = consume(({ body }) => (body === 1 ? deadLetter('bad') : undefined), {
    envelope,
    deadLetterQueue,
    failurePolicy: () => deadLetter('broken'),
  });
  consumer.start();
  await clock.advance(1_000);
  expect(queue.messages()).toEqual([]);
  expect(deadLetterQueue.messages()).toHaveLength(2);
  expect(cleanedUp).toEqual(['2']);
  await clock.settle(consumer.stop());
});

/** Packs, and leaves something elsewhere with each seal. */
function leaving(discard: () => Promise<void>): Envelope {
  const inner = packing();
  return { ...inner, seal: async (items, maxBytes) => ({ ...(await inner.seal(items, maxBytes)), discard }) };
}
