import { type Queue, QueueError } from '@sqskit/core';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import type { Done } from './completed.ts';
import type { Delivery, Origin } from './delivery.ts';
import type { Engine } from './engine.ts';
import { createHand, type Hand } from './hand.ts';
import type { Instruments } from './instruments.ts';
import type { RunSettings } from './options.ts';
import { createPackSize, type PackSize } from './pack-size.ts';
import { createPoisonRule, type PoisonRule } from './poison.ts';
import { createPoller, type Poller } from './poller.ts';
import type { ReportError } from './report.ts';
import { createQueueSettler, type QueueSettler } from './settler.ts';
import type { Visibility } from './visibility.ts';

/** A queue that a run receives from. */
export interface SourceQueue {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue | undefined;
  readonly visibility: Visibility;
  readonly instruments: Instruments;
}

export interface SourceOptions extends SourceQueue {
  readonly settings: Omit<RunSettings<unknown>, 'breaker' | 'codec' | 'failurePolicy' | 'deadLetterQueue'>;
  readonly engine: Engine;
  readonly report: ReportError;
  /** Whether the handler itself keeps the order of the messages of a group, and is given several at a time. */
  readonly keepsOrder: boolean;
  /** Its place among the sources of the run. */
  readonly position: number;
  /** How many of so many SQS messages may be asked for now. Never rejects. */
  readonly admit: (wanted: number) => number | Promise<number>;
  /** Told when it may poll again. */
  readonly onFree: () => void;
}

/** One queue of a run: polls it, has the engine run what comes, and settles that where it came from. */
export interface Source extends Origin {
  readonly poller: Pick<Poller, 'polls' | 'health' | 'asked' | 'isFree' | 'poll'>;
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

export function createSource(options: SourceOptions): Source {
  return new PolledSource(options);
}

class PolledSource implements Source {
  readonly queueUrl: string;
  readonly poison: PoisonRule;
  readonly instruments: Instruments;
  readonly packSize: PackSize;
  readonly poller: Poller;
  readonly #options: SourceOptions;
  readonly #settler: QueueSettler;
  readonly #hand: Hand;

  constructor(options: SourceOptions) {
    const { queue, deadLetterQueue, visibility, instruments, settings, engine, report, position } = options;
    const shared = { ...settings, queue, deadLetterQueue, visibility, instruments, report };
    const { fifo } = parseQueueUrl(queue.url);
    const isCapped = settings.maxConcurrencyPerGroup !== undefined;
    this.#options = options;
    this.queueUrl = queue.url;
    this.instruments = instruments;
    // Until a message was opened nothing is known of how many are in one: where they may be many, one is asked for.
    // On a FIFO queue it takes one slot, however many.
    const mayBeMany = settings.envelope.maxItems > 1 && (!fifo || options.keepsOrder);
    this.packSize = createPackSize(mayBeMany ? settings.maxConcurrency + settings.prefetch : 1);
    this.poison = createPoisonRule(shared);
    this.#settler = createQueueSettler({ ...shared, onLeaseLost: (delivery) => this.#lost(delivery) });
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
    });
    this.poller = createPoller({
      ...shared,
      admit: options.admit,
      onFree: options.onFree,
      onMessages: (messages, received) => this.#hand.take(messages, received),
      onError: (error) => report(error, { during: 'receive' }),
    });
  }

  earlier(delivery: Delivery): Done | undefined {
    return this.#hand.earlier(delivery);
  }

  holds(delivery: Delivery, now: number): boolean {
    return this.#settler.leases.holds(delivery, now);
  }

  stop(): void {
    this.poller.stop();
  }

  abort(): void {
    this.poller.abort();
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
    return this.poller.idle();
  }

  #lost(delivery: Delivery): void {
    const { engine, report } = this.#options;
    const { messageId } = delivery.message;
    const error = new QueueError('lease-lost', 'the lease of the message ended before it was settled', {
      messageId,
    });
    this.instruments.count('leasesLost');
    engine.lose(delivery, error);
    report(error, { during: 'lease', messageId });
  }
}
