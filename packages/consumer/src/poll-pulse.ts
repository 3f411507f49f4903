import type { ErrorCode, QueueError } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';

/** How the polls of one queue fare. */
export interface PollHealth {
  /** Since the last poll that was answered, with messages or without; `undefined` before the first. */
  readonly msSinceAnswer: number | undefined;
  /** For how long it has polled in vain: 0 while polls are answered, and while none is to be made. */
  readonly unansweredMs: number;
  /** Polls in a row that failed. */
  readonly consecutiveFailures: number;
  /** Why the last of these failed. */
  readonly lastErrorCode: ErrorCode | undefined;
}

/** Notes how the polls of one queue fare. No timers: it is told, and asked. */
export interface PollPulse {
  started(): void;
  answered(): void;
  failed(error: QueueError): void;
  /** No poll is under way, and none is to be made now. */
  rested(): void;
  /** No poll is under way, and whether one is to be made is yet to be told. */
  held(): void;
  read(): PollHealth;
}

export function createPollPulse(clock: Clock): PollPulse {
  return new NotedPulse(clock);
}

class NotedPulse implements PollPulse {
  readonly #clock: Clock;
  #answeredAt: number | undefined;
  /** When the first poll was begun that no answer has followed. */
  #waitingSince: number | undefined;
  /** Since when it has been held. */
  #heldSince: number | undefined;
  #failures = 0;
  #errorCode: ErrorCode | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  started(): void {
    this.#goOn();
    this.#waitingSince ??= this.#clock.monotonic();
  }

  answered(): void {
    this.#answeredAt = this.#clock.monotonic();
    this.#waitingSince = undefined;
    this.#failures = 0;
    this.#errorCode = undefined;
  }

  failed({ code }: QueueError): void {
    this.#failures++;
    this.#errorCode = code;
  }

  rested(): void {
    this.#heldSince = undefined;
    this.#waitingSince = undefined;
  }

  held(): void {
    this.#heldSince ??= this.#clock.monotonic();
  }

  read(): PollHealth {
    const now = this.#clock.monotonic();
    const until = this.#heldSince ?? now;
    return {
      msSinceAnswer: this.#answeredAt === undefined ? undefined : now - this.#answeredAt,
      unansweredMs: this.#waitingSince === undefined ? 0 : until - this.#waitingSince,
      consecutiveFailures: this.#failures,
      lastErrorCode: this.#errorCode,
    };
  }

  /** The time for which it was held does not count. */
  #goOn(): void {
    if (this.#heldSince !== undefined && this.#waitingSince !== undefined) {
      this.#waitingSince += this.#clock.monotonic() - this.#heldSince;
    }
    this.#heldSince = undefined;
  }
}
