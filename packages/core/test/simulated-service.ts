import type { Clock } from '../src/clock.ts';
import { systemClock } from '../src/clock.ts';
import type { ConcurrencyLimit } from '../src/concurrency.ts';

/** What a simulated service does with a call that reaches it at this moment. */
export interface Answer {
  readonly atMs: number;
  /** Of its entries. Default: 0. */
  readonly throttledShare?: number;
}
export type Service = (nowMs: number) => Answer;

/** A linear congruential generator in [0, 1), so that every run is the same. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

/** Answers after `latencyMs`, which may change with time, whatever the load. */
export function latencyBound(latencyMs: (nowMs: number) => number): Service {
  return (nowMs) => ({ atMs: nowMs + latencyMs(nowMs) });
}

/** So many workers, each busy for `serviceMs` with a call; calls wait for one in order. `latencyMs` comes on top. */
export function workers(count: number, serviceMs: (nowMs: number) => number, latencyMs = 0): Service {
  const freeAt = Array.from({ length: count }, () => 0);
  return (nowMs) => {
    const first = freeAt.indexOf(Math.min(...freeAt));
    const doneAt = Math.max(nowMs, freeAt[first] ?? 0) + serviceMs(nowMs);
    freeAt[first] = doneAt;
    return { atMs: doneAt + latencyMs };
  };
}

/** Accepts so many calls a second, and as many at once as `burst`; throttles the rest as quickly as it answers. */
export function tokenBucket(perSecond: number, burst: number, latencyMs: (nowMs: number) => number): Service {
  let tokens = burst;
  let filledAt = 0;
  return (nowMs) => {
    tokens = Math.min(burst, tokens + ((nowMs - filledAt) * perSecond) / 1_000);
    filledAt = nowMs;
    const isAccepted = tokens >= 1;
    tokens -= isAccepted ? 1 : 0;
    return { atMs: nowMs + latencyMs(nowMs), throttledShare: isAccepted ? 0 : 1 };
  };
}

export interface Ended {
  readonly atMs: number;
  readonly throttledShare: number;
}

/** A virtual world in which calls are made to `service` as fast as the limit allows. */
export class Simulation {
  nowMs = 0;
  readonly ended: Ended[] = [];
  readonly limits: { readonly atMs: number; readonly limit: number }[] = [];
  readonly clock: Clock = { ...systemClock, monotonic: () => this.nowMs };

  run(
    limit: ConcurrencyLimit,
    service: Service,
    untilMs: number,
    maxInFlight = Number.POSITIVE_INFINITY,
  ): void {
    const due: { readonly atMs: number; readonly end: () => void }[] = [];
    for (;;) {
      while (limit.inFlight < Math.min(limit.limit, maxInFlight)) {
        const call = limit.begin();
        const { atMs, throttledShare = 0 } = service(this.nowMs);
        const place = due.findLastIndex((other) => other.atMs <= atMs) + 1;
        due.splice(place, 0, {
          atMs,
          end: () => {
            this.ended.push({ atMs, throttledShare });
            call.answered(throttledShare);
          },
        });
      }
      const next = due.shift();
      if (next === undefined || next.atMs >= untilMs) {
        this.nowMs = untilMs;
        return;
      }
      this.nowMs = next.atMs;
      next.end();
      this.limits.push({ atMs: this.nowMs, limit: limit.limit });
    }
  }

  /** Calls accepted in this time. */
  accepted(fromMs: number, toMs: number): number {
    return this.#between(fromMs, toMs).reduce((sum, { throttledShare }) => sum + 1 - throttledShare, 0);
  }

  throttledShare(fromMs: number, toMs: number): number {
    const ended = this.#between(fromMs, toMs);
    return ended.reduce((sum, { throttledShare }) => sum + throttledShare, 0) / ended.length;
  }

  #between(fromMs: number, toMs: number): readonly Ended[] {
    return this.ended.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  }
}
