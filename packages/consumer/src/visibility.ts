import { sqsLimits } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { invalidOption, type OptionRules, type Resolved, resolveOptions } from '@sqskit/core/options';
import type { Lease } from './lease.ts';
import { createRecentTimes, type RecentTimes } from './recent-times.ts';

export interface AdaptiveVisibilityOptions {
  /** The shortest visibility timeout that is asked for. Default: 10,000 ms. */
  readonly minMs?: number | undefined;
  /** The longest. Default: `visibilityTimeoutMs`, which is asked for until enough is known. */
  readonly maxMs?: number | undefined;
  /**
   * How many times the 99th percentile of the time in hand. Default: 3. Leases are renewed at half time, so with 2 one
   * message in a hundred is renewed at all, and 3 leaves something to spare.
   */
  readonly factor?: number | undefined;
}

type Unset = 'maxMs';

export const adaptiveVisibilityRules: OptionRules<AdaptiveVisibilityOptions, Unset> = {
  minMs: {
    kind: 'number',
    default: 10_000,
    min: 1_000,
    max: sqsLimits.maxVisibilityTimeoutMs,
    unit: 'ms',
    doc: 'The shortest visibility timeout that is asked for.',
  },
  maxMs: {
    kind: 'number',
    min: 1_000,
    max: sqsLimits.maxVisibilityTimeoutMs,
    unit: 'ms',
    shown: '`visibilityTimeoutMs`',
    doc: 'The longest: what a crash may hide a message for. `visibilityTimeoutMs` is asked for until twenty messages are done.',
  },
  factor: {
    kind: 'number',
    default: 3,
    min: 1,
    max: 100,
    fractional: true,
    doc: 'How many times the 99th percentile of the time in hand. Leases are renewed at half time: from 2 on hardly any message is.',
  },
};

/** How long the leases are that SQS is asked for. */
export interface Visibility {
  /** The shortest that there will be. */
  readonly shortestMs: number;
  /** For what is received now. */
  receiveMs(): number;
  /** For a lease that is renewed now. */
  renewalMs(lease: Lease, now: number): number;
  /** Told of a message that has run and is settled now. */
  settled(lease: Lease): void;
}

export interface VisibilityOptions {
  readonly visibilityTimeoutMs: number;
  readonly adaptiveVisibility: AdaptiveVisibilityOptions | undefined;
  readonly clock: Clock;
}

/** Throws `option-invalid`. */
export function createVisibility(options: VisibilityOptions): Visibility {
  const { visibilityTimeoutMs, adaptiveVisibility, clock } = options;
  if (adaptiveVisibility === undefined) {
    const always = (): number => visibilityTimeoutMs;
    return {
      shortestMs: visibilityTimeoutMs,
      receiveMs: always,
      renewalMs: always,
      settled: () => undefined,
    };
  }
  const settings = resolveOptions('adaptiveVisibility', adaptiveVisibilityRules, adaptiveVisibility);
  const { minMs, maxMs = Math.max(minMs, visibilityTimeoutMs) } = settings;
  if (maxMs < minMs) {
    throw invalidOption('adaptiveVisibility', 'maxMs', maxMs, `at least \`minMs\`, which is ${minMs}`);
  }
  return new FollowingVisibility({ ...settings, maxMs }, visibilityTimeoutMs, clock);
}

/** Fewer messages than this say little about the slowest in a hundred. */
const enoughMessages = 20;

const secondMs = 1_000;

/** Follows how long messages were in hand of late: waiting, running and settling, for that is what a lease has to cover. */
class FollowingVisibility implements Visibility {
  readonly shortestMs: number;
  readonly #settings: Resolved<AdaptiveVisibilityOptions>;
  readonly #firstMs: number;
  readonly #clock: Clock;
  readonly #inHand: RecentTimes;

  constructor(settings: Resolved<AdaptiveVisibilityOptions>, firstMs: number, clock: Clock) {
    this.#settings = settings;
    this.#firstMs = firstMs;
    this.#clock = clock;
    this.#inHand = createRecentTimes(clock);
    this.shortestMs = Math.min(settings.minMs, firstMs);
  }

  receiveMs(): number {
    const slowestMs = this.#inHand.count < enoughMessages ? undefined : this.#inHand.quantileMs(0.99);
    return slowestMs === undefined ? this.#firstMs : this.#within(slowestMs * this.#settings.factor);
  }

  /**
   * Never shorter than the lease was, and at least as long as the message has been in hand already: so one that takes
   * far longer than the others is renewed a few times, and not again and again.
   */
  renewalMs({ receivedAt, takenAt, expiresAt }: Lease, now: number): number {
    return Math.max(expiresAt - takenAt, this.#within(Math.max(this.receiveMs(), now - receivedAt)));
  }

  settled({ receivedAt }: Lease): void {
    this.#inHand.record(this.#clock.monotonic() - receivedAt);
  }

  /** SQS counts in whole seconds. */
  #within(ms: number): number {
    const { minMs, maxMs } = this.#settings;
    return Math.min(maxMs, Math.max(minMs, Math.ceil(ms / secondMs) * secondMs));
  }
}
