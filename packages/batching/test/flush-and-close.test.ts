import { type Envelope, isQueueError, plain } from '@sqskit/core';
import { createFakeClock } from '@sqskit/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Epochs } from '../src/epochs.ts';
import { createProducer } from '../src/index.ts';
import { bodies, outcomeOf, sendCalls, settled, setUp } from './set-up.ts';
import { slowEnvelope } from './slow-envelope.ts';

describe('flush', () => {
  test('lets what is buffered leave at once', async () => {
    const { clock, producer, queue } = setUp({ lingerMs: 60_000, lingerWhenIdle: true });
    const sent = producer.send({ body: 'x' });
    const flushed = producer.flush();
    expect(sendCalls(queue).length).toBe(1);
    await clock.settle(Promise.all([sent, flushed]));
  });

  test('lets everything leave without lingering, those that wait for room included', async () => {
    const { clock, producer, queue } = setUp({
      lingerMs: 60_000,
      lingerWhenIdle: true,
      maxBufferedMessages: 15,
    });
    const sent = bodies('m', 40).map((body) => producer.send({ body }));
    await clock.settle(producer.flush());
    expect(queue.accepted.length).toBe(40);
    expect(clock.monotonic()).toBeLessThan(100);
    await clock.settle(Promise.all(sent));
  });

  test('before the queue has told its largest size, lets everything leave as soon as it has', async () => {
    const { clock, producer, queue } = setUp({
      lingerMs: 60_000,
      lingerWhenIdle: true,
      maxMessageBytes: undefined,
    });
    const sent = producer.send({ body: 'x' });
    await clock.settle(producer.flush());
    expect(queue.accepted.length).toBe(1);
    expect(clock.monotonic()).toBeLessThan(100);
    await clock.settle(sent);
  });

  test('waits for retries, and never rejects', async () => {
    const { clock, faults, producer } = setUp({ deadlineMs: 2_000 });
    faults.failNext('sendBatch', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
    const sent = bodies('m', 3).map((body) => producer.send({ body }));
    const outcomes = settled(sent);
    await clock.settle(producer.flush());
    expect((await outcomes).every((outcome) => isQueueError(outcome, 'deadline-exceeded'))).toBe(true);
  });

  test('does not wait for what comes after it', async () => {
    const { clock, producer } = setUp({}, { latencyMs: 1_000 });
    const first = producer.send({ body: 'first' });
    const flushed = producer.flush();
    await clock.advance(500);
    const second = producer.send({ body: 'second' });
    await clock.settle(Promise.all([first, flushed]));
    expect(producer.stats().bufferedMessages).toBe(1);
    await clock.settle(second);
  });
});

describe('epochs', () => {
  test('close resolves exactly when all that came before is settled, whatever the order', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('come' as const) }),
      fc.record({ kind: fc.constant('settle' as const), at: fc.nat() }),
      fc.record({ kind: fc.constant('close' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const epochs = new Epochs();
        const open: { readonly number: number; readonly settle: () => void }[] = [];
        const closed: { readonly through: number; isDone: boolean }[] = [];
        let came = 0;
        for (const each of steps) {
          if (each.kind === 'come') {
            const epoch = epochs.current;
            epoch.unsettled++;
            open.push({ number: came++, settle: () => epochs.settle(epoch) });
          } else if (each.kind === 'settle') {
            const [one] = open.splice(each.at % Math.max(1, open.length), 1);
            one?.settle();
          } else {
            const close = { through: came, isDone: false };
            closed.push(close);
            void epochs.close().then(() => {
              close.isDone = true;
            });
          }
          await Promise.resolve();
          for (const { through, isDone } of closed) {
            expect(isDone).toBe(open.every(({ number }) => number >= through));
          }
        }
      }),
    );
  });
});

