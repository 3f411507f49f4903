import { type SendReceipt, text } from '@sqskit/core';
import { createFakeClock } from '@sqskit/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryOf } from '../src/admission.ts';
import { contentsOf, itemsOf, packingEnvelope } from './packing-envelope.ts';
import { bodies, outcomeOf, sendCalls, settled, setUp } from './set-up.ts';
import { slowEnvelope } from './slow-envelope.ts';

type Queued = Pick<ReturnType<typeof setUp>['queue'], 'accepted'>;

/** The contents of each SQS message that was accepted. */
const packsOf = ({ accepted }: Queued): readonly (readonly string[])[] =>
  accepted.map(({ body }) => contentsOf(body));

describe('what makes a pack', () => {
  test('with nothing in flight, what one turn sends; each message has a receipt of its own', async () => {
    const { clock, queue, producer } = setUp({ envelope: packingEnvelope() });
    const receipts = await clock.settle(Promise.all(['a', 'b', 'c'].map((body) => producer.send({ body }))));
    expect(packsOf(queue)).toEqual([['a', 'b', 'c']]);
    expect(new Set(receipts.map(({ id }) => id)).size).toBe(3);
    expect(receipts.map(({ id }) => id)).toEqual(
      itemsOf(queue.accepted[0]?.body ?? '').map((item) => item.id),
    );
    expect(new Set(receipts.map(({ messageId }) => messageId)).size).toBe(1);
    expect(clock.monotonic()).toBe(10);
    expect(producer.stats()).toMatchObject({ sent: 3, packs: 1, meanPack: 3, batches: 1, billedRequests: 1 });
  });

  test('as much content as the envelope says fills an SQS message, at once; the rest waits for company', async () => {
    const { clock, queue, producer } = setUp({
      envelope: packingEnvelope({ fillBytes: 10 }),
      lingerWhenIdle: true,
      lingerMs: 100,
    });
    const sent = ['1234', '5678', '9abc', 'd'].map((body) => producer.send({ body }));
    await clock.settle(Promise.all(sent));
    expect(packsOf(queue)).toEqual([
      ['1234', '5678'],
      ['9abc', 'd'],
    ]);
    expect(clock.monotonic()).toBe(110);
  });

  test('as many as the envelope takes', async () => {
    const { clock, queue, producer } = setUp({ envelope: packingEnvelope({ maxItems: 4 }) });
    await clock.settle(Promise.all(bodies('m', 9).map((body) => producer.send({ body }))));
    expect(packsOf(queue).map(({ length }) => length)).toEqual([4, 4, 1]);
  });

  test('under load, what has come while no call could begin', async () => {
    const { clock, queue, producer } = setUp(
      { envelope: packingEnvelope(), maxConcurrency: 1, lingerMs: 5 },
      { latencyMs: 100 },
    );
    const sent: Promise<SendReceipt>[] = [];
    for (const body of bodies('m', 30)) {
      sent.push(producer.send({ body }));
      await clock.advance(10);
    }
    await clock.settle(Promise.all(sent));
    expect(packsOf(queue).flat()).toEqual(bodies('m', 30));
    expect(packsOf(queue).length).toBeLessThanOrEqual(5);
  });

  test('no message lingers longer than lingerMs in all, while calls are in flight', async () => {
    const { clock, queue, producer } = setUp(
      { envelope: packingEnvelope({ fillBytes: 1_000 }), lingerMs: 50 },
      { latencyMs: 10_000 },
    );
    const sent = [producer.send({ body: 'first' })];
    await clock.advance(10);
    sent.push(producer.send({ body: 'second' }));
    await clock.advance(45);
    sent.push(producer.send({ body: 'third' }));
    await clock.advance(5);
    expect(sendCalls(queue).map(({ given }) => given.flatMap(({ body }) => contentsOf(body)))).toEqual([
      ['first'],
      ['second', 'third'],
    ]);
    await clock.settle(Promise.all(sent));
  });

  test('messages of one group only; those without a group make packs of their own', async () => {
    const { clock, queue, producer } = setUp({ envelope: packingEnvelope() });
    const groups = ['x', undefined, 'y', 'x', undefined, 'y'];
    await clock.settle(
      Promise.all(groups.map((groupId, index) => producer.send({ body: `${index}`, groupId }))),
    );
    expect(sendCalls(queue).length).toBe(1);
    expect(queue.accepted.map(({ groupId, body }) => [groupId, contentsOf(body)])).toEqual([
      ['x', ['0', '3']],
      [undefined, ['1', '4']],
      ['y', ['2', '5']],
    ]);
  });

  test('a message with a delay of its own is sent alone, and holds up no other', async () => {
    const { clock, queue, producer } = setUp({ envelope: packingEnvelope() });
    const sent = [
      producer.send({ body: 'a' }),
      producer.send({ body: 'late', delayMs: 5_000 }),
      producer.send({ body: 'b' }),
    ];
    await clock.settle(Promise.all(sent));
    expect(new Set(packsOf(queue).map(String))).toEqual(new Set(['a,b', 'late']));
    expect(sendCalls(queue)[0]?.given.map(({ delayMs }) => delayMs)).toContain(5_000);
  });

  test('attributes travel with each message; a trace header on the SQS message where all have the same', async () => {
    const { clock, queue, producer } = setUp({ envelope: packingEnvelope() });
    const attributes = { kind: { type: 'String', value: 'x' } } as const;
    await clock.settle(
      Promise.all([
        producer.send({ body: 'a', groupId: 'same', traceHeader: 'Root=1', attributes }),
        producer.send({ body: 'b', groupId: 'same', traceHeader: 'Root=1' }),
        producer.send({ body: 'c', groupId: 'other', traceHeader: 'Root=1' }),
        producer.send({ body: 'd', groupId: 'other', traceHeader: 'Root=2' }),
        producer.send({ body: 'e', groupId: 'alone', traceHeader: 'Root=3' }),
      ]),
    );
    const [same, other, alone] = sendCalls(queue)[0]?.given ?? [];
    expect([same, other, alone].map((entry) => entry?.traceHeader)).toEqual(['Root=1', undefined, 'Root=3']);
    expect(itemsOf(same?.body ?? '').map((item) => item.attributes)).toEqual([attributes, {}]);
    expect(itemsOf(other?.body ?? '').map((item) => item.traceHeader)).toEqual(['Root=1', 'Root=2']);
  });
});

