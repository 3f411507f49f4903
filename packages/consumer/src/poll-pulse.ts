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
  #failures = 0;
  #errorCode: ErrorCode | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  started(): void {
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
    this.#waitingSince = undefined;
  }

  read(): PollHealth {
    const now = this.#clock.monotonic();
    return {
      msSinceAnswer: this.#answeredAt === undefined ? undefined : now - this.#answeredAt,
      unansweredMs: this.#waitingSince === undefined ? 0 : now - this.#waitingSince,
      consecutiveFailures: this.#failures,
      lastErrorCode: this.#errorCode,
    };
  }
}
