import type { Logger } from '@sqskit/core';
import { callGuarded } from '@sqskit/core/callbacks';
import type { Clock, Timer } from '@sqskit/core/clock';
import type { Random } from '@sqskit/core/retry';
import { type Breaker, createBreaker } from './breaker.ts';
import type { BreakerState, ResolvedBreakerOptions } from './breaker-options.ts';
import type { Gate } from './gate.ts';

/** Leave to run a handler. */
export interface Pass {
  /** Whether the breaker goes by this run to close. */
  readonly isProbe: boolean;
}

/**
 * Lets handlers run, and messages be received, as the breaker is.
 *
 *     closed      all run
 *     open        none starts, none is received
 *     half-open   one runs at a time, and one is received if none is in hand; one of each queue, for some may be empty
 *
 * A message that waits for its turn keeps its slot and its lease: to give it back would cost a receive, and so would a
 * retry of one whose handler fails meanwhile. That one waits too and runs again, after those that have not run.
 */
export interface BreakerGate extends Gate {
  readonly state: BreakerState;
  /** How often it opened since it was made. */
  readonly openings: number;
  /** Leave to run now, while it is closed. Each pass is given back once: by `succeeded`, `ended` or `failed`. */
  pass(): Pass | undefined;
  /** Resolves when it is the message's turn; with `undefined` if the signal aborts or the gate is shut before. */
  enter(signal: AbortSignal, hasRun: boolean): Promise<Pass | undefined>;
  succeeded(pass: Pass): void;
  /** The run says nothing: neither success nor failure. */
  ended(pass: Pass): void;
  /**
   * Returns whether the message, of which so many runs in a row have failed, is to wait for its turn and run again; if not,
   * it goes the way of any that failed.
   */
  failed(pass: Pass, error: unknown, runs: number): boolean;
  /** A run goes on although it was told to end. If it is the probe, another need not wait for it, and its end says nothing. */
  givenUp(pass: Pass, hasFailed: boolean): void;
  /** Nobody waits for a turn any more. */
  shut(): void;
}

export interface BreakerGateOptions extends ResolvedBreakerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** How many there are. */
  readonly queues: number;
  /** Told when it may let more through than before. */
  readonly onOpen: () => void;
}

/** Leave to run while the breaker is closed. */
export const freePass: Pass = { isProbe: false };

/**
 * A message that failed so often while the breaker was not closed goes the way of any that failed: it may be the message,
 * after all.
 */
const maxHeldRuns = 3;

export function createBreakerGate(options: BreakerGateOptions): BreakerGate {
  return new TurnGate(options);
}

type Waiter = (pass: Pass | undefined) => void;

class TurnGate implements BreakerGate {
  readonly #options: BreakerGateOptions;
  readonly #breaker: Breaker;
  /** Those that have not run wait before those that have. */
  readonly #fresh = new Set<Waiter>();
  readonly #tried = new Set<Waiter>();
  openings = 0;
  /** The probe that runs. */
  #probe: Pass | undefined;
  /** Passes given. */
  #running = 0;
  #isShut = false;
  #reopening: Timer | undefined;

  constructor(options: BreakerGateOptions) {
    this.#options = options;
    this.#breaker = createBreaker(options, options.random);
  }

  get state(): BreakerState {
    return this.#breaker.state;
  }

