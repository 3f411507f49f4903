import { describe, expect, test } from 'vitest';
import { createFakeClock, createFakeQueue, createRandom, type FakeQueueOptions } from '../src/index.ts';
import { bodies, codes, setUp } from './queue-set-up.ts';

describe('receipt handles', () => {
  test('of another queue are refused', async () => {
    const one = setUp();
    const other = setUp({ url: 'https://sqs.us-east-1.amazonaws.com/123456789012/other' });
    await one.send({ body: 'a' });
    await other.send({ body: 'b' });
    const [message] = await one.receive();
    expect(codes(await other.delete(message?.receiptHandle ?? ''))).toEqual(['ReceiptHandleIsInvalid']);
    expect(codes(await other.change(message?.receiptHandle ?? '', 0))).toEqual(['ReceiptHandleIsInvalid']);
  });

  test('go stale at the next receive: deleting succeeds without effect, and the lease is another’s', async () => {
    const { clock, queue, send, receive, delete: remove, change } = setUp();
    await send({ body: 'a' });
    const [first] = await receive();
    await clock.advance(30_000);
    const [second] = await receive();
    expect(codes(await change(first?.receiptHandle ?? '', 0))).toEqual(['MessageNotInflight']);
    expect(codes(await remove(first?.receiptHandle ?? ''))).toEqual(['ok']);
    expect(queue.messages()).toMatchObject([{ state: 'in-flight', receiveCount: 2 }]);
    expect(codes(await remove(second?.receiptHandle ?? ''))).toEqual(['ok']);
    expect(queue.messages()).toEqual([]);
  });

  test('delete on a standard queue after the visibility timeout, if nobody has received the message since', async () => {
    const { clock, queue, send, receive, delete: remove } = setUp();
    await send({ body: 'a' });
    const [message] = await receive();
    await clock.advance(60_000);
    await remove(message?.receiptHandle ?? '');
    expect(queue.messages()).toEqual([]);
    expect(await receive()).toEqual([]);
  });

  test('are refused on a FIFO queue once the visibility timeout is over', async () => {
    const { clock, queue, send, receive, delete: remove, change } = setUp({ fifo: true });
    await send({ body: 'a', groupId: 'g', deduplicationId: 'd' });
    const [first] = await receive();
    await clock.advance(30_000);
    expect(codes(await remove(first?.receiptHandle ?? ''))).toEqual(['InvalidParameterValue']);
    await receive();
    expect(codes(await remove(first?.receiptHandle ?? ''))).toEqual(['InvalidParameterValue']);
    expect(codes(await change(first?.receiptHandle ?? '', 0))).toEqual(['InvalidParameterValue']);
    expect(queue.messages()).toHaveLength(1);
  });
});

describe('the order of messages', () => {
  test('is that of acceptance on a standard queue, redelivered ones last', async () => {
    const { clock, send, receive } = setUp({ visibilityTimeoutMs: 1_000 });
    await send({ body: 'a' }, { body: 'b' }, { body: 'c' });
    expect(bodies(await receive(2))).toEqual(['a', 'b']);
    await clock.advance(1_000);
    expect(bodies(await receive())).toEqual(['c', 'a', 'b']);
  });

  test('is random where a source of randomness is given, and loses nothing', async () => {
    const { send, receive } = setUp({ random: createRandom(1) });
    const sent = Array.from({ length: 10 }, (_, index) => `m${index}`);
    await send(...sent.map((body) => ({ body })));
    const received = bodies(await receive());
    expect(received).not.toEqual(sent);
    expect(received.toSorted()).toEqual(sent);
  });

  test('of a FIFO receive is group by group; groups take turns', async () => {
    const { send, receive, delete: remove } = setUp({ fifo: true });
    const ids = ['a1', 'b1', 'a2', 'b2', 'a3', 'c1'];
    await send(...ids.map((id) => ({ body: id, groupId: id.charAt(0), deduplicationId: id })));
    const first = await receive(2);
    expect(bodies(first)).toEqual(['a1', 'a2']);
    expect(bodies(await receive(10))).toEqual(['b1', 'b2', 'c1']);
    await remove(...first.map(({ receiptHandle }) => receiptHandle));
    expect(bodies(await receive(10))).toEqual(['a3']);
  });
});

