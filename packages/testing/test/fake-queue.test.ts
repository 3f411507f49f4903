import type { SendEntry, SendOutcome, SettleOutcome } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { createFakeClock, createFakeQueue, createRandom, type FakeQueueOptions } from '../src/index.ts';

const hour = 3_600_000;

function setUp(options: FakeQueueOptions = {}) {
  const clock = createFakeClock();
  const queue = createFakeQueue({ ...options, clock });
  return {
    clock,
    queue,
    send: (...entries: readonly SendEntry[]) => clock.settle(queue.sendBatch(entries)),
    receive: (maxMessages = 10, waitTimeMs = 0) => clock.settle(queue.receive({ maxMessages, waitTimeMs })),
    delete: (...handles: readonly string[]) => clock.settle(queue.deleteBatch(handles)),
    change: (receiptHandle: string, visibilityTimeoutMs: number) =>
      clock.settle(queue.changeVisibilityBatch([{ receiptHandle, visibilityTimeoutMs }])),
  };
}

function codes(outcomes: readonly (SendOutcome | SettleOutcome)[]): unknown[] {
  return outcomes.map((outcome) => {
    if (outcome.ok) {
      return 'ok';
    }
    const { details } = outcome.error;
    return 'awsCode' in details ? details.awsCode : outcome.error.code;
  });
}

const bodies = (messages: readonly { readonly body: string }[]): string[] => messages.map(({ body }) => body);

