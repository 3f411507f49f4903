import { type Envelope, payloadBytes, plain } from '@sqskit/core';
import { createFakeClock, createFakeQueue } from '@sqskit/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryOf } from '../src/admission.ts';
import { createProducer } from '../src/index.ts';
import { bodies, sendCalls, setUp } from './set-up.ts';

describe('what makes a batch', () => {
  test('single sends of one turn leave in batches of ten', async () => {
    const { clock, producer, batches } = setUp();
    const sent = bodies('m', 25).map((body) => producer.send({ body }));
    await clock.settle(Promise.all(sent));
    expect(batches()).toEqual([bodies('m', 10), bodies('m', 20).slice(10), bodies('m', 25).slice(20)]);
  });

  test('a batch has fewer entries if told so', async () => {
    const { clock, producer, batches } = setUp({ maxBatchEntries: 3 });
    await clock.settle(Promise.all(bodies('m', 7).map((body) => producer.send({ body }))));
    expect(batches().map(({ length }) => length)).toEqual([3, 3, 1]);
  });

  test('a batch has up to 1 MiB, to the byte', async () => {
    const { clock, producer, batches } = setUp();
    const half = 524_288;
    const sizes = [half, half, half, half + 1, half - 1];
    await clock.settle(Promise.all(sizes.map((size) => producer.send({ body: 'x'.repeat(size) }))));
    expect(batches().map((batch) => batch.map(({ length }) => length))).toEqual([
      [half, half],
      [half],
      [half + 1, half - 1],
    ]);
  });

  test('attributes count: their names, types and values', async () => {
    const { clock, producer, batches } = setUp({ maxMessageBytes: 2_048 });
    const attributes = { name: { type: 'String', value: 'é'.repeat(10) } } as const; // 4 + 6 + 20 bytes
    const sends = [1_018, 1_000].map((size) => producer.send({ body: 'x'.repeat(size), attributes }));
    const one = producer.send({ body: 'y', attributes });
    await clock.settle(Promise.all([...sends, one]));
    expect(batches().map((batch) => batch.map(({ length }) => length))).toEqual([[1_018], [1_000, 1]]);
  });

  test('no batch is larger than the queue allows, and none leaves unfilled under load, for messages of any size', async () => {
    const message = fc.record({
      body: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 400 }),
      value: fc.string({ unit: fc.constantFrom('a', 'é', '中', '😀'), minLength: 1, maxLength: 50 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 60 }), async (messages) => {
        const { clock, queue, producer } = setUp(
          { maxMessageBytes: 4_096, maxConcurrency: 2 },
          { maxMessageBytes: 4_096 },
        );
        const sent = messages.map(({ body, value }) =>
          producer.send({ body: JSON.stringify(body), attributes: { a: { type: 'String', value } } }),
        );
        await clock.settle(Promise.all(sent));
        const calls = sendCalls(queue).map(({ given }) => ({
          entries: given.length,
          bytes: given.reduce((sum, entry) => sum + payloadBytes(entry), 0),
          first: payloadBytes(given[0] ?? { body: '' }),
        }));
        expect(calls.every(({ entries, bytes }) => entries <= 10 && bytes <= 4_096)).toBe(true);
        const unfilled = calls
          .slice(0, -1)
          .filter(
            ({ entries, bytes }, index) => entries < 10 && bytes + (calls[index + 1]?.first ?? 0) <= 4_096,
          );
        expect(unfilled).toEqual([]);
        expect(queue.accepted.length).toBe(messages.length);
      }),
      { numRuns: 50 },
    );
  });
});

describe('when a batch leaves', () => {
  test('a message alone is accepted a turn and a call later', async () => {
    const { clock, queue, producer } = setUp({ lingerMs: 50 });
    await clock.settle(producer.send({ body: 'a' }));
    expect(sendCalls(queue).map(({ atMs }) => atMs)).toEqual([0]);
    expect(clock.monotonic()).toBe(10);
  });

  test('with a call in flight, messages linger for company', async () => {
    const { clock, queue, producer, batches } = setUp({ lingerMs: 20 }, { latencyMs: 1_000 });
    const first = producer.send({ body: 'first' });
    await clock.advance(5);
    const others = [producer.send({ body: 'a' })];
    await clock.advance(10);
    others.push(producer.send({ body: 'b' }));
    await clock.settle(Promise.all([first, ...others]));
    expect(batches()).toEqual([['first'], ['a', 'b']]);
    expect(sendCalls(queue).map(({ atMs }) => atMs)).toEqual([0, 25]);
  });

  test('messages linger with nothing in flight too, if told to', async () => {
    const { clock, batches, producer } = setUp({ lingerMs: 20, lingerWhenIdle: true });
    const one = producer.send({ body: 'a' });
    await clock.advance(19);
    const other = producer.send({ body: 'b' });
    await clock.settle(Promise.all([one, other]));
    expect(batches()).toEqual([['a', 'b']]);
  });

  test('batches go out in parallel, and no more than allowed', async () => {
    const { clock, queue, producer } = setUp({ maxConcurrency: 3 }, { latencyMs: 100 });
    const sent = bodies('m', 100).map((body) => producer.send({ body }));
    let most = 0;
    for (let ms = 0; ms < 500; ms += 50) {
      await clock.advance(50);
      most = Math.max(most, producer.stats().batchesInFlight);
    }
    await clock.settle(Promise.all(sent));
    expect(most).toBe(3);
    const begun = sendCalls(queue).map(({ atMs }) => atMs);
    expect(begun).toEqual([0, 0, 0, 100, 100, 100, 200, 200, 200, 300]);
  });

  test('at 5,000 sends a second, batches are full', async () => {
    const { clock, producer } = setUp({ lingerMs: 10 });
    const sent: Promise<unknown>[] = [];
    for (let ms = 0; ms < 1_000; ms++) {
      sent.push(...bodies('m', 5).map((body) => producer.send({ body })));
      await clock.advance(1);
    }
    await clock.settle(Promise.all(sent));
    expect(producer.stats().meanFill).toBeGreaterThan(9.9);
  });
});

