import type { OutgoingMessage } from './message.ts';
import { abortedError, type QueueError, toQueueError } from './queue-error.ts';
import type { Sender, SendReceipt } from './sender.ts';

export interface SendFailure<T> {
  /** Position in the input, from 0. */
  readonly index: number;
  readonly message: OutgoingMessage<T>;
  readonly error: QueueError;
}

export interface SendAllOptions<T> {
  /** Stops taking messages and ends those under way; once they have settled, `sendAll` rejects with `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for each message, from when it is taken. Default: the sender's own. */
  readonly deadlineMs?: number | undefined;
  /** Called after each message that settled. */
  readonly onProgress?: ((progress: { readonly sent: number; readonly failed: number }) => void) | undefined;
  /** Given each failure as it happens; they are then not collected in the summary, so memory stays flat. */
  readonly onFailure?: ((failure: SendFailure<T>) => void) | undefined;
}

export interface SendSummary<T> {
  readonly sent: number;
  readonly failed: number;
  /** Every failure in order of occurrence; empty where `onFailure` took them. */
  readonly failures: readonly SendFailure<T>[];
}

/**
 * Sends every message of an iterable through `sender` at the pace the sender allows: no more is taken from the
 * iterable while its buffer is full. Resolves when every message is settled; a failed message does not stop the rest.
 * What the iterable or a callback throws, or an async callback rejects with, stops it, and is thrown on after the
 * messages under way have settled.
 */
export async function sendAll<T>(
  sender: Sender<T>,
  messages: Iterable<OutgoingMessage<T>> | AsyncIterable<OutgoingMessage<T>>,
  options: SendAllOptions<T> = {},
): Promise<SendSummary<T>> {
  const { signal, deadlineMs, onProgress, onFailure } = options;
  const failures: SendFailure<T>[] = [];
  let sent = 0;
  let failed = 0;
  let underWay = 0;
  let wake: (() => void) | undefined;
  const stop = new AbortController();

  const oneSettles = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  const takeFailure = onFailure ?? ((failure: SendFailure<T>): unknown => failures.push(failure));
  const settled = async (failure: SendFailure<T> | undefined): Promise<void> => {
    try {
      if (failure === undefined) {
        sent++;
      } else {
        failed++;
      }
      // One after the other at once, in step with the counts; an async one is waited for afterwards.
      const taken = failure === undefined ? undefined : takeFailure(failure);
      const results: readonly unknown[] = [taken, onProgress?.({ sent, failed })];
      await Promise.all(results);
    } catch (reason) {
      stop.abort(reason);
    }
    underWay--;
    wake?.();
  };
  const track = (receipt: Promise<SendReceipt>, message: OutgoingMessage<T>, index: number): void => {
    underWay++;
    receipt.then(
      () => settled(undefined),
      (reason: unknown) => settled({ index, message, error: toQueueError(reason, 'send') }),
    );
  };
  /** Gives one message to the sender, as soon as there is room for it. */
  const place = async (message: OutgoingMessage<T>, index: number): Promise<void> => {
    for (;;) {
      stop.signal.throwIfAborted();
      const receipt = sender.trySend(message, { signal, deadlineMs });
      if (receipt !== undefined) {
        track(receipt, message, index);
        return;
      }
      if (underWay === 0) {
        // Others fill the buffer: take a place among those who wait.
        track(sender.send(message, { signal, deadlineMs }), message, index);
        return;
      }
      await oneSettles();
    }
  };

  const end = (): void => {
    if (signal?.aborted === true) {
      stop.abort(abortedError(signal));
    }
  };
  signal?.addEventListener('abort', end);
  let index = 0;
  try {
    end();
    stop.signal.throwIfAborted();
    for await (const message of Symbol.asyncIterator in messages ? until(stop.signal, messages) : messages) {
      await place(message, index++);
    }
  } finally {
    while (underWay > 0) {
      await oneSettles();
    }
    signal?.removeEventListener('abort', end);
  }
  stop.signal.throwIfAborted();
  return { sent, failed, failures };
}

/** The values of an asynchronous iterable until the signal aborts, even while the iterable has nothing to give. */
async function* until<V>(signal: AbortSignal, values: AsyncIterable<V>): AsyncGenerator<V> {
  const iterator = values[Symbol.asyncIterator]();
  let interrupt = (): void => undefined;
  signal.addEventListener('abort', () => interrupt());
  let isOpen = true;
  try {
    for (;;) {
      const step = await new Promise<IteratorResult<V>>((resolve, reject) => {
        interrupt = () => reject(signal.reason);
        iterator.next().then(resolve, (reason: unknown) => {
          isOpen = false;
          reject(reason);
        });
      });
      if (step.done === true) {
        isOpen = false;
        return;
      }
      yield step.value;
    }
  } finally {
    if (isOpen) {
      // Not awaited: an iterable that is waiting for its next value closes only after that.
      iterator.return?.().catch(() => undefined);
    }
  }
}
