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

export function drainOf(backlog: number, { slotMsPerMessage, slots }: Pace): DrainEstimate {
  const drainMs = backlog === 0 ? 0 : slotMsPerMessage && (backlog * slotMsPerMessage) / slots;
  return { backlog, drainMs };
}
