import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { SendFailure } from '../src/feed.ts';
import type { OutgoingMessage } from '../src/message.ts';
import { isQueueError, QueueError } from '../src/queue-error.ts';
import { sendAll } from '../src/send-all.ts';
import { createStubSender } from './stub-sender.ts';

type Message = OutgoingMessage<string>;

const messages = (...bodies: readonly string[]): Message[] => bodies.map((body) => ({ body }));

/** Lets every promise that can go on do so. Not time: no timer is involved. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Messages one at a time, noting how many were taken and whether the iterable was closed. */
function counted(bodies: readonly string[]) {
  const seen = { taken: 0, closed: false };
  function* generate(): Generator<Message> {
    try {
      for (const body of bodies) {
        seen.taken++;
        yield { body };
      }
    } finally {
      seen.closed = true;
    }
  }
  return { seen, iterable: generate() };
}

/** An asynchronous iterable that has `bodies` to give and then nothing more, ever. */
function endless(...bodies: readonly string[]) {
  const seen = { closed: 0 };
  const left = messages(...bodies);
  const iterable: AsyncIterable<Message> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        const value = left.shift();
        return value === undefined ? new Promise(() => undefined) : Promise.resolve({ done: false, value });
      },
      return: () => {
        seen.closed++;
        return new Promise(() => undefined);
      },
    }),
  };
  return { seen, iterable };
}

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable('it resolved'),
    (reason: unknown) => reason,
  );

