import { type Queue, QueueError, type SendOutcome } from '@sqskit/core';
import { createFakeClock, createFakeQueue, type FakeClock } from '@sqskit/testing';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { adaptiveConcurrency } from '../src/index.ts';

let clock: FakeClock;

beforeEach(() => {
  clock = createFakeClock();
});

const later = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.setTimer(resolve, ms);
  });

const throttled: SendOutcome = {
  ok: false,
  error: new QueueError(
    'throttled',
    'slow down',
    { operation: 'SendMessageBatch', awsCode: 'RequestThrottled', httpStatus: 403, requestId: undefined },
    { retryable: true, throttled: true },
  ),
};

/** A queue that does as it is told with each send. */
function queueThat(send: (signal?: AbortSignal) => Promise<SendOutcome>): Queue {
  const sendBatch: Queue['sendBatch'] = async (entries, options) => {
    const outcome = await send(options?.signal);
    return entries.map(() => outcome);
  };
  return Object.assign(createFakeQueue({ clock }), { sendBatch });
}

/** Connections that the queues of one client share: so many calls at a time, the others wait in order. */
function sharedConnections(count: number): <T>(call: () => Promise<T>) => Promise<T> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (call) => {
    if (free === 0) {
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      free--;
    }
    try {
      return await call();
    } finally {
      const next = waiting.shift();
      if (next === undefined) {
        free++;
      } else {
        next();
      }
    }
  };
}

describe('two queues on one client', () => {
  const roundTripMs = 10;
  const runMs = 60_000;

  /** A queue that takes so many calls a second, and throttles the rest. */
  function limited(connections: ReturnType<typeof sharedConnections>, perSecond: number): Queue {
    let tokens = perSecond;
    let filledAt = clock.monotonic();
    return queueThat(() =>
      connections(async () => {
        await later(roundTripMs);
        const now = clock.monotonic();
        tokens = Math.min(perSecond, tokens + ((now - filledAt) * perSecond) / 1_000);
        filledAt = now;
        if (tokens < 1) {
          return throttled;
        }
        tokens--;
        return { ok: true, messageId: 'm' };
      }),
    );
  }

  /** Sends from so many places for a minute, each again at once, as naively as can be; what was accepted. */
  async function hammer(queue: Queue, callers: number): Promise<number> {
    let accepted = 0;
    const endsAt = clock.monotonic() + runMs;
    await Promise.all(
      Array.from({ length: callers }, async () => {
        while (clock.monotonic() < endsAt) {
          const [outcome] = await queue.sendBatch([{ body: 'a' }]);
          accepted += outcome?.ok === true ? 1 : 0;
        }
      }),
    );
    return accepted;
  }

  test('of which one is throttled: the other keeps nine tenths of its rate and more', async () => {
    const layer = adaptiveConcurrency({ clock, maxConcurrency: 50 });
    const quiet = sharedConnections(50);
    const alone = await clock.settle(hammer(layer(limited(quiet, Number.MAX_SAFE_INTEGER)), 40));
    const shared = sharedConnections(50);
    const [beside, slow] = await clock.settle(
      Promise.all([
        hammer(layer(limited(shared, Number.MAX_SAFE_INTEGER)), 40),
        hammer(layer(limited(shared, 100)), 200),
      ]),
    );
    expect(beside).toBeGreaterThan(0.9 * alone);
    expect(slow).toBeGreaterThan(0.8 * 100 * (runMs / 1_000)); // and that one gets what it may have
  });

  test('without it, the other is left with much less', async () => {
    const shared = sharedConnections(50);
    const [beside] = await clock.settle(
      Promise.all([hammer(limited(shared, Number.MAX_SAFE_INTEGER), 40), hammer(limited(shared, 100), 200)]),
    );
    expect(beside).toBeLessThan(0.5 * ((40 * runMs) / roundTripMs));
  });
});