describe('on a FIFO queue', () => {
  test('one pack of a group is out at a time; the next gathers meanwhile', async () => {
    const { clock, queue, producer } = setUp(
      { envelope: packingEnvelope({ maxItems: 3 }) },
      { fifo: true, latencyMs: 100 },
    );
    const sent = bodies('m', 3).map((body) => producer.send({ body, groupId: 'g' }));
    await clock.advance(50);
    sent.push(...bodies('n', 4).map((body) => producer.send({ body, groupId: 'g' })));
    await clock.advance(40);
    expect(sendCalls(queue).length).toBe(1);
    await clock.settle(Promise.all(sent));
    expect(packsOf(queue)).toEqual([bodies('m', 3), ['n0', 'n1', 'n2'], ['n3']]);
  });

  test('messages that go alone keep their place in their group', async () => {
    const { clock, queue, producer } = setUp({ envelope: packingEnvelope() }, { fifo: true });
    const sent = ['a', 'b', 'own', 'c', 'd'].map((body) =>
      producer.send({ body, groupId: 'g', deduplicationId: body === 'own' ? 'mine' : undefined }),
    );
    await clock.settle(Promise.all(sent));
    expect(packsOf(queue)).toEqual([['a', 'b'], ['own'], ['c', 'd']]);
    expect(queue.accepted.map(({ deduplicationId }) => deduplicationId)[1]).toBe('mine');
  });

  test('a pack is retried with the same bytes and deduplication id, and no other has that id', async () => {
    const { clock, faults, queue, producer } = setUp({ envelope: packingEnvelope() }, { fifo: true });
    faults.failNext('sendBatch', { kind: 'unavailable' }, { times: 2 });
    const ids = ['same', 'same']; // users' ids need not tell packs apart
    await clock.settle(
      Promise.all(ids.map((id, index) => producer.send({ body: `${index}`, id, groupId: 'g' }))),
    );
    await clock.settle(
      Promise.all(ids.map((id, index) => producer.send({ body: `${index}!`, id, groupId: 'g' }))),
    );
    const entries = sendCalls(queue).flatMap(({ given }) => given);
    expect(entries.length).toBe(4);
    expect(new Set(entries.map(({ body, deduplicationId }) => `${deduplicationId} ${body}`)).size).toBe(2);
    expect(new Set(entries.map(({ deduplicationId }) => deduplicationId)).size).toBe(2);
    expect(queue.accepted.length).toBe(2);
  });
});

