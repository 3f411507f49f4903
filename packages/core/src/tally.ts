/** What of an entry is counted. */
export interface Counted {
  readonly bytes: number;
  /** Order of arrival. */
  readonly sequence: number;
  /** Calls it took part in before. One that comes back need not linger. */
  readonly attempts: number;
}

/**
 * Counts of what could leave now. An entry behind another of its lane has no say in when a batch leaves: only heads are
 * urgent or not. Every loose entry is a head.
 */
export class Tally {
  entries = 0;
  bytes = 0;
  /** Heads that come back after a failure, and others that were hurried: neither need linger. */
  retried = 0;
  hurried = 0;
  #heads = 0;
  #hurriedThrough = -1;

  /** So many entries more, or fewer, could leave. */
  offer(entries: number, bytes: number): void {
    this.entries += entries;
    this.bytes += bytes;
  }

  /** One head more or less. */
  head(head: Counted, sign: 1 | -1): void {
    this.#heads += sign;
    if (head.attempts > 0) {
      this.retried += sign;
    } else if (head.sequence <= this.#hurriedThrough) {
      this.hurried += sign;
    }
  }

  /** Entries up to this sequence, the newest there is, need not linger. */
  hurry(sequence: number): void {
    this.#hurriedThrough = sequence;
    this.hurried = this.#heads - this.retried;
  }
}
