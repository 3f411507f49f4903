import type { Clock } from '@sqskit/core/clock';
import { signingTime } from './signature.ts';

// A signature is good for five minutes; a `Date` header tells the second, at some time between request and answer.
const toleratedMs = 60_000;

/** The service's time: this machine's, corrected by what the service's answers say of theirs. */
export class ServiceClock {
  readonly #clock: Clock;
  #correctionMs = 0;
  #lastDate: string | undefined;
  #second = Number.NaN;
  #signingTime = '';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds that are added to this machine's time; 0 unless that is wrong by more than a minute. */
  get correctionMs(): number {
    return this.#correctionMs;
  }

  /** The time in the form that requests are signed with. */
  signingTime(): string {
    const now = this.#clock.now() + this.#correctionMs;
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#signingTime = signingTime(now);
    }
    return this.#signingTime;
  }

  /** Takes the `Date` header of an answer that has just come. */
  observe(date: unknown): void {
    if (typeof date !== 'string' || date === this.#lastDate) {
      return;
    }
    this.#lastDate = date;
    const correctionMs = Date.parse(date) - this.#clock.now();
    if (Math.abs(correctionMs - this.#correctionMs) > toleratedMs) {
      this.#correctionMs = correctionMs;
    }
  }
}
