import type { Random } from '@sqskit/core/retry';
import type { BreakerState, ResolvedBreakerOptions } from './breaker-options.ts';

/**
 * Decides when to stop and when to try again. No timers and no calls: a pure state machine.
 *
 *     closed ── too many of the last runs failed ──► open ── openMs ──► half-open
 *       ▲                                             ▲                  │    │
 *       └───────── so many probes succeeded ──────────┼──────────────────┘    │
 *                                                     └── a probe failed ─────┘   openMs is doubled
 */
export interface Breaker {
  readonly state: BreakerState;
  /** How long the present opening lasts; 0 before the first. */
  readonly openMs: number;
  /** Runs that are judged by, and how many of them failed. */
  readonly runs: number;
  readonly failures: number;
  /** A run that began while it was closed has ended; one that ends later is late, and says nothing. */
  ended(hasFailed: boolean, now: number): void;
  /** The opening is over. */
  halfOpen(): void;
  /** A run that began while it was half-open has ended. */
  probed(hasFailed: boolean): void;
}

export type BreakerJudgement = Pick<
  ResolvedBreakerOptions,
  'failureRate' | 'windowRuns' | 'windowMs' | 'minRuns' | 'openMs' | 'maxOpenMs' | 'probes'
>;

export function createBreaker(options: BreakerJudgement, random: Random): Breaker {
  return new RateBreaker(options, random);
}

class RateBreaker implements Breaker {
  readonly #options: BreakerJudgement;
  readonly #random: Random;
  state: BreakerState = 'closed';
  openMs = 0;
  /** The last runs, on a ring: when each ended, and whether it failed. */
  readonly #endedAt: Float64Array;
  readonly #failed: Uint8Array;
  #oldest = 0;
  runs = 0;
  failures = 0;
  /** Openings since it was last closed. */
  #openings = 0;
  /** Probes in a row that succeeded. */
  #successes = 0;

  constructor(options: BreakerJudgement, random: Random) {
    this.#options = options;
    this.#random = random;
    this.#endedAt = new Float64Array(options.windowRuns);
    this.#failed = new Uint8Array(options.windowRuns);
  }

  ended(hasFailed: boolean, now: number): void {
    if (this.state !== 'closed') {
      return;
    }
    const { windowRuns, windowMs, minRuns, failureRate } = this.#options;
    while (this.runs === windowRuns || (this.runs > 0 && this.#age(now) > windowMs)) {
      this.#forgetOldest();
    }
    const place = (this.#oldest + this.runs) % windowRuns;
    this.#endedAt[place] = now;
    this.#failed[place] = hasFailed ? 1 : 0;
    this.runs++;
    this.failures += hasFailed ? 1 : 0;
    if (hasFailed && this.runs >= minRuns && this.failures >= failureRate * this.runs) {
      this.#open();
    }
  }

  halfOpen(): void {
    if (this.state === 'open') {
      this.state = 'half-open';
      this.#successes = 0;
    }
  }

  probed(hasFailed: boolean): void {
    if (this.state !== 'half-open') {
      return;
    }
    if (hasFailed) {
      this.#open();
    } else if (++this.#successes >= this.#options.probes) {
      this.state = 'closed';
      this.#openings = 0;
      this.runs = 0;
      this.failures = 0;
    }
  }

  #open(): void {
    const { openMs, maxOpenMs } = this.#options;
    const boundMs = Math.min(maxOpenMs, openMs * 2 ** this.#openings);
    this.#openings++;
    this.state = 'open';
    this.openMs = (boundMs * (1 + this.#random())) / 2;
  }

  #age(now: number): number {
    return now - (this.#endedAt[this.#oldest] ?? now);
  }

  #forgetOldest(): void {
    this.failures -= this.#failed[this.#oldest] ?? 0;
    this.#oldest = (this.#oldest + 1) % this.#options.windowRuns;
    this.runs--;
  }
}