describe('the dead-letter queue', () => {
  const dead = 'https://sqs.us-east-1.amazonaws.com/123456789012/dead';

  test('takes what was received too often, at the next receive, with its id and its count', async () => {
    const clock = createFakeClock();
    const deadLetterQueue = createFakeQueue({ clock, url: dead });
    const queue = createFakeQueue({
      clock,
      deadLetterQueue,
      maxReceiveCount: 1,
      visibilityTimeoutMs: 1_000,
    });
    const waiting = deadLetterQueue.receive({ maxMessages: 1, waitTimeMs: 20_000 });
    await clock.settle(queue.sendBatch([{ body: 'poison' }, { body: 'next' }]));
    await clock.settle(queue.receive({ maxMessages: 1, waitTimeMs: 0 }));
    await clock.advance(1_000);
    expect(queue.messages()).toHaveLength(2);
    expect(bodies(await clock.settle(queue.receive({ maxMessages: 2, waitTimeMs: 0 })))).toEqual(['next']);
    const [received] = await waiting;
    expect(received).toMatchObject({
      body: 'poison',
      messageId: queue.accepted[0]?.messageId,
      receiveCount: 2,
    });
    expect(bodies(queue.deadLettered)).toEqual(['poison']);
    expect(bodies(deadLetterQueue.accepted)).toEqual(['poison']);
    expect((await clock.settle(queue.describe())).redrive).toEqual({
      deadLetterQueueArn: 'arn:aws:sqs:us-east-1:123456789012:dead',
      maxReceiveCount: 1,
    });
  });

  test('lets the group of a dead letter go on', async () => {
    const clock = createFakeClock();
    const deadLetterQueue = createFakeQueue({ clock, url: `${dead}.fifo` });
    const queue = createFakeQueue({ clock, fifo: true, deadLetterQueue, maxReceiveCount: 1 });
    const entries = ['a', 'b'].map((body) => ({ body, groupId: 'g', deduplicationId: body }));
    await clock.settle(queue.sendBatch(entries));
    await clock.settle(queue.receive({ maxMessages: 1, waitTimeMs: 0 }));
    await clock.advance(30_000);
    expect(bodies(await clock.settle(queue.receive({ maxMessages: 10, waitTimeMs: 0 })))).toEqual(['b']);
    expect(deadLetterQueue.messages()).toMatchObject([{ body: 'a', groupId: 'g' }]);
  });
});

describe('the books', () => {
  test('hold every call with its verb, its size, its time and what it was given', async () => {
    const { clock, queue, send, receive, delete: remove, change } = setUp();
    await send({ body: 'a' });
    await clock.advance(5);
    await receive(3);
    await remove('x', 'y');
    await change('z', 0);
    await clock.settle(queue.describe());
    await clock.settle(queue.depth());
    expect(queue.calls).toEqual([
      { verb: 'sendBatch', entries: 1, atMs: 0, given: [{ body: 'a' }] },
      { verb: 'receive', entries: 3, atMs: 5, given: { maxMessages: 3, waitTimeMs: 0 } },
      { verb: 'deleteBatch', entries: 2, atMs: 5, given: ['x', 'y'] },
      {
        verb: 'changeVisibilityBatch',
        entries: 1,
        atMs: 5,
        given: [{ receiptHandle: 'z', visibilityTimeoutMs: 0 }],
      },
      { verb: 'describe', entries: 0, atMs: 5, given: undefined },
      { verb: 'depth', entries: 0, atMs: 5, given: undefined },
    ]);
  });

  test('do not hold a call that was refused as the caller’s mistake', async () => {
    const { clock, queue } = setUp();
    await expect(clock.settle(queue.sendBatch([]))).rejects.toMatchObject({
      code: 'batch-invalid',
      details: { entries: 0, expected: '1 to 10 entries' },
    });
    expect(queue.calls).toEqual([]);
  });

  test('hold what was accepted and deleted, with its time', async () => {
    const { clock, queue, send, receive, delete: remove } = setUp();
    await send({ body: 'a' }, { body: '' });
    await clock.advance(5);
    const [message] = await receive();
    await remove(message?.receiptHandle ?? '');
    const record = { messageId: message?.messageId, body: 'a', attributes: {} };
    expect(queue.accepted).toMatchObject([{ ...record, atMs: 0 }]);
    expect(queue.deleted).toMatchObject([{ ...record, atMs: 5 }]);
  });

  test('are not kept where history is off', async () => {
    const { queue, send, receive, delete: remove } = setUp({ history: false });
    await send({ body: 'a' });
    const [message] = await receive();
    await remove(message?.receiptHandle ?? '');
    expect([queue.calls, queue.accepted, queue.deleted]).toEqual([[], [], []]);
  });
});

