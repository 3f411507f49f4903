import { type Queue, QueueError } from '@sqskit/core';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import type { Completed, Done } from './completed.ts';
import type { Delivery, Origin } from './delivery.ts';
import type { Engine } from './engine.ts';
import { createHand, type Hand } from './hand.ts';
import type { Instruments } from './instruments.ts';
import { createLoad, type Load } from './load.ts';
import type { Memory } from './memory.ts';
import type { RunSettings } from './options.ts';
import { createPackSize, type PackSize } from './pack-size.ts';
import { createPoisonRule, type PoisonRule } from './poison.ts';
import type { PollHealth } from './poll-pulse.ts';
import type { Claim } from './poll-share.ts';
import { createPoller, type Poller } from './poller.ts';
import type { ReportError } from './report.ts';
import { createQueueSettler, type QueueSettler } from './settler.ts';
import type { Visibility } from './visibility.ts';

/** A queue that a run receives from. */
export interface SourceQueue {
  readonly queue: Queue;
  /** Of the room that the sources share. */
  readonly weight: number;
  readonly deadLetterQueue: Queue | undefined;
  readonly visibility: Visibility;
  readonly instruments: Instruments;
  /** What is done and may come again. It outlives a run. */
  readonly completed: Completed;
}

export interface SourceOptions extends SourceQueue {
  readonly settings: Omit<RunSettings<unknown>, 'breaker' | 'codec' | 'failurePolicy' | 'deadLetterQueue'>;
  readonly engine: Engine;
  readonly report: ReportError;
  /** Whether the handler itself keeps the order of the messages of a group, and is given several at a time. */
  readonly keepsOrder: boolean;
  /** Shared by the sources of the run. */
  readonly memory: Memory;
  /** Its place among the sources of the run. */
  readonly position: number;
  /** How many of so many SQS messages may be asked for now. Never rejects. */
  readonly admit: (wanted: number) => number | Promise<number>;
  /** How many messages may wait for others of their group before they take room. */
  readonly mayBlock: () => number;
  /** Whether other sources want the room that a poll may come to need. */
  readonly sharesRoom: boolean;
  /** Told when it may poll again. */
  readonly onFree: () => void;
}

/** What there is to do now. */
export interface Doing {
  /** Handlers that run. */
  readonly running: number;
  /** Messages received and not started: those of opened packs each, and SQS messages that are not opened. */
  readonly waiting: number;
  /** SQS messages handled and not settled yet; one of which messages are sent again counts as so many. */
  readonly settling: number;
  /** Polls under way. */
  readonly polls: number;
}

/** One queue of a run: polls it, has the engine run what comes, and settles that where it came from. */
export interface Source extends Origin, Claim {
  readonly doing: Doing;
  readonly health: PollHealth;
  /** Polls for up to so many SQS messages, or for fewer if only fewer are admitted. False if none are now. */
  poll(size: number): boolean;
  /** No new polls. Those under way still bring what they bring. */
  stop(): void;
  /** Ends the polls under way. */
  abort(): void;
  /** What waits to be settled together with others leaves now. */
  hurry(): void;
  /** Nothing waits any more to be settled together with others. */
  rush(): void;
  /** Gives up what is not settled yet. */
  close(): void;
  /** Resolves when no poll is under way. */
  idle(): Promise<void>;
}

/** More messages than this waiting to be settled: SQS does not keep up, and more of them would only pile up. */
const maxSettling = 1_000;

export function createSource(options: SourceOptions): Source {
  return new PolledSource(options);
}

class PolledSource implements Source {
  readonly queueUrl: string;
  readonly poison: PoisonRule;
  readonly instruments: Instruments;
  readonly packSize: PackSize;
  readonly load: Load = createLoad();
  readonly weight: number;
  readonly memory: Memory;
  readonly #poller: Poller;
  readonly #options: SourceOptions;
  readonly #report: ReportError;
  readonly #settler: QueueSettler;
  readonly #hand: Hand;

