import { type Envelope, plain } from '@sqskit/core';
import { createFakeClock } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { bodies, outcomeOf, sendCalls, settled, setUp } from './set-up.ts';
import { slowEnvelope } from './slow-envelope.ts';

describe('retry', () => {
  test('failed entries are sent again alone; the others of their batch are not, and every receipt counts attempts', async () => {
    const { clock, faults, producer, batches } = setUp();
    faults.failNext('sendBatch', { kind: 'entry-failure', positions: [1, 3] });
    const receipts = await clock.settle(Promise.all(bodies('m', 5).map((body) => producer.send({ body }))));
    expect(batches()).toEqual([bodies('m', 5), ['m1', 'm3']]);
    expect(receipts.map(({ attempts }) => attempts)).toEqual([1, 2, 1, 2, 1]);
    expect(producer.stats().retriedEntries).toBe(2);
  });

  test('the pause is random below a bound that doubles, and ends at the most', async () => {
    const { clock, faults, queue, producer } = setUp(
      { random: () => 1, retryBaseMs: 100, retryMaxMs: 300 },
      { latencyMs: 0 },
    );
    faults.failNext('sendBatch', { kind: 'unavailable' }, { times: 4 });
    await clock.settle(producer.send({ body: 'x' }));
    const begun = sendCalls(queue).map(({ atMs }) => atMs);
    expect(begun).toEqual([0, 100, 300, 600, 900]);
  });

  test('after a throttle the pause is longer', async () => {
    const { clock, faults, queue, producer } = setUp({ random: () => 1 }, { latencyMs: 0 });
    faults.failNext('sendBatch', { kind: 'throttle' }, { times: 2 });
    await clock.settle(producer.send({ body: 'x' }));
    expect(sendCalls(queue).map(({ atMs }) => atMs)).toEqual([0, 500, 1_500]);
  });

  test('an entry that SQS refuses as the sender’s fault fails at once, with SQS’s code', async () => {
    const { faults, producer, errorOf, queue } = setUp();
    faults.failNext('sendBatch', { kind: 'entry-rejection', awsCode: 'InvalidParameterValue' });
    expect(await errorOf(producer.send({ body: 'x' }))).toMatchObject({
      code: 'service-error',
      outcome: 'rejected',
      details: { awsCode: 'InvalidParameterValue' },
    });
    expect(sendCalls(queue).length).toBe(1);
  });

  test('a missing queue fails every message at once', async () => {
    const { clock, faults, producer, queue } = setUp();
    faults.failNext('sendBatch', { kind: 'service-error', awsCode: 'QueueDoesNotExist', httpStatus: 400 });
    const errors = await clock.settle(settled(bodies('m', 3).map((body) => producer.send({ body }))));
    expect(errors).toEqual(bodies('m', 3).map(() => expect.objectContaining({ code: 'queue-missing' })));
    expect(sendCalls(queue).length).toBe(1);
  });

  test('what was never answered is sent again, and a receipt is a receipt', async () => {
    const { clock, faults, producer, queue } = setUp();
    faults.failNext('sendBatch', { kind: 'lost-reply' });
    const receipt = await clock.settle(producer.send({ body: 'x' }));
    expect(receipt.attempts).toBe(2);
    expect(queue.accepted.length).toBe(2); // a standard queue has no way to know the second one
  });
});

test('regression: calls that never answered kept their places in flight until no message could leave', async () => {
  const { clock, queue, producer, batches, timers } = setUp(
    { maxConcurrency: 1, deadlineMs: 600_000 },
    { latencyMs: 1_000_000 },
  );
  const hung = outcomeOf(producer.send({ body: 'a' }, { deadlineMs: 10_000 }));
  await clock.advance(11_000);
  expect(await hung).toMatchObject({ code: 'deadline-exceeded', outcome: 'unknown' });
  const next = outcomeOf(producer.send({ body: 'b' }));
  await clock.advance(20_000);
  expect(batches()).toEqual([['a'], ['b']]);
  const report = await clock.settle(producer.close({ timeoutMs: 1_000 }));
  expect(report.undelivered).toMatchObject([{ error: { code: 'closed', outcome: 'unknown' } }]);
  expect(await next).toMatchObject({ code: 'closed' });
  expect([timers(), producer.stats().batchesInFlight, queue.accepted.length]).toEqual([0, 0, 0]);
});