  admit(wanted: number, inHand: number): number {
    if (this.state === 'closed') {
      return wanted;
    }
    if (this.state === 'open') {
      return 0;
    }
    // Those that have run since before it opened, or were given up, may go on for hours: they are not waited for.
    const mayProbe = inHand - this.#running + (this.#probe === undefined ? 0 : 1);
    return Math.min(1, this.#options.queues - mayProbe);
  }

  pass(): Pass | undefined {
    return this.state === 'closed' ? this.#give(freePass) : undefined;
  }

  enter(signal: AbortSignal, hasRun: boolean): Promise<Pass | undefined> {
    if (this.#isShut || signal.aborted) {
      return Promise.resolve(undefined);
    }
    if (this.state === 'closed') {
      return Promise.resolve(this.#give(freePass));
    }
    const waiters = hasRun ? this.#tried : this.#fresh;
    return new Promise((resolve) => {
      const onAbort = (): void => waiter(undefined);
      const waiter: Waiter = (pass) => {
        waiters.delete(waiter);
        signal.removeEventListener('abort', onAbort);
        resolve(pass && this.#give(pass));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      waiters.add(waiter);
      this.#nextProbe();
    });
  }

  succeeded(pass: Pass): void {
    this.#running--;
    this.#observe(pass, false);
  }

  ended(pass: Pass): void {
    this.#running--;
    this.#saysNothing(pass);
  }

  givenUp(pass: Pass, hasFailed: boolean): void {
    if (pass === this.#probe && hasFailed) {
      this.#observe(pass, true);
    } else {
      this.#saysNothing(pass);
    }
  }

  failed(pass: Pass, error: unknown, runs: number): boolean {
    let isFailure = true;
    callGuarded(
      () => {
        isFailure = this.#options.isFailure(error);
      },
      () => undefined,
    );
    if (!isFailure) {
      this.ended(pass);
      return false;
    }
    this.#running--;
    this.#observe(pass, true);
    return this.state !== 'closed' && !this.#isShut && runs < maxHeldRuns;
  }

  shut(): void {
    this.#isShut = true;
    this.#reopening?.cancel();
    this.#letAll(undefined);
  }

  #give(pass: Pass): Pass {
    this.#running++;
    return pass;
  }

  #saysNothing(pass: Pass): void {
    if (pass === this.#probe) {
      this.#probe = undefined;
      this.#nextProbe();
      this.#options.onOpen();
    }
  }

  #observe(pass: Pass, hasFailed: boolean): void {
    if (this.#isShut) {
      return; // nobody will ask it any more
    }
    const { clock } = this.#options;
    const { state: before, runs, failures } = this.#breaker;
    if (pass.isProbe && pass !== this.#probe) {
      return; // it was given up
    }
    if (pass.isProbe) {
      this.#probe = undefined;
      this.#breaker.probed(hasFailed);
    } else {
      this.#breaker.ended(hasFailed, clock.monotonic());
    }
    if (this.state !== before) {
      const opened = before === 'closed';
      this.#changed(before, opened ? this.#breaker.runs : runs, opened ? this.#breaker.failures : failures);
    }
    this.#nextProbe();
  }

  #changed(from: BreakerState, runs: number, failures: number): void {
    const { clock, onChange, onOpen, logger } = this.#options;
    const to = this.state;
    const openMs = to === 'open' ? this.#breaker.openMs : 0;
    if (to === 'open') {
      const halfOpen = (): void => {
        this.#breaker.halfOpen();
        this.#changed('open', runs, failures);
        this.#nextProbe();
      };
      // A consumer that waits for what its handlers need is at work: it keeps the process alive.
      this.#reopening = clock.setTimer(halfOpen, openMs, { keepAlive: true });
      this.openings++;
    } else if (to === 'closed') {
      this.#letAll(freePass);
    }
    const change = { from, to, runs, failures, openMs };
    logger.warn(`the breaker is ${to}`, change);
    callGuarded(
      () => onChange(change),
      () => logger.error("the breaker's onChange callback failed"),
    );
    onOpen();
  }

  #nextProbe(): void {
    if (this.state !== 'half-open' || this.#probe !== undefined) {
      return;
    }
    const [next] = this.#fresh.size > 0 ? this.#fresh : this.#tried;
    if (next !== undefined) {
      this.#probe = { isProbe: true };
      next(this.#probe);
    }
  }

  #letAll(pass: Pass | undefined): void {
    for (const waiter of [...this.#fresh, ...this.#tried]) {
      waiter(pass);
    }
  }
}
