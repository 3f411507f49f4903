import { type Envelope, type Item, plain, type Sealed } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';

/** An envelope that takes its time: a plain one unless another is given. */
export function slowEnvelope(
  clock: Clock,
  delayMsOf: (item: Item) => number,
  inner: Envelope = plain(),
): Envelope {
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
