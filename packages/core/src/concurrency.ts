import type { Clock } from './clock.ts';
import { Sample } from './concurrency-sample.ts';
import type { Failure } from './queue.ts';

export interface ConcurrencyOptions {
  readonly clock: Clock;
  /** Most calls at a time, ever: never above what the transport carries. A whole number from 1. */
  readonly max: number;
  /** Where it begins, up to `max`. Default: 16. */
  readonly initial?: number | undefined;
}

/** How many calls may be under way at a time. Whoever makes them begins one only while `inFlight` is below `limit`. */
export interface ConcurrencyLimit {
  /** A whole number from 1. It may change with each call that ends. */
  readonly limit: number;
  /** Calls begun and not ended. */
  readonly inFlight: number;
  begin(): ConcurrentCall;
}

/** A call under way; it ends once, by one of the two. */
export interface ConcurrentCall {
  /** The service answered, and asked for a slower pace for this share of the entries: 0 for none, 1 for the whole call. */
  answered(throttledShare: number): void;
  /** It failed in a way that tells nothing of the pace: no connection, no answer, a refusal. */
  failed(): void;
}

/** Ends a call by what came of its entries. */
export function tellPace(call: ConcurrentCall, outcomes: readonly ({ readonly ok: true } | Failure)[]): void {
  let isAnswer = false;
  let throttled = 0;
  for (const outcome of outcomes) {
    if (outcome.ok) {
      isAnswer = true;
    } else if (outcome.error.throttled) {
      isAnswer = true;
      throttled++;
    }
  }
  if (isAnswer) {
    call.answered(throttled / outcomes.length);
  } else {
    call.failed();
  }
}

/** A limit that stays as it is. */
export function createFixedLimit(limit: number): ConcurrencyLimit {
  return new FixedLimit(limit);
}

/**
 * A limit that finds its own value from how calls go.
 *
 * - It grows while calls answer about as quickly as they ever did and the limit was reached: doubling until it first
 *   steps back, by a tenth from then on. A time when the limit was not reached proves nothing.
 * - It shrinks by the share that the service throttled. The rate that was accepted then is remembered: it grows freely
 *   up to nearly that rate, and beyond only when 200 calls have been accepted for each one that was throttled.
 * - It shrinks where calls take more than twice as long as they did, but only as an experiment: as soon as that costs
 *   throughput the calls are slow for another reason than their number (a slower service, larger batches), and it goes
 *   back to where it was and takes their present duration for normal. What a busy event loop adds to each call is found
 *   out in the same way, so it never costs more than a twentieth of the throughput.
 *
 * It takes one step for about two round trips: calls begun before the last step say nothing about it.
 */
export function createConcurrencyLimit(options: ConcurrencyOptions): ConcurrencyLimit {
  return new AdaptiveLimit(options);
}

class FixedLimit implements ConcurrencyLimit {
  readonly limit: number;
  inFlight = 0;
  readonly #call: ConcurrentCall;

  constructor(limit: number) {
    this.limit = limit;
    const end = (): void => {
      this.inFlight--;
    };
    this.#call = { answered: end, failed: end };
  }

  begin(): ConcurrentCall {
    this.inFlight++;
    return this.#call;
  }
}

const defaultInitial = 16;
/** A round trip this many times as long as the shortest is slow. */
const slowFactor = 2;
const growth = { start: 2, known: 1.5, normal: 1.1, beyondCeiling: 1.02 } as const;
const shrinkage = 0.9;
/** An experiment that keeps less of the throughput than this has failed. */
const keptThroughput = 0.95;
/** How near the rate at which the service throttled the limit goes without asking. */
const safeShare = 0.96;
/** So many calls that were accepted tell the rate. */
const tellingCalls = 20;
/**
 * Calls that must be accepted for each one of a step that was throttled, before the service is tried again. As many again
 * are throttled while the step takes effect, so this is half a percent.
 */
const callsPerThrottle = 500;
/** But no more than this: a service that was overrun at the start is not given up for long. */
const mostOwed = 5_000;
/** After so long the service may have become another. */
const ceilingAgeMs = 60_000;
/** The limit was reached if so much of it was used on average. */
const reachedShare = 0.8;
// Successive multiples of it, modulo 1, are spread evenly.
const goldenRatio = 0.618_033_988_749_895;

class AdaptiveLimit implements ConcurrencyLimit {
  readonly #clock: Clock;
  readonly #max: number;
  inFlight = 0;
  /** Not a whole number: `limit` is the one below and the one above in turns, so that its mean is this. */
  #exact: number;
  #dither = 0;
  /** Counts the steps: a call belongs to the one after which it began. */
  #step = 0;
  #sample: Sample | undefined;
  #isStarting = true;