describe('the deadline', () => {
  test('begins at send: a message that fails until then is given up, with the last error as cause', async () => {
    const { clock, faults, timers, producer, errorOf } = setUp({ deadlineMs: 5_000 });
    faults.failNext('sendBatch', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
    const error = await errorOf(producer.send({ body: 'x' }));
    expect(error).toMatchObject({
      code: 'deadline-exceeded',
      outcome: 'rejected',
      cause: { code: 'service-error' },
    });
    expect(clock.monotonic()).toBeLessThanOrEqual(5_000);
    expect(timers()).toBe(0);
  });

  test('of a call overrides the producer’s', async () => {
    const { clock, producer, errorOf } = setUp({ deadlineMs: 5_000 }, { latencyMs: 10_000 });
    const patient = producer.send({ body: 'patient' }, { deadlineMs: 60_000 });
    expect(await errorOf(producer.send({ body: 'brief' }, { deadlineMs: 200 }))).toMatchObject({
      code: 'deadline-exceeded',
      outcome: 'unknown',
      details: { attempts: 1 },
    });
    expect(clock.monotonic()).toBe(1_200); // the call under way had a second more to answer
    await clock.settle(patient);
  });

  test('regression: a call refused just after the deadline left the outcome unknown, so that routing could not fail over', async () => {
    const { clock, faults, producer, errorOf } = setUp({ deadlineMs: 200 }, { latencyMs: 300 });
    faults.failNext('sendBatch', { kind: 'unavailable' });
    expect(await errorOf(producer.send({ body: 'x' }))).toMatchObject({
      code: 'deadline-exceeded',
      outcome: 'rejected',
      details: { attempts: 1 },
    });
    expect(clock.monotonic()).toBeLessThan(400);
  });

  test('counts the wait for room: a message that waits until then is rejected, and its place is free', async () => {
    const { clock, producer, errorOf } = setUp({ maxBufferedMessages: 1 }, { latencyMs: 10_000 });
    const first = producer.send({ body: 'first' });
    const brief = producer.send({ body: 'brief' }, { deadlineMs: 300 });
    const patient = producer.send({ body: 'patient' });
    expect(await errorOf(brief)).toMatchObject({
      code: 'deadline-exceeded',
      outcome: 'rejected',
      details: { attempts: 0 },
    });
    expect(clock.monotonic()).toBe(300);
    expect(producer.stats()).toMatchObject({ waitingMessages: 1, failed: 1 });
    await clock.settle(Promise.all([first, patient]));
  });

  test('counts the wait for the queue’s largest size', async () => {
    const { clock, producer, errorOf } = setUp({ maxMessageBytes: undefined }, { latencyMs: 4_000 });
    const brief = producer.send({ body: 'brief' }, { deadlineMs: 300 });
    const patient = producer.send({ body: 'patient' });
    expect(await errorOf(brief)).toMatchObject({ code: 'deadline-exceeded', outcome: 'rejected' });
    await clock.settle(patient);
  });

  test('of several that is past together: none is sent in the place of another', async () => {
    const clock = createFakeClock();
    const [slow, quick] = [slowEnvelope(clock, () => 10_000), plain()];
    const envelope: Envelope = {
      ...quick,
      seal: (items, maxBytes) => (items[0].content === 'slow' ? slow : quick).seal(items, maxBytes),
    };
    const { producer, queue } = setUp({ envelope, maxBufferedMessages: 1 }, {}, clock);
    const brief = ['slow', 'quick'].map((body) => producer.send({ body }, { deadlineMs: 100 }));
    const patient = producer.send({ body: 'patient' });
    const outcomes = Promise.all(brief.map(outcomeOf));
    await clock.settle(patient);
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ code: 'deadline-exceeded', outcome: 'rejected' });
    }
    expect(queue.accepted.map(({ body }) => body)).toEqual(['patient']);
    await clock.settle(producer.close());
  });

  test('of those that wait together is kept by one timer, in any order of deadlines', async () => {
    const { clock, timers, producer } = setUp({ maxBufferedMessages: 1 }, { latencyMs: 10_000 });
    const first = producer.send({ body: 'first' });
    const failedAt: number[] = [];
    await clock.flush();
    const before = timers();
    for (const deadlineMs of [300, 100, 200]) {
      producer.send({ body: 'x' }, { deadlineMs }).catch(() => failedAt.push(clock.monotonic()));
    }
    expect(timers()).toBe(before + 1);
    await clock.settle(first);
    expect(failedAt).toEqual([100, 200, 300]);
    expect(timers()).toBe(0);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5', 43_200_001])(
    'of %s is refused',
    async (deadlineMs) => {
      const { producer, errorOf } = setUp();
      const options = { deadlineMs: deadlineMs as number }; // what JavaScript may pass
      expect(await errorOf(producer.send({ body: 'x' }, options))).toMatchObject({
        code: 'option-invalid',
        details: { option: 'deadlineMs' },
      });
    },
  );

  test('on a FIFO queue ends before SQS forgets the deduplication id', async () => {
    const { clock, producer, errorOf } = setUp({}, { fifo: true });
    const late = producer.send({ body: 'x', groupId: 'g' }, { deadlineMs: 290_001 });
    expect(await errorOf(late)).toMatchObject({ code: 'option-invalid' });
    await clock.settle(producer.send({ body: 'x', groupId: 'g' }, { deadlineMs: 290_000 }));
    expect(() => setUp({ deadlineMs: 290_001 }, { fifo: true })).toThrow(/forgets a deduplication id/);
    expect(() => setUp({ deadlineMs: 290_001 })).not.toThrow();
  });
});

