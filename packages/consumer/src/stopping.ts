import { QueueError } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import type { Delivery } from './delivery.ts';
import type { Engine } from './engine.ts';
import { sumOfTotals, type Totals } from './instruments.ts';
import type { Source } from './source.ts';
import type { StopMode } from './stop-options.ts';
import { within } from './within.ts';

/** What became of the messages that were in hand when the consumer was stopped. */
export interface StopReport {
  /** Whether everything in hand was finished or given back, and every poll had ended, before the time was up. */
  readonly isClean: boolean;
  readonly tookMs: number;
  /** Done and deleted since `stop` was called. Messages, as in what follows: of a pack each counts. */
  readonly acked: number;
  /** Left, or sent again, to come again after a back-off. */
  readonly retried: number;
  /** Made visible for other consumers, or sent again for them. A pack that was not opened counts as one. */
  readonly released: number;
  readonly deadLettered: number;
  /** Ids of SQS messages that were released while their handlers still ran, which had been told to end by their signal. */
  readonly abandoned: readonly string[];
  /** Messages of which SQS did not confirm that they were settled. They come again when their visibility timeout ends. */
  readonly unsettled: number;
}

/** The end of a run, in the time that it is given. */
export interface Stopping {
  /**
   * Nothing is polled and nothing starts any more. Resolves when all in hand is finished or given back, and every poll has
   * ended; no later than after `timeoutMs`. To be called once.
   */
  stop(timeoutMs: number, mode: StopMode): Promise<StopReport>;
  /** While it stops: what runs is released too, now. */
  release(): void;
}

export interface StoppingOptions {
  readonly sources: readonly Source[];
  readonly engine: Engine;
  readonly clock: Clock;
}

/** Of the time to stop in, the most that is kept for giving back what is still in hand at its end. */
const longestReserveMs = 1_000;

/** The most that handlers are given to end when they are told to at once. */
const longestGraceMs = 500;

export function createStopping(options: StoppingOptions): Stopping {
  return new RunStopping(options);
}

class RunStopping implements Stopping {
  readonly #sources: readonly Source[];
  readonly #engine: Engine;
  readonly #clock: Clock;
  /** When what still runs is given up. */
  #giveUpAt = Number.POSITIVE_INFINITY;
  #isReleasing = false;
  /** What was released while its handlers ran. */
  readonly #abandoned: Delivery[] = [];

  constructor({ sources, engine, clock }: StoppingOptions) {
    this.#sources = sources;
    this.#engine = engine;
    this.#clock = clock;
  }

  async stop(timeoutMs: number, mode: StopMode): Promise<StopReport> {
    const startedAt = this.#clock.monotonic();
    const before = this.#totals();
    const reserveMs = Math.min(longestReserveMs, timeoutMs / 5);
    const giveUpAt = startedAt + timeoutMs - reserveMs;
    this.#giveUpAt = giveUpAt;
    this.#each((source) => source.stop());
    this.#engine.drain();
    this.#each((source) => source.hurry());
    if (mode === 'release') {
      this.release();
    }
    const isQuiet = await within(this.#clock, giveUpAt - startedAt, this.#quiet());
    if (!isQuiet) {
      await this.#giveUp(reserveMs);
    }
    this.#each((source) => source.close());
    // What was given up just now is counted before the report is made.
    await within(this.#clock, 0, this.#engine.idle());
    const totals = this.#totals();
    const unsettled = totals.unsettled - before.unsettled;
    return {
      isClean: isQuiet && unsettled === 0,
      tookMs: this.#clock.monotonic() - startedAt,
      acked: totals.acked - before.acked,
      retried: totals.retried - before.retried,
      released: totals.released - before.released,
      deadLettered: totals.deadLettered - before.deadLettered,
      abandoned: this.#abandoned.map((delivery) => delivery.message.messageId),
      unsettled,
    };
  }

  release(): void {
    if (!this.#isReleasing) {
      this.#isReleasing = true;
      void this.#release();
    }
  }

  /** The polls under way are waited for: ending one can hide the messages it would have brought (aws-sdk-java-v2#1395). */
  async #quiet(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.idle()));
    await this.#engine.idle();
  }

  /** Tells the handlers to end, and waits a little for those that do: their messages run nowhere else meanwhile. */
  async #release(): Promise<void> {
    const reason = stopped('the consumer stopped and does not wait for what runs');
    this.#each((source) => source.rush());
    this.#engine.tellToEnd(reason);
    const graceMs = Math.min(longestGraceMs, this.#giveUpAt - this.#clock.monotonic());
    await within(this.#clock, graceMs, this.#engine.idle());
    this.#abandoned.push(...this.#engine.giveUp(reason));
  }

  async #giveUp(reserveMs: number): Promise<void> {
    this.#each((source) => source.abort());
    const reason = stopped('the consumer stopped and its time was up');
    this.#each((source) => source.rush());
    this.#abandoned.push(...this.#engine.giveUp(reason));
    await within(this.#clock, reserveMs, this.#engine.idle());
  }

  #totals(): Totals {
    return sumOfTotals(this.#sources.map(({ instruments }) => instruments.totals));
  }

  #each(act: (source: Source) => void): void {
    this.#sources.forEach(act);
  }
}

function stopped(message: string): QueueError<'stopped'> {
  return new QueueError('stopped', message, { what: 'consumer' });
}
