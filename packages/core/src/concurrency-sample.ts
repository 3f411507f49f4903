/** What has happened since the first call that was begun after the last step was answered. */
export class Sample {
  readonly #startedAt: number;
  #countedAt: number;
  /** Calls in flight, times milliseconds. */
  #occupied = 0;
  accepted = 0;
  answers = 0;
  throttled = 0;
  #successes = 0;
  #roundTripsMs = 0;

  constructor(now: number) {
    this.#startedAt = now;
    this.#countedAt = now;
  }

  get durationMs(): number {
    return this.#countedAt - this.#startedAt;
  }

  /** Calls in flight, on average. */
  get occupancy(): number {
    return this.#occupied / this.durationMs;
  }

  /** On average; `undefined` without a success. */
  get roundTripMs(): number | undefined {
    return this.#successes === 0 ? undefined : this.#roundTripsMs / this.#successes;
  }

  /** Calls accepted for each millisecond, those begun before the step too. */
  get throughput(): number {
    return this.accepted / this.durationMs;
  }

  /** So many calls were in flight until now. */
  occupy(inFlight: number, now: number): void {
    this.#occupied += inFlight * (now - this.#countedAt);
    this.#countedAt = now;
  }

  /** The answer to a call begun after the step. */
  add(roundTripMs: number, throttledShare: number): void {
    this.answers++;
    this.throttled += throttledShare;
    if (throttledShare === 0) {
      this.#successes++;
      this.#roundTripsMs += roundTripMs;
    }
  }
}
