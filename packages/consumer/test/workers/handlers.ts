// Run on threads by the tests beside it.
import { threadId } from 'node:worker_threads';
import { deadLetter, type Handler, QueueError, release, retry } from '@sqskit/core';

/** What a test asks for, by its name. */
export type Ask =
  | { readonly ask: 'nothing' | 'ack' | 'release' | 'exit' | 'throw-late' | 'hoard' | 'uncloneable' }
  | { readonly ask: 'wait' | 'burn' | 'hold'; readonly flags: Int32Array }
  | { readonly ask: 'retry'; readonly delayMs?: number | undefined }
  | { readonly ask: 'dead-letter'; readonly reason: string }
  | { readonly ask: 'throw'; readonly what: keyof typeof throws };

/** Shared memory with two flags: set by the handler when it has started, and by the test when one that holds may end. */
export const started = 0;
export const mayEnd = 1;

class OutOfStock extends Error {
  override readonly name = 'OutOfStock';
  readonly code = 'E_STOCK';
  readonly left = 0;
  readonly retryLater = (): boolean => true;
}

const throws = {
  stock: () => new OutOfStock('none left', { cause: new TypeError('the cause') }),
  queue: () =>
    new QueueError(
      'throttled',
      'slow down',
      { operation: 'send', awsCode: 'X', httpStatus: 400, requestId: 'r' },
      {
        retryable: true,
        throttled: true,
        outcome: 'unknown',
      },
    ),
  text: () => 'just text',
  circle: () => {
    const error = new Error('round');
    error.cause = error;
    return error;
  },
};

export const handler: Handler<Ask> = async ({ body }, context) => {
  switch (body.ask) {
    case 'nothing':
      return () => 'a function, which no thread can pass to another';
    case 'ack':
      return { threadId };
    case 'retry':
      return retry({ delayMs: body.delayMs });
    case 'release':
      return release();
    case 'dead-letter':
      return deadLetter(body.reason);
    case 'throw':
      throw throws[body.what]();
    case 'uncloneable':
      throw Object.assign(new Error('with a function'), { details: { call: () => undefined } });
    case 'exit':
      return process.exit(3);
    case 'throw-late':
      setTimeout(() => {
        throw new Error('nobody catches this');
      });
      return new Promise(() => undefined);
    case 'hoard':
      return hoard();
    case 'hold':
      Atomics.store(body.flags, started, 1);
      Atomics.wait(body.flags, mayEnd, 0);
      return;
    case 'wait':
      Atomics.store(body.flags, started, 1);
      return new Promise((_resolve, reject) => {
        const { signal } = context;
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    case 'burn':
      Atomics.store(body.flags, started, 1);
      for (;;) {
        context.signal.throwIfAborted();
      }
  }
};

function hoard(): never {
  const all: unknown[] = [];
  for (;;) {
    all.push(Array.from({ length: 100_000 }, Math.random));
  }
}
