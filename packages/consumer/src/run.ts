import { type Handler, sqsLimits } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import {
  createSlotGovernor,
  type ResolvedAdaptiveConcurrency,
  type SlotGovernor,
} from './adaptive-concurrency.ts';
import { type Admission, createAdmission } from './admission.ts';
import { type BreakerGate, createBreakerGate } from './breaker-gate.ts';
import type { BreakerState, ResolvedBreakerOptions } from './breaker-options.ts';
import { createEngine, type Engine } from './engine.ts';
import { allOf, type Gate } from './gate.ts';
import type { QueueHealth } from './health.ts';
import { fittingMessages, type Memory, type MemoryBounds } from './memory.ts';
import type { RunSettings } from './options.ts';
import { nextPoll, type Room } from './poll-share.ts';
import type { ReportError } from './report.ts';
import { createSource, type Source, type SourceQueue } from './source.ts';
import type { StopMode } from './stop-options.ts';
import { createStopping, type Stopping, type StopReport } from './stopping.ts';
import { createWork, type Work } from './work.ts';

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
  readonly #stopping: Stopping;

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
    this.#stopping = createStopping({ sources: this.sources, engine: this.#engine, clock });
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
    this.#admission?.close();
    this.#breaker?.shut();
    const report = await this.#stopping.stop(timeoutMs, mode);
    this.#work.close();
    this.#governor?.close();
    return report;
  }

  release(): void {
    this.#stopping.release();
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
