import { type Envelope, type Item, plain, type Sealed } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';

/** A plain envelope that takes its time. */
export function slowEnvelope(clock: Clock, delayMsOf: (item: Item) => number): Envelope {
  const inner = plain();
  return {
    ...inner,
    seal: (items, maxBytes) =>
      new Promise<Sealed>((resolve, reject) => {
        clock.setTimer(() => {
          try {
            resolve(inner.seal(items, maxBytes));
          } catch (error) {
            reject(error);
          }
        }, delayMsOf(items[0]));
      }),
  };
}
