import { inspect } from 'node:util';
import { isQueueError, type Logger, noopRecorder, type Queue } from '@sqskit/core';
import { describe, expect, test, vi } from 'vitest';
import {
  ack,
  batches,
  createConsumer,
  createLambdaHandler,
  deadLetter,
  retry,
  stream,
} from '../src/index.ts';
import { altered, createScene } from './scene.ts';

describe('handling', () => {
  test('every message is handled and deleted', async () => {
    const { clock, queue, send, consume } = createScene({ latencyMs: 10 });
    await send(100);
    const seen: number[] = [];
    const consumer = consume(({ body }) => {
      seen.push(body);
    });
    consumer.start();
    await clock.advance(2_000);
    expect(seen.sort((one, other) => one - other)).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(queue.messages()).toEqual([]);
    await clock.settle(consumer.stop());
  });

  test('a handler is given everything that is known of its message', async () => {
    const { clock, queue, sendRaw, consume } = createScene();
    await sendRaw({
      body: '{"n":1}',
      attributes: { kind: { type: 'String', value: 'x' } },
      traceHeader: 'Root=1',
    });
    const seen: unknown[] = [];
    const consumer = consume<{ readonly n: number }>((message) => {
      seen.push(message);
    });
    consumer.start();
    await clock.advance(10);
    const [record] = queue.accepted;
    expect(seen).toEqual([
      {
        id: record?.messageId,
        messageId: record?.messageId,
        body: { n: 1 },
        attributes: { kind: { type: 'String', value: 'x' } },
        receiveCount: 1,
        sentAtMs: clock.now() - 10,
        queueUrl: queue.url,
        groupId: undefined,
        deduplicationId: undefined,
        sequenceNumber: undefined,
        traceHeader: 'Root=1',
      },
    ]);
    await clock.settle(consumer.stop());
  });

  test('never more handlers run than the limit, and a slot is refilled as soon as one ends', async () => {
    const { clock, send, consume, sleep } = createScene();
    await send(40);
    const startedAt = clock.monotonic();
    let running = 0;
    let most = 0;
    const ends: number[] = [];
    const consumer = consume(
      async ({ body }) => {
        most = Math.max(most, ++running);
        await sleep(body === 0 ? 1_000 : 100);
        running--;
        ends.push(clock.monotonic() - startedAt);
      },
      { maxConcurrency: 4 },
    );
    consumer.start();
    await clock.advance(3_000);
    expect(most).toBe(4);
    // Three slots share 39 messages of 100 ms while the fourth is busy for a second.
    expect(ends).toHaveLength(40);
    expect(Math.max(...ends)).toBeLessThanOrEqual(1_300);
    await clock.settle(consumer.stop());
  });

  test('a handler that throws at once, later, or never returns leaves the other slots in use', async () => {
    const { clock, queue, send, consume, sleep } = createScene();
    await send(30);
    const consumer = consume(
      ({ body }) => {
        if (body === 0) {
          return new Promise(() => undefined);
        }
        if (body % 3 === 0) {
          throw new Error('at once');
        }
        return body % 3 === 1 ? sleep(5).then(() => Promise.reject(new Error('later'))) : sleep(5);
      },
      { maxConcurrency: 2, failurePolicy: () => retry({ delayMs: 600_000 }) },
    );
    consumer.start();
    await clock.advance(5_000);
    expect(queue.deleted).toHaveLength(10);
    expect(consumer.stats()).toMatchObject({ running: 1, waiting: 0, settling: 0, retried: 19 });
    await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
    expect(consumer.stats().running).toBe(0);
  });

  test('whatever a handler throws reaches onError with its message id', async () => {
    const { clock, queue, send, consume, errors } = createScene();
    await send(1);
    const thrown = new Error('broken');
    const consumer = consume(() => {
      throw thrown;
    });
    consumer.start();
    await clock.advance(100);
    const messageId = queue.accepted[0]?.messageId;
    expect(errors).toEqual([
      { error: thrown, context: { during: 'handle', queueUrl: queue.url, messageId } },
    ]);
    await clock.settle(consumer.stop());
  });

  test('the failure policy is given the error, the message and how often it was received', async () => {
    const { clock, send, consume } = createScene();
    await send(1);
    const thrown = new Error('broken');
    const given: unknown[] = [];
    const consumer = consume(
      () => {
        throw thrown;
      },
      {
        failurePolicy(error, { body }, receiveCount) {
          given.push([error, body, receiveCount]);
          return receiveCount < 2 ? retry({ delayMs: 1_000 }) : ack();
        },
      },
    );
    consumer.start();
    await clock.advance(5_000);
    expect(given).toEqual([
      [thrown, 0, 1],
      [thrown, 0, 2],
    ]);
    await clock.settle(consumer.stop());
  });

  test('callbacks that throw harm nothing', async () => {
    const { clock, queue, send, sendRaw, consume } = createScene();
    await send(2);
    await sendRaw({ body: 'not json' });
    const fail = (): never => {
      throw new Error('a callback');
    };
    const logger: Logger = { debug: fail, warn: fail, error: fail };
    let calls = 0;
    const consumer = consume(
      ({ body }) => {
        if (body === 0 && calls++ === 0) {
          throw new Error('once');
        }
      },
      { logger, onError: fail, failurePolicy: fail },
    );
    consumer.start();
    await clock.advance(10_000);
    expect(queue.messages()).toMatchObject([{ body: 'not json' }]);
    expect(consumer.stats()).toMatchObject({ running: 0, acked: 2 });
    await clock.settle(consumer.stop());
  });
});

