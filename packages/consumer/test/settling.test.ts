import { isQueueError, type Logger, type Queue } from '@sqskit/core';
import { createFakeQueue } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { ack, deadLetter, deadLetterReasonAttribute, release, retry } from '../src/index.ts';
import { altered, createScene } from './scene.ts';

describe('acknowledging', () => {
  test('deletes of a moment leave together', async () => {
    const { clock, send, consume, sleep, calls } = createScene();
    await send(10);
    const consumer = consume(({ body }) => sleep(body));
    consumer.start();
    await clock.advance(1_000);
    expect(calls('deleteBatch').map(({ entries }) => entries)).toEqual([10]);
    await clock.settle(consumer.stop());
  });

  test('a slot is free when the handler has ended, not when SQS has answered', async () => {
    const { clock, send, consume } = createScene({ latencyMs: 1_000 });
    await send(3);
    const startedAt: number[] = [];
    const consumer = consume(
      () => {
        startedAt.push(clock.monotonic());
      },
      { maxConcurrency: 1 },
    );
    consumer.start();
    await clock.advance(1_100);
    expect(new Set(startedAt).size).toBe(1);
    expect(startedAt).toHaveLength(3);
    await clock.settle(consumer.stop());
  });

  test('entries that failed are deleted again alone', async () => {
    const { clock, queue, faults, send, consume, calls } = createScene();
    await send(10);
    faults.failNext('deleteBatch', { kind: 'entry-failure', positions: [2, 5] });
    const consumer = consume(() => ack());
    consumer.start();
    await clock.advance(5_000);
    expect(calls('deleteBatch').map(({ entries }) => entries)).toEqual([10, 2]);
    expect(queue.messages()).toEqual([]);
    await clock.settle(consumer.stop());
  });

  test('a delete that SQS refuses is reported, and the message is deleted, not run, when it comes again', async () => {
    const { clock, queue, faults, send, consume, errors } = createScene();
    await send(1);
    faults.failNext('deleteBatch', { kind: 'entry-rejection' });
    let runs = 0;
    const consumer = consume(
      () => {
        runs++;
      },
      { visibilityTimeoutMs: 5_000 },
    );
    consumer.start();
    await clock.advance(1_000);
    expect(errors).toMatchObject([
      { context: { during: 'settle', messageId: queue.accepted[0]?.messageId } },
    ]);
    expect(isQueueError(errors[0]?.error, 'service-error')).toBe(true);
    expect(consumer.stats()).toMatchObject({ acked: 0, unsettled: 1, settling: 0 });
    await clock.advance(10_000);
    expect(runs).toBe(1);
    expect(queue.messages()).toEqual([]);
    expect(consumer.stats()).toMatchObject({ received: 2, acked: 1, unsettled: 1 });
    await clock.settle(consumer.stop());
  });

  test('what was done is remembered over a stop and a start', async () => {
    const { clock, queue, faults, send, consume } = createScene();
    await send(1);
    faults.failNext('deleteBatch', { kind: 'entry-rejection' });
    let runs = 0;
    const consumer = consume(() => void runs++, { visibilityTimeoutMs: 5_000 });
    consumer.start();
    await clock.advance(1_000);
    await clock.settle(consumer.stop());
    consumer.start();
    await clock.advance(10_000);
    expect(runs).toBe(1);
    expect(queue.messages()).toEqual([]);
    await clock.settle(consumer.stop());
  });

  test('messages that wait to be settled are bounded', async () => {
    const { clock, faults, send, consume } = createScene();
    await send(2_500);
    faults.failNext('deleteBatch', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
    const consumer = consume(() => undefined, { maxConcurrency: 50 });
    consumer.start();
    await clock.advance(20_000);
    expect(consumer.stats().settling).toBeGreaterThanOrEqual(1_000);
    expect(consumer.stats().received).toBeLessThan(1_200);
    faults.clear();
    await clock.advance(20_000);
    expect(consumer.stats().acked).toBe(2_500);
    await clock.settle(consumer.stop());
  });
});

describe('retrying', () => {
  test('a failed message comes again after a back-off that grows with its receives', async () => {
    const { clock, send, consume } = createScene();
    await send(1);
    const at: number[] = [];
    const consumer = consume(
      () => {
        at.push(clock.monotonic());
        throw new Error('always');
      },
      { random: () => 0.999_999, retryMaxMs: 10_000 },
    );
    consumer.start();
    await clock.advance(60_000);
    const gaps = at.slice(1).map((each, index) => Math.round((each - (at[index] ?? 0)) / 1_000));
    expect(gaps.slice(0, 6)).toEqual([1, 2, 4, 8, 10, 10]);
    await clock.settle(consumer.stop());
  });

  test('a verdict says when: later, at once, or what the back-off says', async () => {
    const { clock, send, consume, calls } = createScene();
    await send(3);
    const verdicts = [retry({ delayMs: 7_000 }), release(), retry()];
    const consumer = consume(({ body, receiveCount }) => (receiveCount === 1 ? verdicts[body] : ack()), {
      random: () => 0,
    });
    consumer.start();
    await clock.advance(500);
    const changes = calls('changeVisibilityBatch').flatMap(({ given }) => given);
    expect(changes.map(({ visibilityTimeoutMs }) => visibilityTimeoutMs)).toEqual([7_000, 0, 1_000]);
    expect(consumer.stats()).toMatchObject({ retried: 2, released: 1 });
    await clock.advance(10_000);
    expect(consumer.stats().acked).toBe(3);
    await clock.settle(consumer.stop());
  });

  test('a delay that is no number counts as none given', async () => {
    const { clock, send, consume, calls } = createScene();
    await send(2);
    const consumer = consume(({ body }) => retry({ delayMs: body === 0 ? Number.NaN : -5 }), {
      random: () => 0,
    });
    consumer.start();
    await clock.advance(500);
    const [call] = calls('changeVisibilityBatch');
    expect(call?.given.map(({ visibilityTimeoutMs }) => visibilityTimeoutMs)).toEqual([1_000, 1_000]);
    await clock.settle(consumer.stop());
  });

  test('the failure policy sees the error and the message, and decides', async () => {
    const { clock, queue, send, sendRaw, consume } = createScene();
    await send(1);
    await sendRaw({ body: '{' });
    const seen: unknown[] = [];
    const broken = new Error('broken');
    const consumer = consume(
      () => {
        throw broken;
      },
      {
        failurePolicy(error, message) {
          seen.push([isQueueError(error) ? error.code : error, message.body, message.receiveCount]);
          return ack();
        },
      },
    );
    consumer.start();
    await clock.advance(1_000);
    expect(seen).toEqual([
      [broken, 0, 1],
      ['decode-failed', undefined, 1],
    ]);
    expect(queue.messages()).toEqual([]);
    await clock.settle(consumer.stop());
  });

  test('a failure policy that returns no verdict counts as a retry, and is reported', async () => {
    const { clock, send, consume, errors } = createScene();
    await send(1);
    const consumer = consume(
      () => {
        throw new Error('broken');
      },
      { failurePolicy: (() => 'ack') as never },
    );
    consumer.start();
    await clock.advance(500);
    expect(errors.map(({ context }) => context.during)).toEqual(['handle', 'decide']);
    expect(consumer.stats().retried).toBe(1);
    await clock.settle(consumer.stop());
  });
});

describe('what JavaScript may return', () => {
  test('a dead letter without a reason stayed in hand for ever', async () => {
    const { clock, queue, send, consume, errors } = createScene();
    await send(3);
    const deadLetterQueue = createFakeQueue({
      clock,
      url: 'https://sqs.us-east-1.amazonaws.com/123456789012/dead',
    });
    const reasons: readonly unknown[] = [undefined, new Error('no such customer'), Object.create(null)];
    const consumer = consume(({ body }) => deadLetter(reasons[body] as never), {
      deadLetterQueue,
      visibilityTimeoutMs: 600_000,
    });
    consumer.start();
    await clock.advance(1_000);
    expect(
      deadLetterQueue.messages().map(({ attributes }) => attributes[deadLetterReasonAttribute]?.value),
      // What cannot even be written as text is no reason.
    ).toEqual(['undefined', 'Error: no such customer', undefined]);
    expect(queue.messages()).toEqual([]);
    expect(errors).toEqual([]);
    expect(consumer.stats()).toMatchObject({ deadLettered: 3, unsettled: 0, settling: 0 });
    await clock.settle(consumer.stop());
  });

  test.each([{ fifo: false }, { fifo: true }])(
    'a verdict of an unknown action was renewed for ever (%o)',
    async ({ fifo }) => {
      const { clock, send, consume, errors } = createScene({ fifo });
      await send(1);
      const unknown = { ...ack(), action: 'postpone' };
      const consumer = consume(({ receiveCount }) => (receiveCount === 1 ? unknown : ack()));
      consumer.start();
      await clock.advance(500);
      expect(errors).toMatchObject([
        { error: { message: expect.stringContaining('postpone') }, context: { during: 'handle' } },
      ]);
      expect(consumer.stats()).toMatchObject({ retried: 1, settling: 0 });
      await clock.advance(10_000);
      expect(consumer.stats()).toMatchObject({ acked: 1, received: 2 });
      await clock.settle(consumer.stop());
    },
  );
});

describe('dead letters', () => {
  function withDeadLetters(overrides: Partial<Queue> = {}) {
    const scene = createScene();
    const dead = createFakeQueue({
      clock: scene.clock,
      url: 'https://sqs.us-east-1.amazonaws.com/123456789012/dead',
    });
    return { ...scene, dead, deadLetterQueue: altered(dead, overrides) };
  }

  test('a dead-lettered message is sent with its reason and then deleted', async () => {
    const { clock, queue, sendRaw, consume, dead, deadLetterQueue } = withDeadLetters();
    await sendRaw({ body: '5', attributes: { own: { type: 'Number', value: '7' } } });
    const consumer = consume(() => deadLetter('no such customer'), { deadLetterQueue });
    consumer.start();
    await clock.advance(1_000);
    expect(queue.messages()).toEqual([]);
    expect(dead.messages()).toMatchObject([
      {
        body: '5',
        attributes: {
          own: { type: 'Number', value: '7' },
          [deadLetterReasonAttribute]: { type: 'String', value: 'no such customer' },
        },
      },
    ]);
    expect(consumer.stats()).toMatchObject({ deadLettered: 1, acked: 0, sendCalls: 1 });
    await clock.settle(consumer.stop());
  });

  test('one that cannot be sent is retried and reported, never deleted', async () => {
    const { clock, queue, send, consume, errors, deadLetterQueue } = withDeadLetters({
      sendBatch: async (entries) =>
        entries.map(() => ({
          ok: false as const,
          error: Object.assign(new Error('denied'), { retryable: false, outcome: 'rejected' }) as never,
        })),
    });
    await send(1);
    const consumer = consume(() => deadLetter('hopeless'), { deadLetterQueue });
    consumer.start();
    await clock.advance(500);
    expect(queue.messages()).toHaveLength(1);
    expect(isQueueError(errors[0]?.error, 'dead-letter-failed')).toBe(true);
    expect(consumer.stats()).toMatchObject({ deadLettered: 0, retried: 1 });
    await clock.settle(consumer.stop());
  });

  test('one whose lease ends while it is being sent is left to come again', async () => {
    const { clock, queue, faults, send, consume, errors, deadLetterQueue } = withDeadLetters({
      sendBatch: () => new Promise(() => undefined),
    });
    await send(1);
    faults.failNext('changeVisibilityBatch', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
    const consumer = consume(() => deadLetter('hopeless'), {
      deadLetterQueue,
      visibilityTimeoutMs: 4_000,
      waitTimeMs: 1_000,
    });
    consumer.start();
    await clock.advance(1_500);
    consumer.pause();
    await clock.advance(3_000);
    expect(errors.map(({ error }) => isQueueError(error) && error.code)).toEqual([
      'dead-letter-failed',
      'lease-lost',
    ]);
    expect(consumer.stats()).toMatchObject({ unsettled: 1, deadLettered: 0, settling: 0 });
    expect(queue.messages()).toHaveLength(1);
    await clock.settle(consumer.stop());
  });

  test('one whose lease has ended when it was sent is not deleted', async () => {
    const { clock, send, consume, calls, errors, dead } = withDeadLetters();
    await send(1);
    let skewMs = 0; // as after the event loop was blocked
    const deadLetterQueue = altered(dead, {
      sendBatch(entries, options) {
        skewMs = 31_000;
        return dead.sendBatch(entries, options);
      },
    });
    const consumer = consume(() => deadLetter('hopeless'), {
      deadLetterQueue,
      waitTimeMs: 1_000,
      clock: {
        now: () => clock.now(),
        monotonic: () => clock.monotonic() + skewMs,
        setTimer: (callback, delayMs) => clock.setTimer(callback, delayMs),
      },
    });
    consumer.start();
    await clock.advance(100);
    expect(calls('deleteBatch')).toEqual([]);
    expect(errors.map(({ error }) => isQueueError(error) && error.code)).toEqual(['lease-lost']);
    expect(consumer.stats()).toMatchObject({ deadLettered: 0, unsettled: 1 });
    await clock.settle(consumer.stop());
  });

  test('without a dead-letter queue the message waits for the longest back-off, and that is said once', async () => {
    const { clock, send, consume, calls } = createScene();
    await send(3);
    const warnings: string[] = [];
    const logger: Logger = {
      debug: () => undefined,
      warn: (text) => warnings.push(text),
      error: () => undefined,
    };
    const consumer = consume(() => deadLetter('hopeless'), { retryMaxMs: 600_000, logger });
    consumer.start();
    await clock.advance(500);
    const changes = calls('changeVisibilityBatch').flatMap(({ given }) => given);
    expect(changes.map(({ visibilityTimeoutMs }) => visibilityTimeoutMs)).toEqual([
      600_000, 600_000, 600_000,
    ]);
    expect(warnings).toHaveLength(1);
    await clock.settle(consumer.stop());
  });
});