  constructor(options: SourceOptions) {
    const { queue, deadLetterQueue, visibility, instruments, settings, engine, position } = options;
    const report: ReportError = (error, context) =>
      options.report(error, { ...context, queueUrl: queue.url });
    const shared = { ...settings, queue, deadLetterQueue, visibility, instruments, report };
    const { fifo } = parseQueueUrl(queue.url);
    const isCapped = settings.maxConcurrencyPerGroup !== undefined;
    this.#options = options;
    this.#report = report;
    this.queueUrl = queue.url;
    this.weight = options.weight;
    this.memory = options.memory;
    this.instruments = instruments;
    // Until a message was opened nothing is known of how many are in one: where they may be many, one is asked for.
    // On a FIFO queue it takes one slot, however many.
    const mayBeMany = settings.envelope.maxItems > 1 && (!fifo || options.keepsOrder);
    this.packSize = createPackSize(mayBeMany ? settings.maxConcurrency + settings.prefetch : 1);
    this.poison = createPoisonRule(shared);
    this.#settler = createQueueSettler({
      ...shared,
      mayDivide: true,
      onLeaseLost: (delivery) => this.#lost(delivery),
    });
    this.#hand = createHand({
      origin: this,
      orderOf: ({ groupId }) => {
        if (groupId === undefined || !(fifo || isCapped)) {
          return {};
        }
        const name = `${position} ${groupId}`; // groups of two queues may have the same name
        if (!fifo) {
          return { group: name };
        }
        return options.keepsOrder ? { order: name } : { lane: name };
      },
      engine,
      settler: this.#settler,
      completed: options.completed,
    });
    this.#poller = createPoller({
      ...shared,
      sharesRoom: options.sharesRoom,
      admit: options.admit,
      onFree: options.onFree,
      onMessages: (messages, received) => this.#hand.take(messages, received),
      onError: (error) => report(error, { during: 'receive' }),
    });
  }

  get isFree(): boolean {
    return this.#poller.isFree && this.load.settling < maxSettling;
  }

  get taken(): number {
    const { ready, blocked, unpacked, running, unopened } = this.load;
    const blocking = Math.max(0, blocked - this.#options.mayBlock());
    return running + unopened + unpacked + ready * this.each + blocking;
  }

  get asked(): number {
    return this.#poller.asked;
  }

  get each(): number {
    return this.packSize.expected;
  }

  get appetite(): number {
    return this.#poller.appetite;
  }

  get outlook(): number {
    return this.#poller.outlook;
  }

  get health(): PollHealth {
    return this.#poller.health;
  }

  get doing(): Doing {
    const { ready, blocked, unpacked, capped, running, held, settling } = this.load;
    return {
      running: running - held,
      waiting: ready + blocked + unpacked + capped + held,
      settling,
      polls: this.#poller.polls,
    };
  }

  poll(size: number): boolean {
    return this.#poller.poll(size);
  }

  earlier(delivery: Delivery): Done | undefined {
    return this.#hand.earlier(delivery);
  }

  holds(delivery: Delivery, now: number): boolean {
    return this.#settler.leases.holds(delivery, now);
  }

  stop(): void {
    this.#poller.stop();
  }

  abort(): void {
    this.#poller.abort();
  }

  hurry(): void {
    this.#settler.hurry();
  }

  rush(): void {
    this.#settler.rush();
  }

  close(): void {
    this.#settler.close();
    this.poison.close();
  }

  idle(): Promise<void> {
    return this.#poller.idle();
  }

  #lost(delivery: Delivery): void {
    const { messageId } = delivery.message;
    const error = new QueueError('lease-lost', 'the lease of the message ended before it was settled', {
      messageId,
    });
    this.instruments.count('leasesLost');
    this.#options.engine.lose(delivery, error);
    this.#report(error, { during: 'lease', messageId });
  }
}