describe('the rules for what is sent', () => {
  const withAttribute = (name: string, value: string | Uint8Array = 'x', type = 'String'): SendEntry => ({
    body: 'b',
    // As JavaScript may give it.
    attributes: { [name]: { type: type as 'String', value } },
  });
  const standard: readonly (readonly [what: string, entry: SendEntry, code: string])[] = [
    ['an empty body', { body: '' }, 'MissingParameter'],
    ['a control character', { body: 'a\u0000' }, 'InvalidMessageContents'],
    ['half of a surrogate pair', { body: 'a\ud83d' }, 'InvalidMessageContents'],
    ['a noncharacter', { body: 'a\ufffe' }, 'InvalidMessageContents'],
    ['an attribute name with a space', withAttribute('a b'), 'InvalidParameterValue'],
    ['an attribute name that begins with a dot', withAttribute('.a'), 'InvalidParameterValue'],
    ['an attribute name that ends with a dot', withAttribute('a.'), 'InvalidParameterValue'],
    ['an attribute name with two dots in a row', withAttribute('a..b'), 'InvalidParameterValue'],
    ['an attribute name reserved by AWS', withAttribute('AWS.x'), 'InvalidParameterValue'],
    ['an attribute name of 257 characters', withAttribute('a'.repeat(257)), 'InvalidParameterValue'],
    ['an attribute type that is none', withAttribute('a', 'x', 'Text'), 'InvalidParameterValue'],
    ['an empty attribute', withAttribute('a', ''), 'InvalidParameterValue'],
    ['bytes as a String', withAttribute('a', Uint8Array.of(1)), 'InvalidParameterValue'],
    ['text as Binary', withAttribute('a', 'x', 'Binary'), 'InvalidParameterValue'],
    ['a Number that is none', withAttribute('a', 'one', 'Number'), 'InvalidParameterValue'],
    ['a control character in an attribute', withAttribute('a', '\u0007'), 'InvalidParameterValue'],
    ['a negative delay', { body: 'b', delayMs: -1 }, 'InvalidParameterValue'],
    ['a delay above 15 minutes', { body: 'b', delayMs: 900_001 }, 'InvalidParameterValue'],
    ['a group id of 129 characters', { body: 'b', groupId: 'g'.repeat(129) }, 'InvalidParameterValue'],
    ['a group id with a space', { body: 'b', groupId: 'a b' }, 'InvalidParameterValue'],
    ['a deduplication id on a standard queue', { body: 'b', deduplicationId: 'd' }, 'InvalidParameterValue'],
  ];
  test.each(standard)('%s is refused', async (_, entry, code) => {
    const { send } = setUp();
    const outcomes = await send(entry, { body: 'good' });
    expect(codes(outcomes)).toEqual([code, 'ok']);
    expect(outcomes[0]).toMatchObject({ error: { retryable: false, outcome: 'rejected' } });
  });

  test.each([
    ['every kind of text', { body: '\t\n\r \u{d7ff}\u{e000}\u{fffd}\u{10000}\u{10ffff}' }],
    ['attributes of every type', withAttribute('a-b_c.9', '-1.5e3', 'Number.float')],
    [
      'the longest group id, of any punctuation',
      { body: 'b', groupId: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~' },
    ],
    ['the longest delay', { body: 'b', delayMs: 900_000 }],
  ])('%s is accepted', async (_, entry) => {
    expect(codes(await setUp().send(entry))).toEqual(['ok']);
  });

  test.each<readonly [string, SendEntry, string]>([
    ['no group', { body: 'b', deduplicationId: 'd' }, 'MissingParameter'],
    ['no deduplication id', { body: 'b', groupId: 'g' }, 'InvalidParameterValue'],
    ['a delay', { body: 'b', groupId: 'g', deduplicationId: 'd', delayMs: 1 }, 'InvalidParameterValue'],
    ['a bad deduplication id', { body: 'b', groupId: 'g', deduplicationId: 'ä' }, 'InvalidParameterValue'],
  ])('%s is refused on a FIFO queue', async (_, entry, code) => {
    expect(codes(await setUp({ fifo: true }).send(entry))).toEqual([code]);
  });

  test('what was sent does not change with the sender’s memory', async () => {
    const { send, receive } = setUp();
    const value = Uint8Array.of(1, 2, 3);
    await send({ body: 'b', attributes: { a: { type: 'Binary', value } } });
    value.fill(9);
    const [message] = await receive();
    expect(message?.attributes['a']?.value).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe('time', () => {
  test('milliseconds become whole seconds on the wire, rounded up', async () => {
    const { clock, queue, send, receive } = setUp({ visibilityTimeoutMs: 1_001 });
    await send({ body: 'delayed', delayMs: 1 });
    await clock.advance(999);
    expect(await clock.settle(queue.depth())).toEqual({ visible: 0, inFlight: 0, delayed: 1 });
    await clock.advance(1);
    const [message] = await receive();
    expect(message?.body).toBe('delayed');
    await clock.advance(1_999);
    expect(queue.messages()).toMatchObject([{ state: 'in-flight' }]);
    await clock.advance(1);
    expect(queue.messages()).toMatchObject([{ state: 'visible', receiveCount: 1 }]);
    expect((await clock.settle(queue.describe())).visibilityTimeoutMs).toBe(2_000);
    const startedAt = clock.monotonic();
    await receive(1);
    await receive(1, 100);
    expect(clock.monotonic() - startedAt).toBe(1_000);
  });

  test('the queue’s own delay holds for messages without one', async () => {
    const { queue, send } = setUp({ delayMs: 5_000 });
    await send({ body: 'a' }, { body: 'b', delayMs: 0 });
    expect(queue.messages().map(({ state }) => state)).toEqual(['delayed', 'visible']);
  });

  test('a call takes effect half way: the lease begins before the answer is there', async () => {
    const { clock, queue } = setUp({ latencyMs: 100, visibilityTimeoutMs: 1_000 });
    const sending = queue.sendBatch([{ body: 'a' }]);
    await clock.advance(50);
    expect(queue.messages()).toHaveLength(1);
    await clock.settle(sending);
    expect(clock.monotonic()).toBe(100);
    const sentAtMs = queue.messages()[0]?.sentAtMs;
    expect(sentAtMs).toBe(clock.now() - 50);
    await clock.settle(queue.receive({ maxMessages: 1, waitTimeMs: 0 }));
    await clock.advance(949);
    expect(queue.messages()).toMatchObject([{ state: 'in-flight' }]);
    await clock.advance(1);
    expect(queue.messages()).toMatchObject([{ state: 'visible' }]);
  });

  test('a message can be kept for 12 hours from its receive, however often it is extended', async () => {
    const { clock, send, receive, change } = setUp();
    await send({ body: 'long' });
    const [message] = await receive();
    const handle = message?.receiptHandle ?? '';
    expect(codes(await change(handle, 12 * hour))).toEqual(['ok']);
    await clock.advance(6 * hour);
    expect(codes(await change(handle, 6 * hour + 1_000))).toEqual(['InvalidParameterValue']);
    expect(codes(await change(handle, 6 * hour))).toEqual(['ok']);
    expect(codes(await change(handle, 13 * hour))).toEqual(['InvalidParameterValue']);
    expect(codes(await change(handle, -1))).toEqual(['InvalidParameterValue']);
  });

  test('a deduplication id is remembered for five minutes', async () => {
    const { clock, queue, send } = setUp({ fifo: true });
    const entry = { body: 'a', groupId: 'g', deduplicationId: 'd' };
    const [first] = await send(entry);
    await clock.advance(299_999);
    expect(await send(entry)).toEqual([first]);
    await clock.advance(1);
    expect(await send(entry)).not.toEqual([first]);
    expect(bodies(queue.accepted)).toEqual(['a', 'a']);
  });

  test('a receive outside the ranges of SQS is refused', async () => {
    const { clock, queue } = setUp();
    for (const request of [
      { maxMessages: 0, waitTimeMs: 0 },
      { maxMessages: 11, waitTimeMs: 0 },
      { maxMessages: 1, waitTimeMs: 20_001 },
      { maxMessages: 1, waitTimeMs: 0, visibilityTimeoutMs: 12 * hour + 1 },
    ]) {
      await expect(clock.settle(queue.receive(request))).rejects.toMatchObject({
        code: 'service-error',
        details: { awsCode: 'InvalidParameterValue' },
      });
    }
  });
});

describe('long polls', () => {
  test('are served in the order in which they came, each with as much as it asked for', async () => {
    const { clock, queue, send } = setUp();
    const first = queue.receive({ maxMessages: 2, waitTimeMs: 20_000 });
    const second = queue.receive({ maxMessages: 10, waitTimeMs: 20_000 });
    await clock.advance(1_000);
    await send({ body: 'a' }, { body: 'b' }, { body: 'c' });
    expect([bodies(await first), bodies(await second)]).toEqual([['a', 'b'], ['c']]);
    expect(clock.monotonic()).toBe(1_000);
    expect(clock.pendingTimers).toBe(0);
  });

  test('end when a delay or a visibility timeout does', async () => {
    const { clock, send, receive } = setUp({ visibilityTimeoutMs: 3_000 });
    await send({ body: 'a', delayMs: 2_000 });
    await receive(1, 20_000);
    expect(clock.monotonic()).toBe(2_000);
    await receive(1, 20_000);
    expect(clock.monotonic()).toBe(5_000);
  });

  test('end when the group of a message that waits is free again', async () => {
    const { clock, queue, send, receive } = setUp({ fifo: true });
    await send(...['a', 'b'].map((body) => ({ body, groupId: 'g', deduplicationId: body })));
    const [head] = await receive(1);
    const waiting = queue.receive({ maxMessages: 1, waitTimeMs: 20_000 });
    await clock.advance(1_000);
    await clock.settle(queue.deleteBatch([head?.receiptHandle ?? '']));
    expect(bodies(await waiting)).toEqual(['b']);
  });

  test('that are aborted on their way take nothing', async () => {
    const { clock, queue, send } = setUp({ latencyMs: 100 });
    await send({ body: 'a' });
    const stop = new AbortController();
    const poll = queue
      .receive({ maxMessages: 1, waitTimeMs: 20_000 }, { signal: stop.signal })
      .catch((error: unknown) => error);
    await clock.advance(49);
    stop.abort();
    await expect(poll).resolves.toMatchObject({ code: 'aborted', outcome: 'rejected' });
    await clock.advance(1_000);
    expect(queue.messages()).toMatchObject([{ state: 'visible', receiveCount: 0 }]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('that are aborted while their messages are on the way leave them in flight, and say unknown', async () => {
    const { clock, queue, send } = setUp({ latencyMs: 100 });
    await send({ body: 'a' });
    const stop = new AbortController();
    const poll = queue
      .receive({ maxMessages: 1, waitTimeMs: 20_000 }, { signal: stop.signal })
      .catch((error: unknown) => error);
    await clock.advance(51);
    stop.abort();
    await expect(poll).resolves.toMatchObject({ code: 'aborted', outcome: 'unknown' });
    expect(queue.messages()).toMatchObject([{ state: 'in-flight' }]);
    await clock.advance(30_000);
    expect(queue.messages()).toMatchObject([{ state: 'visible', receiveCount: 1 }]);
  });
});

describe('batch calls that are aborted under way', () => {
  test('take effect all the same, and each entry is unknown', async () => {
    const { clock, queue } = setUp({ latencyMs: 100 });
    const stop = new AbortController();
    const sending = queue.sendBatch([{ body: 'a' }, { body: 'b' }], { signal: stop.signal });
    await clock.advance(10);
    stop.abort();
    expect(await sending).toMatchObject([
      { ok: false, error: { code: 'aborted', outcome: 'unknown' } },
      { ok: false, error: { code: 'aborted', outcome: 'unknown' } },
    ]);
    await clock.advance(100);
    expect(bodies(queue.accepted)).toEqual(['a', 'b']);
  });
});

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
