import { type Handler, type Queue, QueueError, sqsLimits } from '@sqskit/core';
import type { Clock, Timer } from '@sqskit/core/clock';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import type { Delivery } from './delivery.ts';
import { createEngine, type Engine } from './engine.ts';
import { createHand, type Hand } from './hand.ts';
import type { Instruments } from './instruments.ts';
import type { ResolvedConsumerOptions } from './options.ts';
import { createPoisonRule, type PoisonRule } from './poison.ts';
import type { Demand } from './poll-plan.ts';
import { createPoller, type Poller } from './poller.ts';
import type { ReportError } from './report.ts';
import { createQueueSettler, type QueueSettler } from './settler.ts';
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
  /** Ids of SQS messages whose handlers still ran when the time was up. They were told by their signal, and the messages released. */
  readonly abandoned: readonly string[];
  /** Messages of which SQS did not confirm that they were settled. They come again when their visibility timeout ends. */
  readonly unsettled: number;
}

/** One stretch of consuming, from a start to its stop. */
export interface Run {
  readonly running: number;
  readonly waiting: number;
  readonly settling: number;
  readonly polls: number;
  /** Polls if there is room now. To be called when `wants` may have changed its mind. */
  update(): void;
  /** To be called once. */
  stop(timeoutMs: number): Promise<StopReport>;
}

export interface RunOptions<T> {
  readonly queue: Queue;
  readonly handler: Handler<T>;
  readonly settings: ResolvedConsumerOptions<T>;
  readonly instruments: Instruments;
  readonly report: ReportError;
  /** Whether more messages are wanted, with so many waiting or running. */
  readonly wants: (inHand: number) => boolean;
}

/**
 * A receive from a FIFO queue may bring ten messages of one group, of which one can start. The nine behind it take up no
 * room, or a few groups would keep the slots from all others; there is an end to it all the same.
 */
const maxBlockedPerPlace = sqsLimits.maxBatchEntries - 1;

/** More messages than this waiting to be settled: SQS does not keep up, and more of them would only pile up. */
const maxSettling = 1_000;

export function createRun<T>(options: RunOptions<T>): Run {
  return new PollRun(options);
}

class PollRun<T> implements Run {
  readonly #capacity: number;
  readonly #firstPackSize: number;
  readonly #clock: Clock;
  readonly #instruments: Instruments;
  readonly #poison: PoisonRule;
  readonly #work: Work;
  readonly #engine: Engine;
  readonly #settler: QueueSettler;
  readonly #hand: Hand;
  readonly #poller: Poller;
  readonly #wants: RunOptions<T>['wants'];

