import { describe, expect, test } from 'vitest';
import { bodies, sendCalls, settled, setUp } from './set-up.ts';

const fifo = { fifo: true } as const;

describe('order', () => {
  test('the messages of a group are accepted in the order of send, one in flight at a time', async () => {
    const { clock, producer, queue } = setUp({}, fifo);
    await clock.settle(Promise.all(bodies('m', 12).map((body) => producer.send({ body, groupId: 'g' }))));
    expect(queue.accepted.map(({ body }) => body)).toEqual(bodies('m', 12));
    expect(sendCalls(queue).every(({ given }) => given.length === 1)).toBe(true);
  });

  test('groups share batches and go in parallel', async () => {
    const { clock, producer, queue } = setUp({}, { ...fifo, latencyMs: 100 });
    const sent = bodies('m', 100).map((body, index) => producer.send({ body, groupId: `g${index % 50}` }));
    await clock.settle(Promise.all(sent));
    expect(sendCalls(queue).map(({ given }) => given.length)).toEqual(Array.from({ length: 10 }, () => 10));
    expect(clock.monotonic()).toBeLessThan(300);
  });

  test('a message that fails holds up its group until it is accepted, and no other group', async () => {
    const { clock, faults, producer, queue } = setUp({ random: () => 1 }, fifo);
    faults.failNext('sendBatch', { kind: 'entry-failure', positions: [0] }, { times: 1 });
    const sent = ['a0', 'b0', 'a1', 'b1'].map((body) => producer.send({ body, groupId: body.charAt(0) }));
    await clock.settle(Promise.all(sent));
    expect(queue.accepted.map(({ body }) => body)).toEqual(['b0', 'b1', 'a0', 'a1']);
  });

  test('a message that is refused for good lets its group go on', async () => {
    const { clock, faults, producer, queue, errorOf } = setUp({}, fifo);
    faults.failNext('sendBatch', { kind: 'entry-rejection', positions: [0] });
    const bad = producer.send({ body: 'bad', groupId: 'g' });
    const good = producer.send({ body: 'good', groupId: 'g' });
    expect(await errorOf(bad)).toMatchObject({ outcome: 'rejected' });
    await clock.settle(good);
    expect(queue.accepted.map(({ body }) => body)).toEqual(['good']);
  });

  test('for throughput, as many messages of a group as fit go in one call, and one call of a group at a time', async () => {
    const { clock, producer, queue, batches } = setUp({ order: 'throughput' }, fifo);
    await clock.settle(Promise.all(bodies('m', 25).map((body) => producer.send({ body, groupId: 'g' }))));
    expect(queue.accepted.map(({ body }) => body)).toEqual(bodies('m', 25));
    expect(batches().map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(sendCalls(queue).map(({ atMs }) => atMs)).toEqual([0, 10, 20]);
  });

  test('for throughput, a message that is sent again after later ones of its call is counted', async () => {
    const { clock, faults, producer, queue } = setUp({ order: 'throughput', random: () => 1 }, fifo);
    faults.failNext('sendBatch', { kind: 'entry-failure', positions: [1] });
    await clock.settle(Promise.all(bodies('m', 12).map((body) => producer.send({ body, groupId: 'g' }))));
    expect(queue.accepted.map(({ body }) => body)).toEqual([
      'm0',
      ...bodies('m', 10).slice(2),
      'm1',
      'm10',
      'm11',
    ]);
    expect(producer.stats()).toMatchObject({ overtakenEntries: 1, retriedEntries: 1 });
  });

  test('a group on a standard queue keeps nobody waiting', async () => {
    const { clock, producer, batches } = setUp();
    await clock.settle(Promise.all(bodies('m', 5).map((body) => producer.send({ body, groupId: 'g' }))));
    expect(batches()).toEqual([bodies('m', 5)]);
  });
});

describe('groups that pause after a failure', () => {
  const pausing = { afterGroupFailure: 'pause' } as const;

  test('what is behind waits until its group is resumed; other groups go on', async () => {
    const { clock, faults, producer, queue, errorOf } = setUp(pausing, fifo);
    faults.failNext('sendBatch', { kind: 'entry-rejection', positions: [0] });
    const bad = errorOf(producer.send({ body: 'bad', groupId: 'g' }));
    const good = producer.send({ body: 'good', groupId: 'g' });
    await clock.settle(producer.send({ body: 'other', groupId: 'h' }));
    await bad;
    await clock.advance(60_000);
    expect([queue.accepted.map(({ body }) => body), producer.pausedGroups()]).toEqual([['other'], ['g']]);
    expect(producer.stats().pausedGroups).toBe(1);
    producer.resumeGroup('g');
    await clock.settle(good);
    expect([queue.accepted.map(({ body }) => body), producer.pausedGroups()]).toEqual([
      ['other', 'good'],
      [],
    ]);
  });

  test('all of them can be resumed at once', async () => {
    const { clock, faults, producer } = setUp(pausing, fifo);
    faults.failNext('sendBatch', { kind: 'entry-rejection', positions: [0, 1] });
    const bad = ['g', 'h'].map((groupId) => producer.send({ body: 'bad', groupId }));
    await clock.settle(Promise.allSettled(bad));
    expect(producer.pausedGroups().toSorted()).toEqual(['g', 'h']);
    producer.resumeGroup();
    expect(producer.pausedGroups()).toEqual([]);
    await clock.settle(producer.send({ body: 'good', groupId: 'g' }));
  });

  test('a message that is given up before anything could be sent pauses its group too', async () => {
    const { clock, producer, errorOf } = setUp(
      { ...pausing, maxMessageBytes: undefined },
      { ...fifo, latencyMs: 1_000 },
    );
    expect(await errorOf(producer.send({ body: 'late', groupId: 'g' }, { deadlineMs: 500 }))).toMatchObject({
      code: 'deadline-exceeded',
    });
    expect(producer.pausedGroups()).toEqual(['g']);
    producer.resumeGroup();
    await clock.settle(producer.send({ body: 'good', groupId: 'g' }));
  });

  test('a message that was aborted pauses nothing', async () => {
    const { clock, producer, errorOf } = setUp(pausing, fifo);
    const leaving = new AbortController();
    const gone = errorOf(producer.send({ body: 'gone', groupId: 'g' }, { signal: leaving.signal }));
    leaving.abort();
    await gone;
    await clock.settle(producer.send({ body: 'good', groupId: 'g' }));
    expect(producer.pausedGroups()).toEqual([]);
  });

  test('those that wait in a paused group are listed by close', async () => {
    const { clock, faults, producer, errorOf } = setUp(pausing, fifo);
    faults.failNext('sendBatch', { kind: 'entry-rejection', positions: [0] });
    const bad = errorOf(producer.send({ body: 'bad', groupId: 'g' }));
    const waiting = settled([producer.send({ body: 'waiting', groupId: 'g' })]);
    await bad;
    const { undelivered } = await clock.settle(producer.close({ timeoutMs: 1_000 }));
    expect(undelivered).toMatchObject([
      { message: { body: 'waiting' }, error: { code: 'closed', outcome: 'rejected' } },
    ]);
    await waiting;
  });
});

describe('deduplication', () => {
  test('by default the id of the message: one whose answer was lost is not accepted twice', async () => {
    const { clock, faults, producer, queue } = setUp({}, fifo);
    faults.failNext('sendBatch', { kind: 'lost-reply' }, { times: 2 });
    const receipts = await clock.settle(
      Promise.all([
        producer.send({ body: 'a', groupId: 'g' }),
        producer.send({ body: 'b', groupId: 'h', id: 'mine' }),
      ]),
    );
    expect(queue.accepted.map(({ body, deduplicationId }) => [body, deduplicationId])).toEqual([
      ['a', receipts[0]?.id],
      ['b', 'mine'],
    ]);
    expect(receipts.map(({ attempts }) => attempts)).toEqual([3, 3]);
    expect(receipts.map(({ sequenceNumber }) => sequenceNumber)).toEqual([
      expect.any(String),
      expect.any(String),
    ]);
  });

  test('is the message’s own where it has one', async () => {
    const { clock, producer, queue } = setUp({}, fifo);
    await clock.settle(producer.send({ body: 'a', groupId: 'g', id: 'an id', deduplicationId: 'own' }));
    expect(queue.accepted[0]?.deduplicationId).toBe('own');
  });

  test('by content sends none, and leaves it to the queue; a message’s own goes before', async () => {
    const { clock, producer, queue } = setUp(
      { deduplication: 'content' },
      { ...fifo, contentBasedDeduplication: true },
    );
    const sent = [
      producer.send({ body: 'a', groupId: 'g' }),
      producer.send({ body: 'a', groupId: 'g', id: 'not an id for SQS' }),
      producer.send({ body: 'a', groupId: 'g', deduplicationId: 'own' }),
    ];
    await clock.settle(Promise.all(sent));
    expect(
      sendCalls(queue).flatMap(({ given }) => given.map(({ deduplicationId }) => deduplicationId)),
    ).toEqual([undefined, undefined, 'own']);
    expect(queue.accepted.length).toBe(2);
  });

  test('ids hold 82 random bits: two producers with one prefix do not drop each other’s messages, nor one after a restart', async () => {
    const producers = [0, 1].map(() => setUp({ idPrefix: 'orders', random: Math.random }, fifo));
    const ids: unknown[] = [];
    for (const { clock, producer, queue } of producers) {
      await clock.settle(producer.send({ body: 'a', groupId: 'g' }));
      ids.push(queue.accepted[0]?.deduplicationId);
    }
    expect(ids[0]).toMatch(/^orders-[a-z0-9]{16}-1$/);
    expect(new Set(ids).size).toBe(2);
  });
});
