import { type Envelope, type Item, payloadBytes } from '@sqskit/core';
import { createEvents, type EventKind } from './events.ts';

/** The largest message that SQS takes. */
export const anyBytes = 1_048_576;

/** What SQS counts of 500 events sealed so many `together`, divided by what it counts of them as they are. */
export async function ratioOf(envelope: Envelope, kind: EventKind, together: number): Promise<number> {
  // Dictionaries are made of the events of other seeds.
  const events = createEvents(kind, 500, 2);
  const items = events.map((content, index): Item => ({ id: `m-${index}`, content, attempt: 0 }));
  let sentBytes = 0;
  for (let at = 0; at < items.length; ) {
    const [first, ...more] = items.slice(at, at + together);
    if (first === undefined) {
      break;
    }
    const { payload, taken } = await envelope.seal([first, ...more], anyBytes);
    sentBytes += payloadBytes(payload);
    at += taken;
  }
  return sentBytes / events.reduce((sum, body) => sum + payloadBytes({ body }), 0);
}

export function geometricMean(ratios: readonly number[]): number {
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
}
