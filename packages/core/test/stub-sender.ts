import type { OutgoingMessage } from '../src/message.ts';
import type { Sender, SendOptions, SendReceipt } from '../src/sender.ts';

/** One message that the stub was given; the test decides what becomes of it. */
interface Call {
  readonly body: string;
  readonly verb: 'send' | 'trySend';
  readonly options: SendOptions | undefined;
  accept(): void;
  reject(reason: unknown): void;
}

export interface StubSender extends Sender<string> {
  /** In order of arrival, waiting ones included. */
  readonly calls: readonly Call[];
  /** Messages in the buffer now: not settled yet. */
  readonly buffered: number;
  readonly mostBuffered: number;
}

/** A sender with room for `capacity` messages at a time, each of which stays until the test settles it. */
export function createStubSender(capacity: number): StubSender {
  const calls: Call[] = [];
  let buffered = 0;
  let mostBuffered = 0;

  const hold = (message: OutgoingMessage<string>, verb: Call['verb'], options?: SendOptions) =>
    new Promise<SendReceipt>((resolve, reject) => {
      buffered++;
      mostBuffered = Math.max(mostBuffered, buffered);
      let isSettled = false;
      const settle = (how: () => void): void => {
        if (!isSettled) {
          isSettled = true;
          buffered--;
          how();
        }
      };
      const id = `m-${calls.length}`;
      const receipt = { id, messageId: id, sequenceNumber: undefined, queueUrl: 'stub', attempts: 1 };
      calls.push({
        body: message.body,
        verb,
        options,
        accept: () => settle(() => resolve(receipt)),
        reject: (reason) => settle(() => reject(reason)),
      });
      options?.signal?.addEventListener('abort', () => settle(() => reject(options.signal?.reason)));
    });

  return {
    calls,
    get buffered() {
      return buffered;
    },
    get mostBuffered() {
      return mostBuffered;
    },
    send: (message, options) => hold(message, 'send', options),
    trySend: (message, options) => (buffered < capacity ? hold(message, 'trySend', options) : undefined),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve({ sent: 0, undelivered: [] }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
