import type { Queue, SendEntry, SendOutcome } from '@sqskit/core';

/** A call of `sendBatch` as the sender saw it. */
export interface WatchedCall {
  readonly entries: readonly SendEntry[];
  /** How many calls had been answered when it began. */
  readonly answeredBefore: number;
  /** Its place among the answers, from 0; `undefined` while it is under way. */
  answeredAs: number | undefined;
  outcomes: readonly SendOutcome[];
}

/** A layer round a queue that writes down what is sent and what is answered. */
export function watchQueue(queue: Queue): { readonly queue: Queue; readonly calls: readonly WatchedCall[] } {
  const calls: WatchedCall[] = [];
  let answered = 0;
  return {
    calls,
    queue: {
      url: queue.url,
      async sendBatch(entries, options) {
        const call: WatchedCall = {
          entries: [...entries],
          answeredBefore: answered,
          answeredAs: undefined,
          outcomes: [],
        };
        calls.push(call);
        call.outcomes = await queue.sendBatch(entries, options);
        call.answeredAs = answered++;
        return call.outcomes;
      },
      receive: (request, options) => queue.receive(request, options),
      deleteBatch: (handles, options) => queue.deleteBatch(handles, options),
      changeVisibilityBatch: (changes, options) => queue.changeVisibilityBatch(changes, options),
      describe: (options) => queue.describe(options),
      depth: (options) => queue.depth(options),
    },
  };
}
