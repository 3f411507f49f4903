import type { Clock } from '@sqskit/core/clock';

export interface AdaptiveSlotsOptions {
  readonly clock: Clock;
  /** Fewest and most slots, ever. Whole numbers from 1. */
  readonly min: number;
  readonly max: number;
  /** Where it begins. */
  readonly initial: number;
  /** More delay of the event loop than this is too much. */
  readonly maxLoopDelayMs: number;
}

/** How many handlers may run at a time, found out from how they fare. No timers: it is told. */
export interface AdaptiveSlots {
  /** A whole number between the bounds. */
  readonly limit: number;
  /** The bound above from now on. */
  setMax(max: number): void;
  /** A handler starts. */
  begin(): SlotRun;
  /** It has ended. `overloaded`: what it called asked for less. `other`: how long it took says nothing. */
  end(run: SlotRun, how: 'done' | 'overloaded' | 'other'): void;
  /** The event loop was late by so much. To be told at regular intervals. */
  delayed(ms: number): void;
}

/** A handler that runs. */
export interface SlotRun {
  readonly startedAt: number;
  /** The step after which it began: it says nothing about a later one. */
  readonly step: number;
}

/**
 * Finds the number of slots beyond which handlers only take longer, by comparing how long they took before and after each
 * step that it makes.
 *
 * - By Little's law the slots are the throughput times the duration. Where a step up leaves the duration as it was, the
 *   throughput has grown with the slots, and it goes on; where the duration has grown as the slots have, nothing is gained,
 *   and it turns back. It decides by which of the two is nearer. Both durations are of late, so it does not matter that what
 *   handlers call becomes slower or quicker in time.
 * - A step is judged when the mean durations are known well enough to tell: soon where they are alike, after some hundred
 *   runs where they vary. Steps become smaller each time it turns, and larger when it goes on.
 * - Where what they call says that it is overloaded, it shrinks at once by the share of runs that were told so, and for
 *   sixty steps does not go there again.
 * - A time in which the slots were not used says nothing.
 * - While the event loop is late, slots are taken away a fifth at a time, and given back a tenth at a time.
 *
 * `@sqskit/core/concurrency` goes by the shortest round trip there ever was, which says little where durations vary as
 * those of handlers do: it then ends up at its ceiling (`bench/slots.ts` shows both).
 */
export function createAdaptiveSlots(options: AdaptiveSlotsOptions): AdaptiveSlots {
  return new ClimbingSlots(options);
}

/** The logarithms of steps. */
const steps = { first: Math.log(2), largest: Math.log(1.5), smallest: Math.log(1.2) } as const;
/** The elasticity of the duration beyond which more slots are of no use: 0 where they add throughput, 1 where they add none. */
const tooElastic = 0.5;
/** A mean is known well enough when its standard error is this much of the step. */
const tellingShare = 1 / 4;
/** But no step waits for more runs than this. */
const mostRuns = 400;
const fewestRuns = 10;
/** The slots were used if so much of them was, on average. */
const usedShare = 0.8;
/** So many runs that were told of overload are no accident. */
const tellingOverloads = 3;
const tellingOverloadShare = 0.05;
/** How near to where it was overloaded it goes, and for how many steps it remembers that. */
const safeShare = 0.85;
const stepsRemembered = 60;
/** Steps that it stays at a bound before it looks whether it should. */
const stepsAtBound = 8;
const delay = { window: 10, shrink: 0.8, grow: 1.1 } as const;

class ClimbingSlots implements AdaptiveSlots {
  readonly #clock: Clock;
  readonly #min: number;
  readonly #maxLoopDelayMs: number;
  #max: number;
  /** What it would be if the event loop were never late. */
  #slots: number;
  #inUse = 0;
  #step = 0;
  /** Of this step: runs that ended before the window, what came after, and those that were told of overload. */
  #earlier = 0;
  #window: Window | undefined;
  #overloads = 0;
  /** What the last step but one came to. */
  #before: { readonly slots: number; readonly durationMs: number } | undefined;
  #stepSize: number = steps.first;
  #direction = 1;
  #stayed = 0;
  #overloadedAt: { readonly slots: number; readonly step: number } | undefined;
  /** What the event loop allows. */
  #allowed = Number.POSITIVE_INFINITY;
  #delays: number[] = [];

  constructor({ clock, min, max, initial, maxLoopDelayMs }: AdaptiveSlotsOptions) {
    this.#clock = clock;
    this.#min = min;
    this.#max = max;
    this.#maxLoopDelayMs = maxLoopDelayMs;
    this.#slots = this.#bounded(initial);
  }