  constructor({ queue, handler, settings, instruments, report, wants }: RunOptions<T>) {
    const { maxConcurrency, prefetch, clock } = settings;
    const shared = { ...settings, queue, handler, instruments, report };
    this.#capacity = maxConcurrency + prefetch;
    const { fifo } = parseQueueUrl(queue.url);
    // Until a message was opened nothing is known of how many are in one: where they may be many, one is asked for.
    // On a FIFO queue it takes one slot, however many.
    this.#firstPackSize = settings.envelope.maxItems > 1 && !fifo ? this.#capacity : 1;
    this.#clock = clock;
    this.#wants = wants;
    this.#instruments = instruments;
    this.#poison = createPoisonRule(shared);
    this.#work = createWork({
      ...shared,
      poison: this.#poison,
      earlier: (delivery) => this.#hand.earlier(delivery),
    });
    this.#engine = createEngine({
      maxConcurrency,
      clock,
      work: this.#work,
      onRoom: () => this.#poller.update(),
    });
    this.#settler = createQueueSettler({
      ...shared,
      onLeaseLost: (delivery) => this.#lost(delivery, report),
    });
    this.#hand = createHand({
      queueUrl: queue.url,
      fifo,
      engine: this.#engine,
      settler: this.#settler,
      instruments,
    });
    this.#poller = createPoller({
      ...shared,
      demand: () => this.#demand(),
      onMessages: (messages, receivedAt) => this.#hand.take(messages, receivedAt),
      onError: (error) => report(error, { during: 'receive' }),
    });
    this.#poller.update();
  }

  get running(): number {
    return this.#engine.running;
  }

  get waiting(): number {
    return this.#engine.waiting;
  }

  get settling(): number {
    return this.#engine.settling;
  }

  get polls(): number {
    return this.#poller.polls;
  }

  update(): void {
    this.#poller.update();
  }

  async stop(timeoutMs: number): Promise<StopReport> {
    const startedAt = this.#clock.monotonic();
    const before = { ...this.#instruments.totals };
    const reserveMs = Math.min(longestReserveMs, timeoutMs / 5);
    this.#poller.stop();
    this.#engine.drain();
    this.#settler.hurry();
    const isQuiet = await within(this.#clock, timeoutMs - reserveMs, this.#quiet());
    const abandoned = isQuiet ? [] : await this.#giveUp(reserveMs);
    this.#settler.close();
    this.#poison.close();
    this.#work.close();
    // What was given up just now is counted before the report is made.
    await within(this.#clock, 0, this.#engine.idle());
    const { totals } = this.#instruments;
    const unsettled = totals.unsettled - before.unsettled;
    return {
      isClean: isQuiet && unsettled === 0,
      tookMs: this.#clock.monotonic() - startedAt,
      acked: totals.acked - before.acked,
      retried: totals.retried - before.retried,
      released: totals.released - before.released,
      deadLettered: totals.deadLettered - before.deadLettered,
      abandoned: abandoned.map((delivery) => delivery.message.messageId),
      unsettled,
    };
  }

  /** The polls under way are waited for: ending one can hide the messages it would have brought (aws-sdk-java-v2#1395). */
  async #quiet(): Promise<void> {
    await this.#poller.idle();
    await this.#engine.idle();
  }

  async #giveUp(reserveMs: number): Promise<readonly Delivery[]> {
    this.#poller.abort();
    const reason = new QueueError('stopped', 'the consumer stopped and its time was up', {
      what: 'consumer',
    });
    this.#settler.rush();
    const abandoned = this.#engine.giveUp(reason);
    await within(this.#clock, reserveMs, this.#engine.idle());
    return abandoned;
  }

  #demand(): Demand {
    const { running, opening, waiting, ready, unpacked, settling } = this.#engine;
    const capacity = this.#capacity;
    const each = this.#engine.packSize ?? this.#firstPackSize;
    const blocked = Math.max(0, waiting - ready - unpacked - capacity * maxBlockedPerPlace);
    const isRoom = settling < maxSettling && this.#wants(running + waiting);
    const taken = running + opening * (each - 1) + unpacked + ready * each + blocked;
    return { capacity, taken: isRoom ? taken : capacity, ready: ready + unpacked, each };
  }

  #lost(delivery: Delivery, report: ReportError): void {
    const { messageId } = delivery.message;
    const error = new QueueError('lease-lost', 'the lease of the message ended before it was settled', {
      messageId,
    });
    this.#instruments.count('leasesLost');
    this.#engine.lose(delivery, error);
    report(error, { during: 'lease', messageId });
  }
}

/** Of the time to stop in, the most that is kept for giving back what is still in hand at its end. */
const longestReserveMs = 1_000;

/** Whether the promise settles within this time. Leaves no timer behind. */
async function within(clock: Clock, ms: number, promise: Promise<void>): Promise<boolean> {
  let timer: Timer | undefined;
  const timeUp = new Promise<boolean>((resolve) => {
    timer = clock.setTimer(() => resolve(false), ms, { keepAlive: true });
  });
  const isDone = await Promise.race([promise.then(() => true), timeUp]);
  timer?.cancel();
  return isDone;
}