  /** The shortest round trip, or what was taken for normal since. */
  #normalMs = Number.POSITIVE_INFINITY;
  /** What a limit that is being made smaller was, and brought. */
  #experiment: { readonly limit: number; readonly throughput: number } | undefined;
  /** Calls per millisecond that were accepted when the service throttled. */
  #ceiling = Number.POSITIVE_INFINITY;
  #ceilingEndsAt = 0;
  /** Calls to be accepted before the ceiling is tried. */
  #owed = 0;

  constructor({ clock, max, initial = defaultInitial }: ConcurrencyOptions) {
    this.#clock = clock;
    this.#max = max;
    this.#exact = Math.min(initial, max);
  }

  get limit(): number {
    return Math.floor(this.#exact + this.#dither);
  }

  begin(): ConcurrentCall {
    const step = this.#step;
    const startedAt = this.#clock.monotonic();
    this.#sample?.occupy(this.inFlight, startedAt);
    this.inFlight++;
    return {
      answered: (throttledShare) => this.#answered(step, startedAt, throttledShare),
      failed: () => {
        this.#ended(this.#clock.monotonic());
      },
    };
  }

  #ended(now: number): void {
    this.#sample?.occupy(this.inFlight, now);
    this.inFlight--;
    this.#dither = (this.#dither + goldenRatio) % 1;
  }

  #answered(step: number, startedAt: number, throttledShare: number): void {
    const now = this.#clock.monotonic();
    this.#ended(now);
    this.#owed = Math.max(0, this.#owed - 1 + throttledShare);
    if (this.#sample !== undefined) {
      this.#sample.accepted += 1 - throttledShare; // not of the first answer, which begins the sample
    }
    if (step !== this.#step) {
      return;
    }
    this.#sample ??= new Sample(now);
    const sample = this.#sample;
    sample.add(now - startedAt, throttledShare);
    if (this.#isEnough(sample)) {
      this.#exact = Math.min(this.#max, Math.max(1, this.#next(sample, now)));
      this.#sample = undefined;
      this.#step++;
    }
  }

  /** Whether it has lasted for a round trip, with as many calls, or with enough of them to tell the rate of a throttle. */
  #isEnough({ answers, throttled, accepted, durationMs, roundTripMs = 0 }: Sample): boolean {
    const isTelling =
      throttled === 0 || accepted >= tellingCalls || answers >= tellingCalls + 2 * this.#exact;
    return isTelling && answers > this.#exact && durationMs > 0 && durationMs >= roundTripMs;
  }

  /** The next limit, before its bounds. */
  #next(sample: Sample, now: number): number {
    const { throttled, answers, roundTripMs, throughput } = sample;
    if (throttled > 0) {
      this.#isStarting = false;
      this.#experiment = undefined;
      this.#ceiling = throughput;
      this.#ceilingEndsAt = sample.accepted < tellingCalls ? 0 : now + ceilingAgeMs;
      this.#owed = Math.max(this.#owed, Math.min(throttled * callsPerThrottle, mostOwed));
      return this.#exact * Math.max(0.5, (1 - throttled / answers) * safeShare);
    }
    if (roundTripMs === undefined || sample.occupancy < reachedShare * this.#exact) {
      return this.#exact;
    }
    this.#normalMs = Math.min(this.#normalMs, roundTripMs);
    if (roundTripMs <= slowFactor * this.#normalMs) {
      this.#experiment = undefined;
      return this.#grown(roundTripMs, now);
    }
    this.#isStarting = false;
    return this.#experimented(roundTripMs, throughput);
  }

  #grown(roundTripMs: number, now: number): number {
    const exact = this.#exact;
    if (now >= this.#ceilingEndsAt) {
      return this.#isStarting ? exact * growth.start : Math.max(exact + 1, exact * growth.normal);
    }
    const safe = this.#ceiling * roundTripMs * safeShare;
    if (exact < safe) {
      return Math.min(safe, exact * growth.known);
    }
    return this.#owed > 0 ? exact : exact * growth.beyondCeiling;
  }

  #experimented(roundTripMs: number, throughput: number): number {
    this.#experiment ??= { limit: this.#exact, throughput };
    const before = this.#experiment;
    if (throughput < keptThroughput * before.throughput || this.#exact === 1) {
      this.#experiment = undefined;
      this.#normalMs = roundTripMs;
      return before.limit;
    }
    return this.#exact * shrinkage;
  }
}
