import type { CallOptions, Queue } from '@sqskit/core';

/** How long what waits in the queues will take. */
export interface DrainEstimate {
  /** SQS messages that wait in the queues and that nobody has received: an approximation of SQS's own. */
  readonly backlog: number;
  /**
   * How long they take this consumer alone with all its slots, if each takes a slot for as long as those of late.
   * `undefined` where none has run since the start.
   */
  readonly drainMs: number | undefined;
}

/** What a consumer gets through: slot time that an SQS message takes, and slots. */
export interface Pace {
  readonly slotMsPerMessage: number | undefined;
  readonly slots: number;
}

/** Asks every queue for its depth: a call each. Rejects with what the first of them rejects with that does. */
export async function estimateDrain(
  queues: readonly Queue[],
  { slotMsPerMessage, slots }: Pace,
  options: CallOptions | undefined,
): Promise<DrainEstimate> {
  const depths = await Promise.all(queues.map((queue) => queue.depth(options)));
  const backlog = depths.reduce((sum, { visible }) => sum + visible, 0);
  if (backlog === 0) {
    return { backlog, drainMs: 0 };
  }
  return { backlog, drainMs: slotMsPerMessage && (backlog * slotMsPerMessage) / slots };
}
