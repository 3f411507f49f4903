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
  /** Stops taking messages and ends those under way; `sendAll` then rejects with `aborted`. */
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
 * What the iterable throws is thrown on, after the messages under way have settled.
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

  const settled = (): void => {
    underWay--;
    onProgress?.({ sent, failed });
    wake?.();
  };
  const oneSettles = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  const track = (receipt: Promise<SendReceipt>, message: OutgoingMessage<T>, index: number): void => {
    underWay++;
    receipt.then(
      () => {
        sent++;
        settled();
      },
      (reason: unknown) => {
        failed++;
        const failure = { index, message, error: toQueueError(reason, 'send') };
        if (onFailure === undefined) {
          failures.push(failure);
        } else {
          onFailure(failure);
        }
        settled();
      },
    );
  };

  let index = 0;
  try {
    for await (const message of messages) {
      for (;;) {
        if (signal?.aborted === true) {
          throw abortedError(signal);
        }
        const receipt = sender.trySend(message, { signal, deadlineMs });
        if (receipt !== undefined) {
          track(receipt, message, index++);
          break;
        }
        if (underWay === 0) {
          // Others fill the buffer: take a place among those who wait.
          track(sender.send(message, { signal, deadlineMs }), message, index++);
          break;
        }
        await oneSettles();
      }
    }
  } finally {
    while (underWay > 0) {
      await oneSettles();
    }
  }
  return { sent, failed, failures };
}