describe('callbacks that failed', () => {
  const fail = (): never => {
    throw new Error('the log is full');
  };
  const failingLogger: Logger = { debug: fail, warn: fail, error: fail };

  test('an async onError that rejected was an unhandled rejection', async () => {
    const { clock, send, consume } = createScene();
    await send(1);
    const logged: unknown[] = [];
    // Assignable to a function that returns nothing, as any async function is.
    const rejecting = (): unknown => Promise.reject(new Error('the pager is down'));
    const consumer = consume(
      () => {
        throw new Error('broken');
      },
      {
        onError: rejecting,
        logger: { debug: () => undefined, warn: () => undefined, error: (text) => logged.push(text) },
      },
    );
    consumer.start();
    await clock.advance(100);
    // vitest fails on unhandled rejections.
    expect(logged).toEqual(['the onError callback failed']);
    await clock.settle(consumer.stop());
  });

  test('the cause of a decode failure put the body of its message into the log', async () => {
    const { clock, sendRaw, consume, errors } = createScene();
    await sendRaw({ body: 'card 4111-1111-1111-1111' });
    const logged: unknown[] = [];
    const log = (text: string, fields: unknown): unknown => logged.push(inspect([text, fields]));
    const consumer = consume(() => undefined, { logger: { debug: log, warn: log, error: log } });
    consumer.start();
    await clock.advance(100);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain('decode-failed');
    expect(logged[0]).not.toMatch(/card|4111/);
    // Whoever is told of the error itself has all of it.
    expect(errors).toMatchObject([{ error: { code: 'decode-failed', cause: { name: 'SyntaxError' } } }]);
    await clock.settle(consumer.stop());
  });

  test('a logger that threw kept failures from onError', async () => {
    const { clock, send, consume, errors } = createScene();
    await send(1);
    const consumer = consume(
      () => {
        throw new Error('broken');
      },
      { logger: failingLogger },
    );
    consumer.start();
    await clock.advance(100);
    expect(errors).toMatchObject([{ error: { message: 'broken' }, context: { during: 'handle' } }]);
    await clock.settle(consumer.stop());
  });

  test('a logger that threw kept a dead-lettered message in hand for ever', async () => {
    const { clock, send, consume } = createScene();
    await send(1);
    const consumer = consume(() => deadLetter('hopeless'), { logger: failingLogger });
    consumer.start();
    await clock.advance(100);
    expect(consumer.stats()).toMatchObject({ settling: 0, retried: 1 });
    await clock.settle(consumer.stop());
  });

  test('an async failure policy was no failure policy', async () => {
    const { clock, queue, send, consume, errors, sleep } = createScene();
    await send(2);
    const consumer = consume(
      ({ body }) => {
        throw new Error(body === 0 ? 'known' : 'unknown');
      },
      {
        async failurePolicy(error) {
          await sleep(10);
          if (error instanceof Error && error.message === 'known') {
            return ack();
          }
          throw new Error('the policy is down');
        },
      },
    );
    consumer.start();
    await clock.advance(500);
    expect(queue.deleted).toHaveLength(1);
    expect(consumer.stats()).toMatchObject({ acked: 1, retried: 1, settling: 0 });
    expect(errors.map(({ context }) => context.during)).toEqual(['handle', 'handle', 'decide']);
    await clock.settle(consumer.stop());
  });
});