describe('a bad message fails alone', () => {
  test.each([
    ['an empty text', ''],
    ['a character that SQS does not take', '\u0001'],
    ['half a surrogate pair', '\uD800'],
  ])('%s: at once, whatever it would be packed with', async (_, body) => {
    const { clock, queue, producer, errorOf } = setUp({ envelope: packingEnvelope() });
    const good = producer.send({ body: 'good' });
    expect(await errorOf(producer.send({ body }))).toMatchObject({ code: 'message-invalid' });
    await clock.settle(good);
    expect(packsOf(queue)).toEqual([['good']]);
  });

  test('wherever it stands, whoever refuses it, whether at once or later', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 25 }),
        fc.boolean(),
        fc.boolean(),
        async (goods, isLate, fifo) => {
          const clock = createFakeClock();
          const inner = packingEnvelope({
            check({ content }) {
              if (content === 'bad') {
                throw new Error('not this one');
              }
            },
          });
          const envelope = isLate ? slowEnvelope(clock, () => 5, inner) : inner;
          const { queue, producer } = setUp({ envelope }, { fifo }, clock);
          const sent = goods.map((isGood, index) =>
            producer.send({ body: isGood ? `${index}` : 'bad', groupId: 'g' }),
          );
          const outcomes = await clock.settle(settled(sent));
          expect(outcomes.map((outcome) => outcome instanceof Error)).toEqual(goods.map((isGood) => !isGood));
          const accepted = packsOf(queue).flat();
          expect(fifo ? accepted : accepted.toSorted((one, other) => Number(one) - Number(other))).toEqual(
            goods.flatMap((isGood, index) => (isGood ? [`${index}`] : [])),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test('an envelope that takes a part only is given the rest again', async () => {
    const { clock, queue, producer } = setUp({ envelope: packingEnvelope(), maxMessageBytes: 2_000 });
    const sent = bodies('m', 20).map((body) => body.padEnd(300, '.'));
    await clock.settle(Promise.all(sent.map((body) => producer.send({ body }))));
    expect(packsOf(queue).flat().toSorted()).toEqual(sent.toSorted());
  });
});

describe('giving up one message of a pack', () => {
  test('that certainly had no effect: it is rejected, and the others are packed again in their order', async () => {
    const { clock, faults, queue, producer } = setUp(
      { envelope: packingEnvelope(), random: () => 0.5 },
      { fifo: true },
    );
    faults.failNext('sendBatch', { kind: 'throttle' });
    const stop = new AbortController();
    const sent = ['a', 'b', 'c'].map((body) =>
      producer.send({ body, groupId: 'g' }, body === 'b' ? { signal: stop.signal } : {}),
    );
    const others = [sent[0], sent[2]].map(outcomeOf);
    const gone = outcomeOf(sent[1]);
    await clock.advance(50);
    stop.abort();
    expect(await gone).toMatchObject({ code: 'aborted', outcome: 'rejected' });
    expect(await clock.settle(Promise.all(others))).toMatchObject([{ attempts: 2 }, { attempts: 2 }]);
    expect(packsOf(queue)).toEqual([['a', 'c']]);
  });

  test('that is under way: its outcome is unknown, and the pack goes on', async () => {
    const { clock, queue, producer, errorOf } = setUp({ envelope: packingEnvelope() });
    const stop = new AbortController();
    const kept = producer.send({ body: 'a' });
    const gone = producer.send({ body: 'b' }, { signal: stop.signal });
    await clock.advance(5);
    stop.abort();
    expect(await errorOf(gone)).toMatchObject({ code: 'aborted', outcome: 'unknown' });
    expect(await clock.settle(kept)).toMatchObject({ attempts: 1 });
    expect(packsOf(queue)).toEqual([['a', 'b']]);
    expect(producer.stats()).toMatchObject({ sent: 1, failed: 1, bufferedMessages: 0, bufferedBytes: 0 });
  });

  test('at its own deadline, though others of the pack have longer', async () => {
    const { clock, faults, queue, producer, errorOf } = setUp({ envelope: packingEnvelope() });
    faults.failNext('sendBatch', { kind: 'unavailable' }, { times: 5 });
    const patient = producer.send({ body: 'patient' });
    const brief = producer.send({ body: 'brief' }, { deadlineMs: 50 });
    expect(await errorOf(brief)).toMatchObject({ code: 'deadline-exceeded', outcome: 'rejected' });
    expect(clock.monotonic()).toBeLessThan(200);
    expect(await clock.settle(patient)).toMatchObject({ id: expect.any(String) });
    expect(packsOf(queue)).toEqual([['patient']]);
  });

  test('all of them at once: nothing is sent', async () => {
    const { clock, queue, producer } = setUp({
      envelope: packingEnvelope(),
      lingerMs: 50,
      lingerWhenIdle: true,
    });
    const stop = new AbortController();
    const sent = bodies('m', 5).map((body) => producer.send({ body }, { signal: stop.signal }));
    await clock.advance(10);
    stop.abort();
    await clock.settle(settled(sent));
    await clock.advance(1_000);
    expect(queue.calls).toEqual([]);
  });
});

describe('settling a pack', () => {
  test('that failed fails each of its messages with its error', async () => {
    const { clock, faults, producer } = setUp({ envelope: packingEnvelope() });
    faults.failNext('sendBatch', { kind: 'entry-rejection' });
    const outcomes = await clock.settle(settled(bodies('m', 3).map((body) => producer.send({ body }))));
    expect(outcomes).toMatchObject(Array.from({ length: 3 }, () => ({ code: 'service-error' })));
    expect(producer.stats()).toMatchObject({ sent: 0, failed: 3, packs: 0, meanPack: 0, bufferedBytes: 0 });
  });

  test('makes room for as many as it had; the buffer never holds more than it may', async () => {
    const maxBufferedBytes = memoryOf(20, 60);
    const { clock, queue, producer } = setUp(
      { envelope: packingEnvelope({ maxItems: 10 }), maxBufferedMessages: 25, maxBufferedBytes },
      { latencyMs: 100 },
    );
    let most = 0;
    const sent = bodies('m', 100).map((body) => {
      const receipt = producer.send({ body });
      most = Math.max(most, producer.stats().bufferedBytes);
      return receipt.finally(() => {
        most = Math.max(most, producer.stats().bufferedBytes);
      });
    });
    await clock.settle(Promise.all(sent));
    expect(most).toBeLessThanOrEqual(maxBufferedBytes);
    expect(packsOf(queue).flat()).toEqual(bodies('m', 100));
  });

  test('flush and close wait for every message; close lists each that it could not deliver', async () => {
    const { clock, queue, producer } = setUp(
      {
        envelope: packingEnvelope({ maxItems: 2 }),
        maxConcurrency: 1,
        lingerMs: 60_000,
        lingerWhenIdle: true,
      },
      { latencyMs: 1_000 },
    );
    const first = bodies('m', 3).map((body) => producer.send({ body }));
    await clock.settle(producer.flush());
    await Promise.all(first);
    expect(clock.monotonic()).toBeLessThan(3_100);
    const rest = settled(bodies('n', 5).map((body) => producer.send({ body })));
    const report = await clock.settle(producer.close({ timeoutMs: 0 }));
    await clock.settle(rest);
    expect(report.sent).toBe(3);
    expect(report.undelivered.map(({ message }) => message.body).toSorted()).toEqual(bodies('n', 5));
    expect(queue.accepted.length).toBeGreaterThanOrEqual(2);
  });

  test('whatever is sent: nothing is lost, repeated, or out of the order of its group', async () => {
    const message = fc.record({
      group: fc.constantFrom('a', 'b', 'c'),
      pauseMs: fc.constantFrom(0, 0, 0, 1, 7, 40),
      size: fc.integer({ min: 1, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 50 }),
        fc.boolean(),
        fc.boolean(),
        async (messages, isSlow, fifo) => {
          const clock = createFakeClock();
          const inner = packingEnvelope({ fillBytes: 100, maxItems: 8 });
          const envelope = isSlow ? slowEnvelope(clock, ({ content }) => content.length, inner) : inner;
          const { queue, producer } = setUp(
            { envelope, codec: text(), maxBufferedMessages: 15, maxConcurrency: 2 },
            { fifo },
            clock,
          );
          const sent: Promise<SendReceipt>[] = [];
          for (const [index, { group, pauseMs, size }] of messages.entries()) {
            sent.push(producer.send({ body: `${index}`.padEnd(size, '.'), groupId: group }));
            await clock.advance(pauseMs);
          }
          await clock.settle(Promise.all(sent));
          const numbers = packsOf(queue).map((contents) => contents.map((each) => Number.parseInt(each, 10)));
          expect(numbers.flat().toSorted((one, other) => one - other)).toEqual(
            messages.map((_, index) => index),
          );
          for (const group of ['a', 'b', 'c']) {
            const own = numbers.flat().filter((index) => messages[index]?.group === group);
            expect(fifo ? own : []).toEqual(fifo ? own.toSorted((one, other) => one - other) : []);
          }
          expect(producer.stats()).toMatchObject({ bufferedMessages: 0, bufferedBytes: 0, waitingBytes: 0 });
          expect(clock.pendingTimers).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});
