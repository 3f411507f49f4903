import type { Clock } from '@sqskit/core/clock';

/**
 * How long something took of late: a distribution in logarithmic buckets, in fixed memory. It is kept in two
 * generations, of which the older is forgotten when the younger is full, so what it says follows what happens.
 */
export interface RecentTimes {
  /** Adds a time, from 0. */
  record(ms: number): void;
  /** How many times are remembered. */
  readonly count: number;
  /** `undefined` where none is remembered. */
  readonly meanMs: number | undefined;
  /**
   * The shortest time that so large a share of those remembered (from 0 to 1) does not exceed. Rounded up, to the end of
   * its bucket: by less than 5 %, or to 1 ms. `undefined` where none is remembered.
   */
  quantileMs(share: number): number | undefined;
}

const growth = 1.05;
const perLog = 1 / Math.log(growth);
/** 1 ms to 12 hours, SQS's longest lease; what is longer counts as that. */
const longestMs = 43_200_000;
const buckets = Math.ceil(Math.log(longestMs) * perLog) + 1;

/** A generation is full when it has lasted so long, and holds enough for its hundredth to mean something. */
const generationMs = 60_000;
const generationSize = 100;

export function createRecentTimes(clock: Clock): RecentTimes {
  return new TwoGenerations(clock);
}

interface Generation {
  readonly buckets: Uint32Array;
  count: number;
  sumMs: number;
}

class TwoGenerations implements RecentTimes {
  readonly #clock: Clock;
  #younger = createGeneration();
  #older = createGeneration();
  #startedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  get count(): number {
    return this.#younger.count + this.#older.count;
  }

  get meanMs(): number | undefined {
    return this.count === 0 ? undefined : (this.#younger.sumMs + this.#older.sumMs) / this.count;
  }

  record(ms: number): void {
    if (this.#younger.count >= generationSize) {
      this.#turnIfOld();
    }
    const { buckets: counts } = this.#younger;
    const bucket = bucketOf(ms);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
    this.#younger.count++;
    this.#younger.sumMs += ms;
  }

  quantileMs(share: number): number | undefined {
    const wanted = Math.max(1, Math.ceil(share * this.count));
    let reached = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      reached += (this.#younger.buckets[bucket] ?? 0) + (this.#older.buckets[bucket] ?? 0);
      if (reached >= wanted) {
        return growth ** bucket;
      }
    }
    return undefined;
  }

  #turnIfOld(): void {
    const now = this.#clock.monotonic();
    if (now - this.#startedAt < generationMs) {
      return;
    }
    const forgotten = this.#older;
    this.#older = this.#younger;
    this.#younger = forgotten;
    forgotten.buckets.fill(0);
    forgotten.count = 0;
    forgotten.sumMs = 0;
    this.#startedAt = now;
  }
}

function createGeneration(): Generation {
  return { buckets: new Uint32Array(buckets), count: 0, sumMs: 0 };
}

/** The bucket that ends at `growth ** bucket` holds what is longer than the one before it, up to its end. */
function bucketOf(ms: number): number {
  return ms <= 1 ? 0 : Math.min(buckets - 1, Math.ceil(Math.log(ms) * perLog));
}
