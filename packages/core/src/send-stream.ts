import { Feed, type FeedOptions, type SendFailure } from './feed.ts';
import type { OutgoingMessage } from './message.ts';
import type { Sender } from './sender.ts';

export interface SendStreamOptions<T> extends FeedOptions<T> {
  /** Given each failure as it happens; the stream then goes on. Otherwise the first failure is the stream's own. */
  readonly onFailure?: ((failure: SendFailure<T>) => void) | undefined;
}

/**
 * A stream that sends every message written to it, for pipelines: it takes no more than the sender has room for, and
 * closes when every message is settled. With the first failure, or what a callback throws, it takes no more, and
 * errors with that once what is under way has settled. Aborting it sends no more; what was given is not taken back,
 * unless by the signal.
 */
export function sendStream<T>(
  sender: Sender<T>,
  options: SendStreamOptions<T> = {},
): WritableStream<OutgoingMessage<T>> {
  const feed = new Feed(
    sender,
    options,
    options.onFailure ??
      (({ error }) => {
        throw error;
      }),
  );
  const end = async (): Promise<never> => {
    await feed.drained();
    throw feed.signal.reason;
  };
  return new WritableStream<OutgoingMessage<T>>({
    start(controller) {
      const fail = (): void => void end().catch((reason: unknown) => controller.error(reason));
      feed.signal.addEventListener('abort', fail, { once: true });
      return feed.signal.aborted ? end() : undefined;
    },
    write: (message) => (feed.signal.aborted ? end() : feed.give(message)?.catch(end)),
    async close() {
      await feed.drained();
      feed.signal.throwIfAborted();
    },
    async abort(reason) {
      feed.stop(reason);
      await feed.drained();
    },
  });
}
