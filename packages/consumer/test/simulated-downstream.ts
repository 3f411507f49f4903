// What handlers call, as a model: a service that is at its limit with so many calls at a time.

import { type Clock, systemClock } from '@sqskit/core/clock';

export interface Downstream {
  /** Calls at a time beyond which each takes longer, in proportion. */
  readonly knee: number;
  /** How long a call takes below the knee. */
  readonly baseMs: number;
  /** Calls at a time beyond which it refuses, in 5 ms. Default: none. */
  readonly refusesBeyond?: number;
  /** How calls vary: not at all, evenly by half, or as the exponential distribution does. */
  readonly varies: 'not' | 'evenly' | 'exponentially';
}

/** What says how many may run. */
export interface SlotLaw {
  readonly limit: number;
  /** Returns what to call when it has ended. */
  begin(): (how: 'done' | 'overloaded') => void;
}

/** A linear congruential generator in [0, 1), so that every run is the same. */
function seeded(seed: number): () => number {
  let state = seed * 7_919;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

const refusedMs = 5;

const factors = {
  not: () => 1,
  evenly: (random: () => number) => 0.5 + random(),
  exponentially: (random: () => number) => -Math.log(1 - random()),
} as const;

/** A virtual world with an endless backlog, in which as many handlers run as there are slots. */
export class SlotSimulation {
  nowMs = 0;
  readonly clock: Clock = { ...systemClock, monotonic: () => this.nowMs };
  /** After each run: the slots. */
  readonly slots: number[] = [];
  done = 0;
  refused = 0;
  #inUse = 0;
  readonly #due: { readonly atMs: number; readonly end: () => void }[] = [];
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  /** Has so many runs end, done or refused, calling `service`. */
  run(law: SlotLaw, service: Downstream, runs: number): void {
    const { knee, baseMs, varies, refusesBeyond = Number.POSITIVE_INFINITY } = service;
    for (let ended = 0; ended < runs; ended++) {
      while (this.#inUse < law.limit) {
        this.#inUse++;
        const end = law.begin();
        const isRefused = this.#inUse > refusesBeyond;
        const loadMs = baseMs * Math.max(1, this.#inUse / knee);
        const tookMs = isRefused ? refusedMs : loadMs * factors[varies](this.#random);
        this.#at(this.nowMs + tookMs, () => {
          this.#inUse--;
          this.refused += isRefused ? 1 : 0;
          this.done += isRefused ? 0 : 1;
          end(isRefused ? 'overloaded' : 'done');
        });
      }
      const next = this.#due.shift();
      this.nowMs = next?.atMs ?? this.nowMs;
      next?.end();
      this.slots.push(law.limit);
    }
  }

  #at(atMs: number, end: () => void): void {
    const place = this.#due.findLastIndex((other) => other.atMs <= atMs) + 1;
    this.#due.splice(place, 0, { atMs, end });
  }
}

export function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}