describe('polling', () => {
  test('an idle consumer makes three calls a minute', async () => {
    const { clock, queue, consume } = createScene();
    const consumer = consume(() => undefined);
    consumer.start();
    await clock.advance(600_000);
    expect(queue.calls).toHaveLength(31);
    expect(queue.calls[0]).toMatchObject({ given: { waitTimeMs: 20_000, visibilityTimeoutMs: 30_000 } });
    expect(consumer.stats()).toMatchObject({ polls: 1, emptyReceives: 30, receiveCalls: 31 });
    await clock.settle(consumer.stop());
  });

  test('no more is received than slots and prefetch hold', async () => {
    const { clock, queue, send, consume } = createScene();
    await send(50);
    const consumer = consume(() => new Promise(() => undefined), { maxConcurrency: 7, prefetch: 13 });
    consumer.start();
    await clock.advance(60_000);
    expect(consumer.stats()).toMatchObject({ running: 7, waiting: 13, received: 20 });
    expect(queue.messages().filter(({ state }) => state === 'in-flight')).toHaveLength(20);
    await clock.settle(consumer.stop({ timeoutMs: 1_000 }));
  });

  test('under load more polls run at a time, up to the most', async () => {
    const { clock, send, consume, sleep } = createScene({ latencyMs: 100 });
    await send(1_000);
    let most = 0;
    const consumer = consume(
      () => {
        most = Math.max(most, consumer.stats().polls);
        return sleep(10);
      },
      { maxConcurrency: 100, maxPollers: 3 },
    );
    consumer.start();
    await clock.advance(10_000);
    expect(most).toBe(3);
    await clock.advance(45_000);
    expect(consumer.stats()).toMatchObject({ polls: 1, acked: 1_000 });
    await clock.settle(consumer.stop());
  });

  test('regression: one early empty answer held up the next messages for a second', async () => {
    const { clock, queue, consume } = createScene();
    const receive = vi.spyOn(queue, 'receive').mockResolvedValueOnce([]);
    const consumer = consume(() => undefined, { waitTimeMs: 20_000 });
    consumer.start();
    await clock.flush();
    await clock.settle(queue.sendBatch([{ body: '1' }]));
    await clock.advance(50);
    expect(consumer.stats().received).toBe(1);
    expect(receive).toHaveBeenCalledTimes(3);
    await clock.settle(consumer.stop());
  });

  test('short polls of an empty queue come to be a second apart', async () => {
    const { clock, queue, consume } = createScene();
    const consumer = consume(() => undefined, { waitTimeMs: 0 });
    consumer.start();
    await clock.advance(60_000);
    expect(queue.calls).toHaveLength(65);
    await clock.settle(consumer.stop());
  });

  const heedsNothing = (): Promise<never> => new Promise(() => undefined);
  const heedsItsSignal = (signal: AbortSignal | undefined): Promise<never> =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new Error('aborted')));
    });

  test.each([
    ['heeds its signal', heedsItsSignal],
    ['does not', heedsNothing],
  ])('a poll that is never answered is given up and repeated: a queue that %s', async (_, stall) => {
    const { clock, queue, send, consume, errors } = createScene();
    let hangs = true;
    const stalling = altered(queue, {
      receive: (request, options) => (hangs ? stall(options?.signal) : queue.receive(request, options)),
    });
    await send(1);
    const consumer = consume(() => undefined, {}, stalling);
    consumer.start();
    await clock.advance(34_000);
    expect(errors).toEqual([]);
    hangs = false;
    await clock.advance(4_000);
    expect(errors).toHaveLength(1);
    expect(isQueueError(errors[0]?.error, 'timeout')).toBe(true);
    expect(queue.messages()).toEqual([]);
    await clock.settle(consumer.stop());
  });

  test('a paused consumer receives nothing, finishes what it has, and goes on when it is resumed', async () => {
    const { clock, queue, send, consume, sleep } = createScene();
    const consumer = consume(() => sleep(500), { waitTimeMs: 1_000 });
    consumer.start();
    await send(1);
    await clock.advance(10);
    consumer.pause();
    expect(consumer.stats().state).toBe('paused');
    await clock.advance(5_000);
    expect(queue.messages()).toEqual([]);
    const calls = queue.calls.length;
    await send(3);
    await clock.advance(60_000);
    expect(queue.calls.length).toBe(calls + 1);
    consumer.resume();
    await clock.advance(1_000);
    expect(queue.messages()).toEqual([]);
    expect(consumer.stats().state).toBe('running');
    await clock.settle(consumer.stop());
  });
});

