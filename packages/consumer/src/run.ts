import { type Handler, QueueError, sqsLimits } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import {
  createSlotGovernor,
  type ResolvedAdaptiveConcurrency,
  type SlotGovernor,
} from './adaptive-concurrency.ts';
import { type Admission, createAdmission } from './admission.ts';
import { type BreakerGate, createBreakerGate } from './breaker-gate.ts';
import type { BreakerState, ResolvedBreakerOptions } from './breaker-options.ts';
import type { Delivery } from './delivery.ts';
import { createEngine, type Engine } from './engine.ts';
import { allOf, type Gate } from './gate.ts';
import type { QueueHealth } from './health.ts';
import { sumOfTotals, type Totals } from './instruments.ts';
import { fittingMessages, type Memory, type MemoryBounds } from './memory.ts';
import type { RunSettings, StopMode } from './options.ts';
import { nextPoll, type Room } from './poll-share.ts';
import type { ReportError } from './report.ts';
import { createSource, type Source, type SourceQueue } from './source.ts';
import { within } from './within.ts';
import { createWork, type Work } from './work.ts';

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

/** One stretch of consuming, from a start to its stop. */
export interface Run {
  readonly running: number;
  readonly waiting: number;
  readonly settling: number;
  /** Of messages in hand. */
  readonly bytes: number;
  readonly polls: number;
  /** Slot time that an SQS message takes, of late; `undefined` before the first is done. */
  readonly slotMsPerMessage: number | undefined;
  /** Handlers that go on although they were told to end. */
  readonly zombies: number;
  /** Since the oldest of the SQS messages that run was started. */
  readonly oldestRunningMs: number | undefined;
  /** Of each of its queues. */
  readonly health: readonly QueueHealth[];
  /** How many handlers may run now. */
  readonly slots: number;
  /** Undefined where there is no breaker. */
  readonly breaker: BreakerState | undefined;
  /** By queue, in the order in which they were given. */
  readonly sources: readonly Pick<Source, 'doing'>[];
  /** Polls if there is room now. To be called when a gate may have opened. */
  update(): void;
  /** Most handlers at a time from now on. */
  setMaxConcurrency(max: number): void;
  /** To be called once. */
  stop(timeoutMs: number, mode: StopMode): Promise<StopReport>;
  /** While it stops: what runs is released too, now. */
  release(): void;
}

export interface RunOptions<T> {
  readonly queues: readonly SourceQueue[];
  readonly handler: Handler<T>;
  readonly settings: RunSettings<T>;
  readonly breaker?: ResolvedBreakerOptions | undefined;
  readonly adaptiveConcurrency?: ResolvedAdaptiveConcurrency | undefined;
  readonly report: ReportError;
  readonly gates: readonly Gate[];
  /** Whether the handler itself keeps the order of the messages of a group, and is given several at a time. */
  readonly keepsOrder: boolean;
}

/**
 * A receive may bring ten messages of one group, of which on a FIFO queue one can start, and elsewhere as many as the group
 * may have slots. Those behind them take up no room, or a few groups would keep the slots from all others; there is an end
 * to it all the same.
 */
const maxBlockedPerPlace = sqsLimits.maxBatchEntries - 1;

export function createRun<T>(options: RunOptions<T>): Run {
  return new PollRun(options);
}

class PollRun<T> implements Run {
  readonly #governor: SlotGovernor | undefined;
  readonly #slots: { readonly max: number; setMax(max: number): void };
  readonly #prefetch: number;
  readonly #bounds: MemoryBounds;
  readonly #memory: Memory = { bytes: 0 };
  readonly #clock: Clock;
  readonly #admission: Admission | undefined;
  readonly #breaker: BreakerGate | undefined;
  readonly #gate: Gate;
  readonly #work: Work;
  readonly #engine: Engine;
  readonly sources: readonly Source[];
  /** When what still runs while it stops is given up. */
  #giveUpAt = Number.POSITIVE_INFINITY;
  #isReleasing = false;
  /** What was released while its handlers ran. */
  readonly #abandoned: Delivery[] = [];