describe('a signal', () => {
  const aSecond = { latencyMs: 1_000 } as const;

  test('that has aborted already refuses the message, unencoded', async () => {
    const reason = new Error('enough');
    const { producer, errorOf, queue } = setUp();
    const signal = AbortSignal.abort(reason);
    expect(await errorOf(producer.send({ body: 'x' }, { signal }))).toMatchObject({
      code: 'aborted',
      outcome: 'rejected',
      cause: reason,
    });
    expect(await errorOf(producer.trySend({ body: 'x' }, { signal }))).toMatchObject({ code: 'aborted' });
    expect(queue.calls).toEqual([]);
  });

  test('that aborts while a message waits or is buffered: rejected, and never sent', async () => {
    const { clock, producer, queue } = setUp({
      maxBufferedMessages: 2,
      lingerMs: 50,
      lingerWhenIdle: true,
    });
    const stop = new AbortController();
    const kept = producer.send({ body: 'kept' });
    const buffered = producer.send({ body: 'buffered' }, { signal: stop.signal });
    const waiting = producer.send({ body: 'waiting' }, { signal: stop.signal });
    stop.abort('enough');
    for (const error of await clock.settle(settled([buffered, waiting]))) {
      expect(error).toMatchObject({ code: 'aborted', outcome: 'rejected', cause: 'enough' });
    }
    await clock.settle(kept);
    expect(queue.accepted.map(({ body }) => body)).toEqual(['kept']);
  });

  test('that aborts in flight: unknown at once, with the reason as cause', async () => {
    const { clock, producer, errorOf, queue } = setUp({}, aSecond);
    const stop = new AbortController();
    const receipt = producer.send({ body: 'x' }, { signal: stop.signal });
    const neighbour = producer.send({ body: 'y' });
    await clock.advance(100);
    stop.abort('enough');
    expect(await errorOf(receipt)).toMatchObject({ code: 'aborted', outcome: 'unknown', cause: 'enough' });
    expect(clock.monotonic()).toBe(100);
    await clock.settle(neighbour);
    expect(queue.accepted.length).toBe(2);
    expect(producer.stats()).toMatchObject({ sent: 1, failed: 1 });
  });

  test('of many messages ends all of them; none that waited is sent in the place of another', async () => {
    const { clock, producer, queue } = setUp({ maxBufferedMessages: 12, maxBatchEntries: 1 }, aSecond);
    const stop = new AbortController();
    const sent = bodies('m', 60).map((body) => producer.send({ body }, { signal: stop.signal }));
    await clock.advance(1);
    stop.abort();
    await clock.settle(settled(sent));
    await clock.settle(producer.close());
    await clock.advance(60_000);
    expect(queue.accepted.map(({ body }) => body)).toEqual(bodies('m', 12));
    expect(producer.stats()).toMatchObject({ failed: 60, bufferedMessages: 0, waitingMessages: 0 });
  });

  test('of many messages is listened to once, and no more when they are settled', async () => {
    const { clock, producer } = setUp();
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      listeners++;
      add(...given);
    };
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      listeners--;
      remove(...given);
    };
    const sent = bodies('m', 50).map((body) => producer.send({ body }, { signal }));
    expect(listeners).toBe(1);
    await clock.settle(Promise.all(sent));
    expect(listeners).toBe(0);
  });

  test('that is aborted by what the call does at once still ends the message', async () => {
    const stop = new AbortController();
    const { clock, queue, producer, errorOf } = setUp({ maxBatchEntries: 1 }, aSecond);
    const sendBatch = queue.sendBatch.bind(queue);
    queue.sendBatch = (...given) => {
      stop.abort('within');
      return sendBatch(...given);
    };
    expect(await errorOf(producer.send({ body: 'x' }, { signal: stop.signal }))).toMatchObject({
      code: 'aborted',
      outcome: 'unknown',
    });
    await clock.settle(producer.close());
  });
});