describe('close', () => {
  test('refuses new messages, delivers the rest, and reports', async () => {
    const { clock, timers, producer, errorOf, queue } = setUp({
      lingerMs: 60_000,
      lingerWhenIdle: true,
      maxBufferedMessages: 10,
    });
    const sent = bodies('m', 25).map((body) => producer.send({ body }));
    const closing = producer.close();
    for (const receipt of [() => producer.send({ body: 'late' }), () => producer.trySend({ body: 'late' })]) {
      expect(await errorOf(receipt())).toMatchObject({
        code: 'closed',
        outcome: 'rejected',
        details: { what: 'producer' },
      });
    }
    expect(await clock.settle(closing)).toEqual({ sent: 25, undelivered: [] });
    await clock.settle(Promise.all(sent));
    expect(queue.accepted.length).toBe(25);
    expect(timers()).toBe(0);
  });

  test('lists what was not delivered in its time: the message itself, its id, and whether it may have been', async () => {
    const { clock, timers, producer, queue } = setUp(
      { maxBufferedMessages: 15, maxConcurrency: 1 },
      { latencyMs: 10_000 },
    );
    const messages = bodies('m', 30).map((body) => ({ body, id: `id of ${body}` }));
    const outcomes = settled(messages.map((message) => producer.send(message)));
    await clock.advance(10_500);
    const { sent, undelivered } = await clock.settle(producer.close({ timeoutMs: 1_000 }));
    expect(clock.monotonic()).toBe(11_500);
    expect(sent).toBe(10);
    expect(new Map(undelivered.map(({ id, error }) => [id, `${error.code} ${error.outcome}`]))).toEqual(
      new Map(
        bodies('id of m', 30)
          .slice(10)
          .map((id, index) => [id, `closed ${index < 10 ? 'unknown' : 'rejected'}`]),
      ),
    );
    expect(undelivered.every(({ message }) => messages.some((given) => given === message))).toBe(true); // the very objects
    expect((await outcomes).filter((outcome) => isQueueError(outcome, 'closed')).length).toBe(20);
    expect(timers()).toBe(0);
    await clock.advance(600_000);
    expect(sendCalls(queue).length).toBe(2);
    expect(producer.stats()).toMatchObject({
      bufferedMessages: 0,
      bufferedBytes: 0,
      waitingMessages: 0,
      waitingBytes: 0,
    });
  });

  test('lists what failed for good while it was closing', async () => {
    const { clock, faults, producer } = setUp();
    faults.failNext('sendBatch', { kind: 'entry-rejection', positions: [0] });
    const outcomes = settled(['bad', 'good'].map((body) => producer.send({ body })));
    const { sent, undelivered } = await clock.settle(producer.close());
    expect(sent).toBe(1);
    expect(undelivered.map(({ message, error }) => [message.body, error.code])).toEqual([
      ['bad', 'service-error'],
    ]);
    await outcomes;
  });

  test('does not list what had failed before', async () => {
    const { clock, faults, producer } = setUp();
    faults.failNext('sendBatch', { kind: 'entry-rejection' });
    await clock.settle(outcomeOf(producer.send({ body: 'bad' })));
    expect(await clock.settle(producer.close())).toEqual({ sent: 0, undelivered: [] });
  });

  test('while the queue has not told its largest size: delivers if it does in time', async () => {
    const { clock, producer } = setUp({ maxMessageBytes: undefined }, { latencyMs: 1_000 });
    const sent = producer.send({ body: 'x' });
    expect(await clock.settle(producer.close())).toEqual({ sent: 1, undelivered: [] });
    await clock.settle(sent);
  });

  test('while the queue has not told its largest size: gives up in time, without a warning or a timer', async () => {
    const warnings: unknown[] = [];
    const silent = (): void => undefined;
    const { clock, timers, producer } = setUp(
      {
        maxMessageBytes: undefined,
        logger: { debug: silent, error: silent, warn: (...said) => warnings.push(said) },
      },
      { latencyMs: 60_000 },
    );
    const outcome = outcomeOf(producer.send({ body: 'x' }));
    const { undelivered } = await clock.settle(producer.close({ timeoutMs: 100 }));
    expect(undelivered.map(({ error }) => error.outcome)).toEqual(['rejected']);
    expect(isQueueError(await outcome, 'closed')).toBe(true);
    await clock.flush();
    expect([timers(), warnings.length]).toEqual([0, 0]);
  });

  test('in no time gives everything up at once, and ends the calls under way', async () => {
    const { clock, timers, producer, queue } = setUp({}, { latencyMs: 60_000 });
    const outcomes = settled(bodies('m', 3).map((body) => producer.send({ body })));
    await clock.advance(1);
    const { undelivered } = await clock.settle(producer.close({ timeoutMs: 0 }));
    expect(undelivered.map(({ error }) => error.outcome)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(clock.monotonic()).toBe(1);
    expect(timers()).toBe(0);
    await outcomes;
    expect(sendCalls(queue).length).toBe(1);
  });

  test('in no time sends none that a message given up before it held up', async () => {
    const clock = createFakeClock();
    const [slow, quick] = [slowEnvelope(clock, () => 10_000), plain()];
    const envelope: Envelope = {
      ...quick,
      seal: (items, maxBytes) => (items[0].content === 'slow' ? slow : quick).seal(items, maxBytes),
    };
    const { producer, queue } = setUp({ envelope, maxBatchEntries: 1 }, { fifo: true }, clock);
    const outcomes = settled(['slow', 'quick'].map((body) => producer.send({ body, groupId: 'g' })));
    const { undelivered } = await clock.settle(producer.close({ timeoutMs: 0 }));
    expect(undelivered.map(({ error }) => error.outcome)).toEqual(['rejected', 'rejected']);
    await outcomes;
    expect(queue.calls).toEqual([]);
  });

  test('takes no longer than a message is tried unless it is told a time', async () => {
    const { clock, faults, producer } = setUp({ deadlineMs: 3_000 });
    faults.failNext('sendBatch', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
    const outcome = outcomeOf(producer.send({ body: 'x' }));
    await clock.settle(producer.close());
    expect(clock.monotonic()).toBeLessThanOrEqual(3_000);
    await outcome;
  });

  test('again gives the same report', async () => {
    const { clock, producer } = setUp();
    const sent = producer.send({ body: 'x' });
    const first = producer.close();
    expect(producer.close({ timeoutMs: 5 })).toBe(first);
    await clock.settle(Promise.all([first, sent]));
    expect(await producer.close()).toEqual({ sent: 1, undelivered: [] });
  });

  test.each([-1, Number.NaN, '5'])('refuses a time of %s, and closes nothing', async (timeoutMs) => {
    const { clock, producer, errorOf } = setUp();
    expect(await errorOf(producer.close({ timeoutMs: timeoutMs as number }))).toMatchObject({
      code: 'option-invalid',
      details: { option: 'timeoutMs' },
    });
    await clock.settle(producer.send({ body: 'still open' }));
  });

  test('happens at the end of an `await using` block', async () => {
    const { clock, queue } = setUp();
    const work = (async () => {
      await using producer = createProducer<string>(queue, { clock });
      producer.send({ body: 'x' }).catch(() => undefined);
    })();
    await clock.settle(work);
    expect(queue.accepted.length).toBe(1);
  });
});