describe('calls that wait', () => {
  test('go in order, as many at a time as there may be', async () => {
    let active = 0;
    let most = 0;
    const order: string[] = [];
    const inner = queueThat(async () => {
      most = Math.max(most, ++active);
      await later(10);
      active--;
      return { ok: true, messageId: 'm' };
    });
    const send = vi.spyOn(inner, 'sendBatch');
    const queue = adaptiveConcurrency({ clock, maxConcurrency: 3 })(inner);
    const all = Array.from({ length: 10 }, (_, index) => queue.sendBatch([{ body: String(index) }]));
    await clock.settle(Promise.all(all));
    order.push(...send.mock.calls.map(([entries]) => entries[0]?.body ?? ''));
    expect(order).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(most).toBe(3);
  });

  test('are no more than they may be, and are certainly not sent when they are aborted', async () => {
    const inner = queueThat(async () => {
      await later(10);
      return { ok: true, messageId: 'm' };
    });
    const send = vi.spyOn(inner, 'sendBatch');
    const queue = adaptiveConcurrency({ clock, maxConcurrency: 1, maxWaiting: 2 })(inner);
    const controller = new AbortController();
    const first = queue.sendBatch([{ body: 'a' }]);
    const aborted = queue.sendBatch([{ body: 'b' }], { signal: controller.signal });
    const last = queue.sendBatch([{ body: 'c' }]);
    expect(await queue.sendBatch([{ body: 'd' }, { body: 'e' }])).toMatchObject(
      [1, 2].map(() => ({
        ok: false,
        error: { code: 'pool-exhausted', outcome: 'rejected', retryable: true },
      })),
    );
    controller.abort('enough');
    expect(await aborted).toMatchObject([
      { ok: false, error: { code: 'aborted', outcome: 'rejected', cause: 'enough' } },
    ]);
    expect(await queue.sendBatch([{ body: 'f' }], { signal: controller.signal })).toMatchObject([
      { ok: false, error: { code: 'aborted', outcome: 'rejected' } },
    ]);
    expect(await clock.settle(Promise.all([first, last]))).toMatchObject([[{ ok: true }], [{ ok: true }]]);
    expect(send.mock.calls.map(([entries]) => entries[0]?.body)).toEqual(['a', 'c']);
  });

  test("do not wait behind a caller's mistake", async () => {
    const queue = adaptiveConcurrency({ clock, maxConcurrency: 1 })(createFakeQueue({ clock }));
    const wrong = queue.sendBatch([]);
    const right = queue.sendBatch([{ body: 'a' }]);
    await expect(wrong).rejects.toMatchObject({ code: 'batch-invalid' });
    expect(await clock.settle(right)).toMatchObject([{ ok: true }]);
  });
});

test('a number that was given counts where the transport does not tell its own', async () => {
  let active = 0;
  let most = 0;
  const inner = queueThat(async () => {
    most = Math.max(most, ++active);
    await later(10);
    active--;
    return { ok: true, messageId: 'm' };
  });
  const queue = adaptiveConcurrency({ clock, maxConcurrency: 200 })(inner);
  const next = async (): Promise<void> => {
    for (let sent = 0; sent < 20; sent++) {
      await queue.sendBatch([{ body: 'a' }]);
    }
  };
  await clock.settle(Promise.all(Array.from({ length: 400 }, next)));
  expect(inner.maxConnections).toBeUndefined();
  expect(most).toBe(200); // it was 50
});

test('everything else passes as it is, and settling is paced apart from sending', async () => {
  const inner = createFakeQueue({ clock });
  const queue = adaptiveConcurrency({ clock, maxConcurrency: 1 })(inner);
  expect(queue.url).toBe(inner.url);
  expect(queue.maxConnections).toBe(inner.maxConnections);
  await clock.settle(queue.sendBatch([{ body: 'a' }, { body: 'b' }]));
  expect(await clock.settle(queue.describe())).toMatchObject({ fifo: false });
  const messages = await clock.settle(queue.receive({ maxMessages: 10, waitTimeMs: 0 }));
  const [one, other] = messages.map(({ receiptHandle }) => receiptHandle);
  expect(
    await clock.settle(
      Promise.all([
        queue.deleteBatch([one ?? '']),
        queue.changeVisibilityBatch([{ receiptHandle: other ?? '', visibilityTimeoutMs: 0 }]),
      ]),
    ),
  ).toEqual([[{ ok: true }], [{ ok: true }]]);
  expect(await clock.settle(queue.depth())).toMatchObject({ visible: 1 });
});

test.each([[{ maxConcurrency: 0 }], [{ maxWaiting: -1 }], [{ rate: 1 }]])(
  '%o is refused',
  (options: object) => {
    expect(() => adaptiveConcurrency(options)).toThrow('[option-invalid]');
  },
);