  get limit(): number {
    return Math.min(this.#slots, Math.floor(this.#allowed));
  }

  setMax(max: number): void {
    this.#max = max;
    this.#slots = this.#bounded(this.#slots);
  }

  begin(): SlotRun {
    const startedAt = this.#clock.monotonic();
    this.#window?.use(this.#inUse, startedAt);
    this.#inUse++;
    return { startedAt, step: this.#step };
  }

  end(run: SlotRun, how: 'done' | 'overloaded' | 'other'): void {
    const now = this.#clock.monotonic();
    this.#window?.use(this.#inUse, now);
    this.#inUse--;
    if (how === 'other') {
      return;
    }
    if (how === 'overloaded') {
      this.#overloads += run.step === this.#step ? 1 : 0;
    } else if (this.#window === undefined) {
      // As many as there are slots: what ends later has begun, but for a few, after the step.
      this.#earlier++;
      if (this.#earlier >= this.#slots) {
        this.#window = new Window(now);
      }
    } else {
      this.#window.add(now - run.startedAt);
    }
    if (this.#isOverloaded) {
      this.#shrink();
    } else if (this.#window !== undefined && this.#tells(this.#window)) {
      this.#judge(this.#window);
    } else {
      return;
    }
    this.#window = undefined;
    this.#earlier = 0;
    this.#overloads = 0;
    this.#step++;
  }

  delayed(ms: number): void {
    this.#delays.push(ms);
    if (this.#delays.length < delay.window) {
      return;
    }
    const meanMs = this.#delays.reduce((sum, each) => sum + each, 0) / this.#delays.length;
    this.#delays = [];
    if (meanMs > this.#maxLoopDelayMs) {
      this.#allowed = Math.max(this.#min, Math.min(this.#allowed, this.limit) * delay.shrink);
    } else if (meanMs < this.#maxLoopDelayMs / 2 && this.#allowed < this.#max) {
      this.#allowed = this.#allowed * delay.grow + 1;
    }
  }

  #bounded(slots: number): number {
    return Math.min(this.#max, Math.max(Math.min(this.#min, this.#max), Math.round(slots)));
  }

  get #answers(): number {
    return this.#earlier + this.#overloads + (this.#window?.runs ?? 0);
  }

  get #isOverloaded(): boolean {
    return this.#overloads >= Math.max(tellingOverloads, this.#answers * tellingOverloadShare);
  }

  #shrink(): void {
    const slots = this.#slots;
    this.#overloadedAt = { slots, step: this.#step };
    this.#turn(-1);
    this.#before = undefined;
    const left = Math.max(0.5, (1 - this.#overloads / this.#answers) * safeShare);
    this.#slots = this.#bounded(Math.min(slots - 1, slots * left));
  }

  #tells({ runs, errorShare }: Window): boolean {
    return (
      runs >= Math.max(fewestRuns, this.#slots) &&
      (runs >= mostRuns + this.#slots || errorShare <= this.#stepSize * tellingShare)
    );
  }

  #judge({ durationMs, inUse }: Window): void {
    const slots = this.#slots;
    if (inUse < usedShare * slots || this.#allowed < slots) {
      return; // and what was known before still holds
    }
    const before = this.#before;
    this.#before = { slots, durationMs };
    if (before !== undefined && before.slots !== slots) {
      const elasticity = Math.log(durationMs / before.durationMs) / Math.log(slots / before.slots);
      this.#turn(elasticity < tooElastic ? 1 : -1);
    }
    this.#move(slots);
  }

  #turn(direction: 1 | -1): void {
    if (direction !== this.#direction) {
      this.#stepSize = Math.max(steps.smallest, Math.min(steps.largest, this.#stepSize / 1.5));
    } else if (this.#stepSize < steps.largest) {
      this.#stepSize = Math.min(steps.largest, this.#stepSize * 1.2);
    }
    this.#direction = direction;
  }

  #move(slots: number): void {
    let next = this.#next(slots, this.#direction);
    if (next === slots && ++this.#stayed >= stepsAtBound) {
      next = this.#next(slots, -this.#direction);
    }
    if (next !== slots) {
      this.#stayed = 0;
    }
    this.#slots = next;
  }

  /** Where it was overloaded of late it does not go again at once. */
  get #safe(): number {
    const overloaded = this.#overloadedAt;
    return overloaded === undefined || this.#step - overloaded.step > stepsRemembered
      ? Number.POSITIVE_INFINITY
      : overloaded.slots * safeShare;
  }

  #next(slots: number, direction: number): number {
    const factor = Math.exp(this.#stepSize);
    if (direction < 0) {
      return this.#bounded(Math.min(slots - 1, slots / factor));
    }
    const grown = Math.max(slots + 1, slots * factor);
    return this.#bounded(Math.max(slots, Math.min(grown, this.#safe)));
  }
}

const alike = 0.2;
const shortestMs = 0.01;

/** Runs that ended since some moment, and the slots that were in use. */
class Window {
  readonly #startedAt: number;
  #countedAt: number;
  /** Slots in use, times milliseconds. */
  #used = 0;
  runs = 0;
  #sum = 0;
  #squares = 0;

  constructor(now: number) {
    this.#startedAt = now;
    this.#countedAt = now;
  }

  /** So many slots were in use until now. */
  use(inUse: number, now: number): void {
    this.#used += inUse * (now - this.#countedAt);
    this.#countedAt = now;
  }

  add(durationMs: number): void {
    this.runs++;
    this.#sum += durationMs;
    this.#squares += durationMs * durationMs;
  }

  /** Slots in use, on average. */
  get inUse(): number {
    const tookMs = this.#countedAt - this.#startedAt;
    return tookMs === 0 ? Number.POSITIVE_INFINITY : this.#used / tookMs;
  }

  /**
   * On average. Where runs vary, by Little's law, from how many end while how many slots are in use: of those that ended
   * already too many are short. Where they are alike they end in step, and a count of them may be off by as many as there are
   * slots. Above 0, so that durations can be compared.
   */
  get durationMs(): number {
    return Math.max(this.#variation < alike ? this.#sum / this.runs : this.#used / this.runs, shortestMs);
  }

  /** About the standard error of the mean duration, as a share of it. */
  get errorShare(): number {
    return this.#variation / Math.sqrt(this.runs);
  }

  /** The standard deviation of the durations, as a share of their mean. */
  get #variation(): number {
    const mean = Math.max(this.#sum / this.runs, shortestMs);
    return Math.sqrt(Math.max(0, this.#squares / this.runs - mean * mean)) / mean;
  }
}