describe('how many batches are in flight', () => {
  test('grows up to the ceiling while SQS answers as quickly', async () => {
    const { clock, producer } = setUp({ maxConcurrency: 40 });
    expect(producer.stats().concurrencyLimit).toBe(16);
    await clock.settle(Promise.all(bodies('m', 5_000).map((body) => producer.send({ body }))));
    expect(producer.stats().concurrencyLimit).toBe(40);
  });

  test('is never more than the queue’s transport carries', async () => {
    const clock = createFakeClock();
    const queue = Object.assign(createFakeQueue({ clock, latencyMs: 10 }), { maxConnections: 3 });
    const producer = createProducer<string>(queue, { clock, maxMessageBytes: 1_024 });
    const sent = bodies('m', 500).map((body) => producer.send({ body }));
    await clock.advance(5);
    expect(producer.stats()).toMatchObject({ concurrencyLimit: 3, batchesInFlight: 3 });
    await clock.settle(Promise.all(sent));
  });

  test('shrinks when SQS throttles', async () => {
    const { clock, faults, producer } = setUp();
    faults.failNext('sendBatch', { kind: 'throttle' }, { times: 200 });
    await clock.settle(Promise.all(bodies('m', 500).map((body) => producer.send({ body }))));
    expect(producer.stats().concurrencyLimit).toBeLessThan(16);
  });
});

test('groups of a standard queue take turns: one that sends much does not delay the others', async () => {
  const { clock, producer } = setUp({ maxConcurrency: 1 });
  const noisy = bodies('n', 5_000).map((body) => producer.send({ body, groupId: 'noisy' }));
  await clock.advance(5);
  const quietAt = clock.monotonic();
  await clock.settle(producer.send({ body: 'q', groupId: 'quiet' }));
  expect(clock.monotonic() - quietAt).toBeLessThanOrEqual(20);
  await clock.settle(Promise.all(noisy));
});

describe('a batch that SQS calls too large', () => {
  test('is sent again in halves, and none of its messages fails for it', async () => {
    const { clock, faults, producer, batches } = setUp();
    faults.failNext('sendBatch', { kind: 'service-error', awsCode: 'BatchRequestTooLong', httpStatus: 400 });
    const sent = bodies('m', 3).map((body) => producer.send({ body }));
    const receipts = await clock.settle(Promise.all(sent));
    expect(batches()).toEqual([bodies('m', 3), ['m0', 'm1'], ['m2']]);
    expect(receipts.map(({ attempts }) => attempts)).toEqual([2, 2, 2]);
  });
});

describe('what is sent', () => {
  test('an envelope decides body and attributes; what it adds is counted', async () => {
    const inner = plain();
    const envelope: Envelope = {
      ...inner,
      seal: ([first], maxBytes) =>
        inner.seal(
          [
            {
              ...first,
              content: `<${String(first.content)}>`,
              attributes: { ...first.attributes, v: { type: 'Number', value: '2' } },
            },
          ],
          maxBytes,
        ),
    };
    const { clock, queue, producer } = setUp({ envelope }, { latencyMs: 1_000 });
    const sent = producer.send({ body: 'a', attributes: { own: { type: 'String', value: 'x' } } });
    expect(producer.stats().bufferedBytes).toBe(memoryOf(1, 3 + (1 + 6 + 1) + (3 + 6 + 1)));
    await clock.settle(sent);
    expect(queue.messages().map(({ body, attributes }) => [body, Object.keys(attributes)])).toEqual([
      ['<a>', ['own', 'v']],
    ]);
  });

  test('the queue is given one plain object a message, and a signal', async () => {
    const { clock, queue, producer } = setUp();
    const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793';
    await clock.settle(producer.send({ body: 'a', groupId: 'g', delayMs: 1_500, traceHeader, id: 'my-id' }));
    expect(sendCalls(queue)[0]?.given).toEqual([
      {
        body: 'a',
        attributes: undefined,
        groupId: 'g',
        deduplicationId: undefined,
        delayMs: 1_500,
        traceHeader,
      },
    ]);
  });

  test('ids are the prefix, random characters and a counter unless the message has one', async () => {
    const { clock, producer } = setUp({ idPrefix: 'orders' });
    const sent = [{ body: 'a' }, { body: 'b', id: 'mine' }, { body: 'c' }].map((message) =>
      producer.send(message),
    );
    const receipts = await clock.settle(Promise.all(sent));
    expect(receipts.map(({ id }) => id)).toEqual([
      expect.stringMatching(/^orders-[a-z0-9]{16}-1$/),
      'mine',
      expect.stringMatching(/^orders-[a-z0-9]{16}-2$/),
    ]);
  });

  test('an id is the one that the message had when it was sent', async () => {
    const { clock, producer } = setUp();
    const message = { body: 'a', id: 'first' };
    const sent = producer.send(message);
    message.id = 'second';
    expect(await clock.settle(sent)).toMatchObject({ id: 'first' });
  });

  test('two producers have different prefixes', async () => {
    const { clock, producer } = setUp({ random: Math.random });
    const other = setUp({ random: Math.random });
    const [one, two] = [
      await clock.settle(producer.send({ body: 'a' })),
      await other.clock.settle(other.producer.send({ body: 'a' })),
    ];
    expect(one.id).toMatch(/^[a-z0-9]{16}-1$/);
    expect(one.id).not.toBe(two.id);
  });
});