describe('an outage', () => {
  test('is probed by one poll at a time, and polls that fail together count once', async () => {
    const { clock, faults, send, consume, sleep, calls } = createScene({ latencyMs: 100 });
    await send(2_000);
    const consumer = consume(() => sleep(10), { maxConcurrency: 200, random: () => 0.999 });
    consumer.start();
    while (consumer.stats().polls < 4) {
      await clock.advance(10);
    }
    const failsFrom = clock.monotonic();
    faults.failNext('receive', { kind: 'unavailable' }, { times: Number.POSITIVE_INFINITY });
    await clock.advance(10_000);
    const at = calls('receive')
      .map(({ atMs }) => atMs - failsFrom)
      .filter((each) => each > 200);
    // Rests of about 1, 2 and 4 seconds after failures that took 100 ms each.
    expect(at.map((each) => Math.round(each / 1_000))).toEqual([1, 3, 7]);
    await clock.settle(consumer.stop());
  });

  test('that comes after a recovery is waited out from the shortest rest again', async () => {
    const { clock, faults, consume, calls } = createScene();
    faults.failNext('receive', { kind: 'unavailable' }, { times: 6 });
    const consumer = consume(() => undefined, { random: () => 0.999, waitTimeMs: 5_000 });
    consumer.start();
    await clock.advance(70_000);
    expect(consumer.stats().emptyReceives).toBeGreaterThan(0);
    const before = calls('receive').length;
    faults.failNext('receive', { kind: 'unavailable' });
    await clock.advance(10_000);
    const [failed, next] = calls('receive').slice(before);
    expect(faults.pending).toBe(0);
    expect((next?.atMs ?? 0) - (failed?.atMs ?? 0)).toBeCloseTo(1_000, -1);
    await clock.settle(consumer.stop());
  });
});