describe('sendAll', () => {
  test('sends every message in order and resolves when all are settled', async () => {
    const sender = createStubSender(10);
    const sending = sendAll(sender, messages('a', 'b', 'c'));
    await turn();
    expect(sender.calls.map(({ body }) => body)).toEqual(['a', 'b', 'c']);

    const resolved = vi.fn<() => void>();
    void sending.then(resolved);
    sender.calls[2]?.accept();
    sender.calls[0]?.accept();
    await turn();
    expect(resolved).not.toHaveBeenCalled();
    sender.calls[1]?.accept();
    await expect(sending).resolves.toEqual({ sent: 3, failed: 0, failures: [] });
  });

  test('resolves at once where there is nothing to send', async () => {
    await expect(sendAll(createStubSender(1), [])).resolves.toEqual({ sent: 0, failed: 0, failures: [] });
  });

  test('takes an asynchronous iterable too', async () => {
    const sender = createStubSender(10);
    async function* generate(): AsyncGenerator<Message> {
      for (const message of messages('a', 'b')) {
        await turn();
        yield message;
      }
    }
    const sending = sendAll(sender, generate());
    await vi.waitUntil(() => sender.calls.length === 2);
    for (const call of sender.calls) {
      call.accept();
    }
    await expect(sending).resolves.toMatchObject({ sent: 2 });
  });

  test('gives each message its deadline and the signal', async () => {
    const sender = createStubSender(1);
    const { signal } = new AbortController();
    const sending = sendAll(sender, messages('a'), { deadlineMs: 500, signal });
    await turn();
    expect(sender.calls[0]?.options).toEqual({ deadlineMs: 500, signal });
    sender.calls[0]?.accept();
    await sending;
  });

  test('leaves no listener on the signal', async () => {
    const { signal } = new AbortController();
    const failing = function* (): Generator<Message> {
      yield* [];
      throw new Error('no more');
    };
    await sendAll(createStubSender(1), [], { signal });
    await rejection(sendAll(createStubSender(1), failing(), { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('back-pressure', () => {
  test('no more is taken than the message that waits for room', async () => {
    const sender = createStubSender(2);
    const { seen, iterable } = counted(['a', 'b', 'c', 'd']);
    const sending = sendAll(sender, iterable);
    await turn();
    expect(seen.taken).toBe(3);
    expect(sender.calls).toHaveLength(2);

    sender.calls[0]?.accept();
    await turn();
    expect(seen.taken).toBe(4);
    expect(sender.calls.map(({ body }) => body)).toEqual(['a', 'b', 'c']);

    sender.calls[1]?.accept();
    sender.calls[2]?.accept();
    await turn();
    sender.calls[3]?.accept();
    await expect(sending).resolves.toMatchObject({ sent: 4 });
  });

  test('a sender that has room for very many leaves everything else its turn', async () => {
    const sender = createStubSender(Number.POSITIVE_INFINITY);
    const { seen, iterable } = counted(Array.from({ length: 2_500 }, String));
    const sending = sendAll(sender, iterable);
    expect(seen.taken).toBe(1_001);
    await vi.waitUntil(() => sender.calls.length === 2_500);
    for (const call of sender.calls) {
      call.accept();
    }
    await expect(sending).resolves.toMatchObject({ sent: 2_500 });
  });

  test('a buffer that others have filled is waited for in the row of waiters', async () => {
    const sender = createStubSender(1);
    const other = sender.trySend({ body: 'other' });
    const sending = sendAll(sender, messages('a', 'b'));
    await turn();
    expect(sender.calls.map(({ body, verb }) => `${verb} ${body}`)).toEqual(['trySend other', 'send a']);

    sender.calls[0]?.accept();
    await other;
    sender.calls[1]?.accept();
    await turn();
    sender.calls[2]?.accept();
    await expect(sending).resolves.toMatchObject({ sent: 2 });
    expect(sender.calls.map(({ body, verb }) => `${verb} ${body}`)).toEqual([
      'trySend other',
      'send a',
      'trySend b',
    ]);
  });

  test('several at once share one buffer, and each sends all of its own', async () => {
    const sender = createStubSender(2);
    const runs = ['a', 'b', 'c'].map((name) => sendAll(sender, messages(`${name}1`, `${name}2`, `${name}3`)));
    for (let settled = 0; settled < 9; settled++) {
      await turn();
      sender.calls[settled]?.accept();
    }
    const summaries = await Promise.all(runs);
    expect(summaries.map(({ sent }) => sent)).toEqual([3, 3, 3]);
    expect(sender.calls.map(({ body }) => body).sort()).toEqual([
      'a1',
      'a2',
      'a3',
      'b1',
      'b2',
      'b3',
      'c1',
      'c2',
      'c3',
    ]);
  });

  test('every message is sent once, in order and within the capacity, whatever fails', async () => {
    const outcomes = fc.array(fc.boolean(), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(outcomes, fc.integer({ min: 1, max: 5 }), async (accepted, capacity) => {
        const sender = createStubSender(capacity);
        const bodies = accepted.map((_, index) => `m${index}`);
        const sending = sendAll(sender, messages(...bodies));
        for (const [index, isAccepted] of accepted.entries()) {
          await turn();
          const call = sender.calls[index];
          if (isAccepted) {
            call?.accept();
          } else {
            call?.reject(
              new QueueError('throttled', 'slow down', {
                operation: 'SendMessageBatch',
                awsCode: 'RequestThrottled',
                httpStatus: 400,
                requestId: undefined,
              }),
            );
          }
        }
        const summary = await sending;
        const failed = bodies.filter((_, index) => accepted[index] === false);
        expect(sender.calls.map(({ body }) => body)).toEqual(bodies);
        expect(sender.mostBuffered).toBeLessThanOrEqual(capacity);
        expect(summary.sent).toBe(bodies.length - failed.length);
        expect(summary.failures.map(({ message }) => message.body)).toEqual(failed);
        expect(summary.failures.map(({ index }) => bodies[index])).toEqual(failed);
      }),
      { numRuns: 50 },
    );
  });
});

describe('failures', () => {
  const closed = new QueueError('closed', 'the producer is closed', { what: 'producer' });

  test('do not stop the rest, and are listed in order of occurrence', async () => {
    const sender = createStubSender(10);
    const input = messages('a', 'b', 'c');
    const sending = sendAll(sender, input);
    await turn();
    sender.calls[2]?.reject(closed);
    await turn();
    sender.calls[0]?.reject(closed);
    sender.calls[1]?.accept();
    await expect(sending).resolves.toEqual({
      sent: 1,
      failed: 2,
      failures: [
        { index: 2, message: input[2], error: closed },
        { index: 0, message: input[0], error: closed },
      ],
    });
  });

  test('are always QueueErrors, whatever the sender rejects with', async () => {
    const sender = createStubSender(10);
    const sending = sendAll(sender, messages('a'));
    await turn();
    const reason = Object.create(null);
    sender.calls[0]?.reject(reason);
    const { failures } = await sending;
    expect(isQueueError(failures[0]?.error, 'unexpected')).toBe(true);
    expect(failures[0]?.error.cause).toBe(reason);
  });

  test('given to onFailure are not collected', async () => {
    const sender = createStubSender(10);
    const given: SendFailure<string>[] = [];
    const sending = sendAll(sender, messages('a', 'b'), { onFailure: (failure) => given.push(failure) });
    await turn();
    sender.calls[1]?.reject(closed);
    sender.calls[0]?.accept();
    await expect(sending).resolves.toEqual({ sent: 1, failed: 1, failures: [] });
    expect(given).toEqual([{ index: 1, message: { body: 'b' }, error: closed }]);
  });

  test('and successes are counted for onProgress after each message', async () => {
    const sender = createStubSender(10);
    const onProgress = vi.fn<(progress: object) => void>();
    const sending = sendAll(sender, messages('a', 'b', 'c'), { onProgress });
    await turn();
    sender.calls[0]?.accept();
    sender.calls[1]?.reject(closed);
    sender.calls[2]?.accept();
    await sending;
    expect(onProgress.mock.calls).toEqual([
      [{ sent: 1, failed: 0 }],
      [{ sent: 1, failed: 1 }],
      [{ sent: 2, failed: 1 }],
    ]);
  });
});

describe('an abort', () => {
  const reason = new Error('shutting down');

  test('before the start takes no message', async () => {
    const { seen, iterable } = counted(['a']);
    const sender = createStubSender(1);
    const error = await rejection(sendAll(sender, iterable, { signal: AbortSignal.abort(reason) }));
    expect(error).toMatchObject({ code: 'aborted', cause: reason });
    expect(seen.taken).toBe(0);
    expect(sender.calls).toHaveLength(0);
  });

  test('while the buffer is full takes no more, closes the iterable and rejects', async () => {
    const controller = new AbortController();
    const { seen, iterable } = counted(['a', 'b', 'c']);
    const sending = sendAll(createStubSender(1), iterable, { signal: controller.signal });
    await turn();
    controller.abort(reason);
    expect(await rejection(sending)).toMatchObject({ code: 'aborted', cause: reason });
    expect(seen).toEqual({ taken: 2, closed: true });
  });

  test('rejects only when the messages under way have settled', async () => {
    const controller = new AbortController();
    const stub = createStubSender(1);
    // A sender whose message has left already and does not settle on the abort.
    const sender = { ...stub, trySend: (message: Message) => stub.trySend(message) };
    const sending = sendAll(sender, messages('a', 'b'), { signal: controller.signal });
    const rejected = vi.fn<() => void>();
    sending.catch(rejected);
    await turn();
    controller.abort(reason);
    await turn();
    expect(rejected).not.toHaveBeenCalled();
    stub.calls[0]?.accept();
    expect(await rejection(sending)).toMatchObject({ code: 'aborted' });
  });

  test('regression: it went unnoticed while an asynchronous iterable had nothing to give', async () => {
    const controller = new AbortController();
    const sender = createStubSender(10);
    const { seen, iterable } = endless('a');
    const sending = sendAll(sender, iterable, { signal: controller.signal });
    await turn();
    sender.calls[0]?.accept();
    controller.abort(reason);
    expect(await rejection(sending)).toMatchObject({ code: 'aborted', cause: reason });
    expect(seen.closed).toBe(1);
  });

  test('regression: while the last messages were under way it resolved with a summary', async () => {
    const controller = new AbortController();
    const onFailure = vi.fn<(failure: object) => void>();
    const sending = sendAll(createStubSender(10), messages('a', 'b'), {
      signal: controller.signal,
      onFailure,
    });
    await turn();
    controller.abort(reason);
    expect(await rejection(sending)).toMatchObject({ code: 'aborted', cause: reason });
    expect(onFailure).toHaveBeenCalledTimes(2);
  });

  test('after the end changes nothing', async () => {
    const controller = new AbortController();
    const sender = createStubSender(10);
    const sending = sendAll(sender, messages('a'), { signal: controller.signal });
    await turn();
    sender.calls[0]?.accept();
    await sending;
    controller.abort(reason);
    await expect(sending).resolves.toMatchObject({ sent: 1 });
  });
});

describe('an iterable that throws', () => {
  const cause = new Error('the file ended early');

  test.each([
    [
      'synchronous',
      function* () {
        yield* messages('a');
        throw cause;
      },
    ],
    [
      'asynchronous',
      async function* () {
        yield* messages('a');
        throw cause;
      },
    ],
  ])('%s: what it throws is thrown on once the messages under way have settled', async (_, generate) => {
    const sender = createStubSender(10);
    const onProgress = vi.fn<(progress: object) => void>();
    const sending = sendAll(sender, generate(), { onProgress });
    const rejected = vi.fn<() => void>();
    sending.catch(rejected);
    await turn();
    expect(rejected).not.toHaveBeenCalled();
    sender.calls[0]?.accept();
    expect(await rejection(sending)).toBe(cause);
    expect(onProgress).toHaveBeenCalledExactlyOnceWith({ sent: 1, failed: 0 });
  });
});

test('an asynchronous iterable that has ended, or has thrown, is not closed again', async () => {
  const close = vi.fn<() => Promise<IteratorResult<Message>>>();
  const iterable = (next: () => Promise<IteratorResult<Message>>): AsyncIterable<Message> => ({
    [Symbol.asyncIterator]: () => ({ next, return: close }),
  });
  const cause = new Error('the file ended early');
  await sendAll(
    createStubSender(1),
    iterable(() => Promise.resolve({ done: true, value: undefined })),
  );
  const failed = sendAll(
    createStubSender(1),
    iterable(() => Promise.reject(cause)),
  );
  expect(await rejection(failed)).toBe(cause);
  expect(close).not.toHaveBeenCalled();
});

describe('a callback that throws', () => {
  const bug = new Error('a bug in the callback');
  const throwing = (): never => {
    throw bug;
  };

  test('regression: onProgress left sendAll hanging', async () => {
    const sender = createStubSender(1);
    const { seen, iterable } = counted(['a', 'b', 'c']);
    const sending = sendAll(sender, iterable, { onProgress: throwing });
    await turn();
    sender.calls[0]?.accept();
    expect(await rejection(sending)).toBe(bug);
    expect(sender.calls.map(({ body }) => body)).toEqual(['a']);
    expect(seen.closed).toBe(true);
  });

  test.each(['onProgress', 'onFailure'])(
    'regression: of an async %s was an unhandled rejection',
    async (name) => {
      const sender = createStubSender(10);
      const reason = new Error('disk full');
      const sending = sendAll(sender, messages('a'), { [name]: () => Promise.reject(reason) });
      const rejected = rejection(sending);
      await turn();
      sender.calls[0]?.reject(new QueueError('aborted', 'enough', {}));
      expect(await rejected).toBe(reason);
    },
  );

  test('stops the rest, which is how onFailure ends it at the first failure', async () => {
    const sender = createStubSender(2);
    const failure = new QueueError('decode-failed', 'no', {});
    const sending = sendAll(sender, messages('a', 'b', 'c'), {
      onFailure: ({ error }) => {
        throw error;
      },
    });
    await turn();
    sender.calls[0]?.reject(failure);
    await turn();
    expect(sender.calls).toHaveLength(2);
    sender.calls[1]?.accept();
    expect(await rejection(sending)).toBe(failure);
  });

  test('ends a wait for an asynchronous iterable', async () => {
    const sender = createStubSender(10);
    const sending = sendAll(sender, endless('a').iterable, { onProgress: throwing });
    await turn();
    sender.calls[0]?.accept();
    expect(await rejection(sending)).toBe(bug);
  });
});

test('a callback that rejects beside one that throws is no unhandled rejection', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    const sender = createStubSender(1);
    const late: () => unknown = () => Promise.reject(new Error('late'));
    const first = (): void => {
      throw new Error('first');
    };
    const sending = sendAll(sender, messages('a'), { onFailure: late, onProgress: first });
    const failed = rejection(sending);
    await turn();
    sender.calls[0]?.reject(new Error('refused'));
    expect(await failed).toMatchObject({ message: 'first' });
    await turn();
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', note);
  }
});
