/** How many messages that take a slot of their own an SQS message of a queue is to be expected to hold. */
export interface PackSize {
  /** From 1: as many as the largest of late held. */
  readonly expected: number;
  /** One was opened, and held so many. */
  opened(size: number): void;
}

/** How much an SQS message that holds fewer than expected counts. */
const decay = 1 / 32;

/** `first`: what is expected until one was opened. */
export function createPackSize(first: number): PackSize {
  let known: number | undefined;
  return {
    get expected() {
      return known ?? first;
    },
    /** Rises at once, so that what is fetched is not more than there is room for, and falls slowly. */
    opened(size) {
      known = known === undefined || size >= known ? size : known - (known - size) * decay;
    },
  };
}