  constructor({
    queues,
    handler,
    settings,
    breaker,
    adaptiveConcurrency,
    report,
    gates,
    keepsOrder,
  }: RunOptions<T>) {
    const {
      maxConcurrency,
      maxConcurrencyPerGroup = maxConcurrency,
      prefetch,
      admit,
      clock,
      random,
      logger,
    } = settings;
    const update = (): void => this.update();
    this.#governor =
      adaptiveConcurrency &&
      createSlotGovernor({
        ...adaptiveConcurrency,
        maxConcurrency,
        clock,
        onMore: () => this.#engine.fill(),
      });
    this.#slots = this.#governor ?? fixedSlots(maxConcurrency);
    this.#prefetch = prefetch;
    this.#bounds = settings;
    this.#clock = clock;
    this.#breaker =
      breaker &&
      createBreakerGate({
        ...breaker,
        clock,
        random,
        logger,
        queues: queues.length,
        onOpen: update,
      });
    this.#admission = admit && createAdmission({ admit, clock, report, onOpen: update });
    // The application is asked last, and only where the others let something through.
    this.#gate = allOf([...gates, this.#breaker, this.#admission].filter((gate) => gate !== undefined));
    this.#work = createWork({
      ...settings,
      breaker: this.#breaker,
      governor: this.#governor,
      handler,
      report,
    });
    this.#engine = createEngine({
      slots: this.#slots,
      slotsPerGroup: maxConcurrencyPerGroup,
      clock,
      work: this.#work,
      onRoom: () => this.update(),
    });
    this.sources = queues.map((queue, position) =>
      createSource({
        ...queue,
        settings,
        engine: this.#engine,
        report,
        keepsOrder,
        memory: this.#memory,
        position,
        admit: (wanted) => this.#gate.admit(wanted, this.#inHand),
        mayBlock: () => (this.#capacity * maxBlockedPerPlace) / queues.length,
        sharesRoom: queues.length > 1,
        onFree: () => this.update(),
      }),
    );
    this.update();
  }

  get running(): number {
    return this.#engine.running - this.#held;
  }

  get waiting(): number {
    return this.#engine.waiting + this.#held;
  }

  get settling(): number {
    return this.#engine.settling;
  }

  get bytes(): number {
    return this.#memory.bytes;
  }

  get polls(): number {
    return this.sources.reduce((sum, { doing }) => sum + doing.polls, 0);
  }

  get slotMsPerMessage(): number | undefined {
    return this.#engine.slotMsPerMessage;
  }

  get zombies(): number {
    return this.#engine.zombies;
  }

  get oldestRunningMs(): number | undefined {
    const { oldestStartedAt } = this.#engine;
    return oldestStartedAt === undefined ? undefined : this.#clock.monotonic() - oldestStartedAt;
  }

  get health(): readonly QueueHealth[] {
    return this.sources.map(({ queueUrl, health }) => ({ queueUrl, ...health }));
  }

  get slots(): number {
    return this.#slots.max;
  }

  get breaker(): BreakerState | undefined {
    return this.#breaker?.state;
  }

  update(): void {
    // Asked first: it is called whenever a message ends.
    while (this.sources.some(isFree)) {
      const next = nextPoll(this.#room, this.sources);
      if (next === undefined || this.sources[next.position]?.poll(next.size) !== true) {
        return;
      }
    }
  }

  setMaxConcurrency(max: number): void {
    this.#slots.setMax(max);
    this.#engine.fill();
  }

  async stop(timeoutMs: number, mode: StopMode): Promise<StopReport> {
    const startedAt = this.#clock.monotonic();
    const before = this.#totals();
    const reserveMs = Math.min(longestReserveMs, timeoutMs / 5);
    const giveUpAt = startedAt + timeoutMs - reserveMs;
    this.#giveUpAt = giveUpAt;
    this.#admission?.close();
    this.#each((source) => source.stop());
    this.#engine.drain();
    this.#breaker?.shut();
    this.#each((source) => source.hurry());
    if (mode === 'release') {
      this.release();
    }
    const isQuiet = await within(this.#clock, giveUpAt - startedAt, this.#quiet());
    if (!isQuiet) {
      await this.#giveUp(reserveMs);
    }
    this.#each((source) => source.close());
    this.#work.close();
    this.#governor?.close();
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

  /** The polls under way are waited for: ending one can hide the messages it would have brought (aws-sdk-java-v2#1395). */
  async #quiet(): Promise<void> {
    await Promise.all(this.sources.map((source) => source.idle()));
    await this.#engine.idle();
  }

  release(): void {
    if (!this.#isReleasing) {
      this.#isReleasing = true;
      void this.#release();
    }
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

  get #inHand(): number {
    return this.#engine.running + this.#engine.waiting + this.#asked;
  }

  get #capacity(): number {
    return this.#slots.max + this.#prefetch;
  }

  get #asked(): number {
    return this.sources.reduce((sum, { asked }) => sum + asked, 0);
  }

  get #room(): Room {
    const { ready, unpacked } = this.#engine;
    const { maxBytes, maxMessageBytes } = this.#bounds;
    return {
      capacity: this.#capacity,
      ready: ready + unpacked,
      most: Math.floor(maxBytes / maxMessageBytes),
      fitting: fittingMessages(this.#memory, this.#asked, this.#bounds),
    };
  }

  /** Messages that have slots but wait for the breaker. */
  get #held(): number {
    return this.sources.reduce((sum, { load }) => sum + load.held, 0);
  }

  #totals(): Totals {
    return sumOfTotals(this.sources.map(({ instruments }) => instruments.totals));
  }

  #each(act: (source: Source) => void): void {
    this.sources.forEach(act);
  }
}

function isFree(source: Source): boolean {
  return source.isFree;
}

function fixedSlots(max: number): { max: number; setMax(max: number): void } {
  return {
    max,
    setMax(now) {
      this.max = now;
    },
  };
}

/** Of the time to stop in, the most that is kept for giving back what is still in hand at its end. */
const longestReserveMs = 1_000;

/** The most that handlers are given to end when they are told to at once. */
const longestGraceMs = 500;

function stopped(message: string): QueueError<'stopped'> {
  return new QueueError('stopped', message, { what: 'consumer' });
}
