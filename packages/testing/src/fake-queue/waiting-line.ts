import type { ReceivedMessage } from '@sqskit/core';
import type { Clock, Timer } from '@sqskit/core/clock';
import type { MessageStore } from './message-store.ts';

/** A receive that has arrived. */
interface Arrival {
  readonly maxMessages: number;
  readonly visibilityTimeoutMs: number;
  readonly waitTimeMs: number;
  readonly signal: AbortSignal | undefined;
}

/** The long polls that wait for messages, first come first served. */
export interface WaitingLine {
  /** Resolves as soon as there are messages; with none when the wait is over or the signal aborts. */
  receive(arrival: Arrival): Promise<ReceivedMessage[]>;
  /** To be called after every change of the store: gives those who wait what there is for them now. */
  serve(): void;
}

export function createWaitingLine(clock: Clock, store: MessageStore): WaitingLine {
  // In the order of arrival; each takes messages if there are any, and tells whether there were.
  const waiting = new Set<() => boolean>();
  let wake: { readonly at: number; readonly timer: Timer } | undefined;

  const serve = (): void => {
    for (const takes of waiting) {
      if (!takes()) {
        break;
      }
    }
    wakeForNextLapse();
  };
  const wakeForNextLapse = (): void => {
    const at = waiting.size === 0 ? undefined : store.nextLapseAt();
    if (at === wake?.at) {
      return;
    }
    wake?.timer.cancel();
    wake = undefined;
    if (at !== undefined) {
      const timer = clock.setTimer(
        () => {
          wake = undefined;
          serve();
        },
        at - clock.monotonic(),
        { keepAlive: true },
      );
      wake = { at, timer };
    }
  };
  const wait = (arrival: Arrival): Promise<ReceivedMessage[]> =>
    new Promise((resolve) => {
      const leave = (messages: ReceivedMessage[]): void => {
        waiting.delete(takes);
        timer.cancel();
        arrival.signal?.removeEventListener('abort', giveUp);
        resolve(messages);
      };
      const takes = (): boolean => {
        const messages = take(arrival);
        if (messages.length > 0) {
          leave(messages);
        }
        return messages.length > 0;
      };
      const giveUp = (): void => {
        leave([]);
        wakeForNextLapse();
      };
      const timer = clock.setTimer(giveUp, arrival.waitTimeMs, { keepAlive: true });
      arrival.signal?.addEventListener('abort', giveUp, { once: true });
      waiting.add(takes);
      wakeForNextLapse();
    });
  const take = ({ maxMessages, visibilityTimeoutMs }: Arrival): ReceivedMessage[] =>
    store.receive(maxMessages, visibilityTimeoutMs, clock.monotonic(), clock.now());

  return {
    serve,
    async receive(arrival) {
      if (arrival.signal?.aborted === true) {
        return []; // on its way here
      }
      serve();
      const messages = take(arrival);
      return messages.length > 0 || arrival.waitTimeMs === 0 ? messages : wait(arrival);
    },
  };
}
