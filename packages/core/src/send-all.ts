import { Feed, type FeedOptions, type SendFailure } from './feed.ts';
import type { OutgoingMessage } from './message.ts';
import type { Sender } from './sender.ts';

export interface SendAllOptions<T> extends FeedOptions<T> {
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
  const failures: SendFailure<T>[] = [];
  const feed = new Feed(sender, options, options.onFailure ?? ((failure) => failures.push(failure)));
  try {
    feed.signal.throwIfAborted();
    if (Symbol.asyncIterator in messages) {
      for await (const message of until(feed.signal, messages)) {
        await feed.give(message);
      }
    } else {
      for (const message of messages) {
        const given = feed.give(message);
        if (given !== undefined) {
          await given;
        }
      }
    }
  } finally {
    await feed.drained();
  }
  feed.signal.throwIfAborted();
  const { sent, failed } = feed;
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