describe('the options', () => {
  test('make a FIFO queue of a url that ends in .fifo, and the other way round', async () => {
    const url = 'https://sqs.us-east-1.amazonaws.com/123456789012/q.fifo';
    const { clock, queue } = setUp({ url });
    expect((await clock.settle(queue.describe())).fifo).toBe(true);
    expect(createFakeQueue({ fifo: true }).url).toMatch(/\/fake\.fifo$/);
    expect(createFakeQueue().url).toMatch(/\/fake$/);
  });

  test.each<readonly [string, FakeQueueOptions]>([
    ['a url and a type that differ', { url: 'https://sqs.us-east-1.amazonaws.com/1/q', fifo: true }],
    ['a dead-letter queue with the same url', { deadLetterQueue: createFakeQueue() }],
    ['a negative latency', { latencyMs: -1 }],
    ['a message size below 1 KiB', { maxMessageBytes: 1_023 }],
  ])('refuse %s', (_, options) => {
    expect(() => createFakeQueue(options)).toThrow('[option-invalid]');
  });

  test('refuse a layer round a queue as dead-letter queue', () => {
    const inner = createFakeQueue({ url: 'https://sqs.us-east-1.amazonaws.com/1/dead' });
    const layer = new Proxy(inner, {});
    expect(() => createFakeQueue({ deadLetterQueue: layer })).toThrow('not a layer round one');
  });
});

test('on the machine’s own clock a message goes round at once', async () => {
  const queue = createFakeQueue();
  const waiting = queue.receive({ maxMessages: 1, waitTimeMs: 20_000 });
  await queue.sendBatch([{ body: 'a' }]);
  const [message] = await waiting;
  expect(await queue.deleteBatch([message?.receiptHandle ?? ''])).toEqual([{ ok: true }]);
  expect(queue.messages()).toEqual([]);
});

test('100,000 messages wait, go out and are deleted', {
  timeout: 30_000,
}, async () => {
  const { clock, queue } = setUp();
  const count = 100_000;
  for (let first = 0; first < count; first += 10) {
    const entries = Array.from({ length: 10 }, (_, index) => ({ body: String(first + index) }));
    void queue.sendBatch(entries);
  }
  await clock.flush();
  let received = 0;
  for (let batch = 0; batch < count / 10; batch++) {
    const messages = await queue.receive({ maxMessages: 10, waitTimeMs: 0 });
    received += messages.length;
    await queue.changeVisibilityBatch(
      messages.map(({ receiptHandle }) => ({ receiptHandle, visibilityTimeoutMs: 60_000 })),
    );
    await queue.deleteBatch(messages.map(({ receiptHandle }) => receiptHandle));
  }
  expect(received).toBe(count);
  expect(queue.messages()).toEqual([]);
});
