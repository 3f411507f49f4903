import type { Clock } from '@sqskit/core/clock';

/** A moment: a place in the order of all that happened, and virtual time. */
export interface Moment {
  readonly order: number;
  readonly ms: number;
}

/** Gives each moment a place of its own. */
export function createMoments(clock: Pick<Clock, 'monotonic'>): () => Moment {
  let order = 0;
  return () => ({ order: order++, ms: clock.monotonic() });
}