describe('delivered twice', () => {
  test('a message that comes again while it runs is not run again, and is deleted by its newest handle', async () => {
    const { clock, queue, faults, send, consume, sleep } = createScene();
    await send(1);
    faults.failNext('receive', { kind: 'duplicate' });
    let runs = 0;
    const consumer = consume(async () => {
      runs++;
      await sleep(5_000);
    });
    consumer.start();
    await clock.advance(6_000);
    expect(runs).toBe(1);
    expect(consumer.stats()).toMatchObject({ received: 2, duplicates: 1, acked: 1 });
    // A standard queue answers the delete of an older handle with success, and keeps the message.
    expect(queue.messages()).toEqual([]);
    await clock.settle(consumer.stop());
  });

  test('a message that comes again while it is being deleted is deleted again, without a run', async () => {
    const { clock, queue, faults, send, consume, calls } = createScene({ latencyMs: 500 });
    await send(1);
    faults.failNext('deleteBatch', [{ kind: 'duplicate' }, { kind: 'slow-reply', delayMs: 3_000 }]);
    let runs = 0;
    const consumer = consume(() => {
      runs++;
    });
    consumer.start();
    await clock.advance(10_000);
    expect(runs).toBe(1);
    expect(calls('deleteBatch')).toHaveLength(2);
    expect(queue.messages()).toEqual([]);
    await clock.settle(consumer.stop());
  });

  test('of several deliveries that wait only the newest is kept', async () => {
    const { clock, queue, faults, send, consume, calls, errors } = createScene();
    await send(1);
    faults.failNext('deleteBatch', [{ kind: 'duplicate' }, { kind: 'slow-reply', delayMs: 3_000 }]);
    faults.failNext('receive', { kind: 'duplicate' });
    faults.failNext('receive', { kind: 'duplicate' });
    let runs = 0;
    const consumer = consume(() => {
      runs++;
    });
    consumer.start();
    await clock.advance(60_000);
    expect(runs).toBe(1);
    expect(consumer.stats()).toMatchObject({ received: 3, leasesLost: 0 });
    expect(calls('changeVisibilityBatch')).toEqual([]);
    expect(errors).toEqual([]);
    expect(queue.messages()).toEqual([]);
    await clock.settle(consumer.stop());
  });

  test('a message that comes again while it is given back runs once that is done', async () => {
    const { clock, queue, faults, send, consume } = createScene({ latencyMs: 500 });
    await send(1);
    faults.failNext('changeVisibilityBatch', { kind: 'slow-reply', delayMs: 3_000 });
    let runs = 0;
    const consumer = consume(
      () => {
        if (++runs === 1) {
          throw new Error('the first time');
        }
      },
      { failurePolicy: () => retry({ delayMs: 0 }) },
    );
    consumer.start();
    await clock.advance(15_000);
    expect(runs).toBe(2);
    expect(queue.messages()).toEqual([]);
    await clock.settle(consumer.stop());
  });
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('arguments', () => {
  const { queue } = createScene();

  test.each([
    ['maxConcurrency', { maxConcurrency: 0 }],
    ['visibilityTimeoutMs', { visibilityTimeoutMs: 500 }],
    ['waitTimeMs', { waitTimeMs: 20_001 }],
    ['maxConcurency', { maxConcurency: 5 }],
    ['deadLetterQueue', { deadLetterQueue: queue }],
    ['recorder', { recorder: { enabled: true } }],
  ])('a wrong `%s` is refused when the consumer is made', (option, options) => {
    const error = thrownBy(() => createConsumer(queue, () => undefined, options as object));
    expect(isQueueError(error, 'option-invalid') && error.details.option).toBe(option);
  });

  test('what is no queue or no handler is refused', () => {
    const wrong: unknown = { url: 'x' };
    expect(() => createConsumer(wrong as Queue, () => undefined)).toThrow(/expected `queue` to be a queue/);
    expect(() => createConsumer(queue, wrong as () => void)).toThrow(/expected `handler` to be a function/);
  });

  test('a first delay that is longer than any may be is refused wherever retries have delays', () => {
    const options = { retryBaseMs: 6_000, retryMaxMs: 5_000 };
    const handler = (): void => undefined;
    const contradiction = 'expected `retryBaseMs` to be at most `retryMaxMs`, which is 5000, received 6000';
    expect(() => createConsumer(queue, handler, options)).toThrow(`createConsumer: ${contradiction}`);
    expect(() => createLambdaHandler(handler, options)).toThrow(`createLambdaHandler: ${contradiction}`);
    expect(() => stream(queue, options)).toThrow(`stream: ${contradiction}`);
    expect(() => batches(queue, options)).toThrow(`batches: ${contradiction}`);
  });

  test('zero is a value', () => {
    expect(() =>
      createConsumer(queue, () => undefined, { prefetch: 0, settleLingerMs: 0, waitTimeMs: 0 }),
    ).not.toThrow();
    expect(() => createConsumer(queue, () => undefined, { recorder: noopRecorder })).not.toThrow();
  });

  test('a message that came again while it was being deleted counted as acknowledged twice', async () => {
    const { clock, queue, faults, send, consume } = createScene();
    await send(1);
    faults.failNext('receive', { kind: 'duplicate' });
    faults.failNext('deleteBatch', { kind: 'slow-reply', delayMs: 2_000 });
    let runs = 0;
    const consumer = consume(() => {
      runs++;
    });
    consumer.start();
    await clock.advance(10_000);
    expect(runs).toBe(1);
    expect(consumer.stats()).toMatchObject({ received: 2, duplicates: 1, acked: 1, deleteCalls: 2 });
    expect(queue.messages()).toEqual([]);
    await clock.settle(consumer.stop());
  });
});

test('regression: a consumer that was paused stayed so after a start', async () => {
  const { clock, queue, send, consume } = createScene();
  const consumer = consume(() => undefined);
  consumer.start();
  consumer.pause();
  await clock.advance(30_000);
  await send(1);
  consumer.start();
  expect(consumer.stats().state).toBe('running');
  await clock.advance(1_000);
  expect(queue.messages()).toEqual([]);
  await clock.settle(consumer.stop());
});
