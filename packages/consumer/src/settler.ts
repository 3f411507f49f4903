import {
  type BrokenItem,
  type Envelope,
  type Logger,
  type OpenedItem,
  type Queue,
  QueueError,
  retry,
  type Settled,
  toQueueError,
  type Verdict,
  type VisibilityChange,
} from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import type { Random } from '@sqskit/core/retry';
import { type BatchCall, createBatchCall } from './batch-call.ts';
import { createDeadLetters, type DeadLetters } from './dead-letter.ts';
import type { Delivery } from './delivery.ts';
import { combineVerdicts, retryDelayMs } from './failure-policy.ts';
import type { Instruments } from './instruments.ts';
import { grantableMs, type Lease } from './lease.ts';
import { type Change, createLeaseKeeper, type LeaseKeeper, leaseOver } from './lease-keeper.ts';
import { type Pack, type SettledAs, type Unfinished, waysToSettle } from './pack.ts';
import type { ReportError } from './report.ts';
import { createResender, type Resender } from './resend.ts';
import type { Visibility } from './visibility.ts';

export interface QueueSettlerOptions {
  readonly queue: Queue;
  /** Whether messages of a pack may be sent again alone. */
  readonly mayDivide: boolean;
  readonly envelope: Envelope;
  readonly deadLetterQueue: Queue | undefined;
  readonly visibility: Visibility;
  readonly settleLingerMs: number;
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly instruments: Instruments;
  readonly report: ReportError;
  readonly onLeaseLost: (delivery: Delivery) => void;
}

/** Keeps the leases of received messages, and settles them: deletes, visibility changes and sends, in batches. */
export interface QueueSettler {
  readonly leases: Pick<LeaseKeeper, 'hold' | 'holds' | 'letGo'>;
  /**
   * Carries out the verdicts on what is in a message. Resolves with whether it was deleted. Never rejects; nothing is
   * done for one whose lease is lost.
   *
   *     all done                            deleted
   *     none done, or on a FIFO queue       visible again, as a whole, after the longest of the delays
   *     some done                           those to come again are sent alone, and it is deleted when they are accepted
   */
  conclude(delivery: Delivery, pack: Pack): Promise<boolean>;
  /** Moves one message of a pack to the dead-letter queue. Where that fails it is to be retried. Never rejects. */
  deadLetter(delivery: Delivery, pack: Pack, unfinished: Unfinished): Promise<boolean>;
  /** Makes a message that was not run visible at once. Never rejects. */
  giveBack(delivery: Delivery): Promise<void>;
  /** Deletes one more delivery of a message that is deleted already, and counted. Resolves as `conclude` does. */
  discard(delivery: Delivery): Promise<boolean>;
  /** What waits for company leaves now. */
  hurry(): void;
  /** Nothing waits for company any more. */
  rush(): void;
  /** Gives up what is not settled yet, calls under way included, and lets every lease go. */
  close(): void;
}

export function createQueueSettler(options: QueueSettlerOptions): QueueSettler {
  return new BatchingSettler(options);
}

const longestBackoffMs = 5_000;
const longestCallMs = 15_000;

class BatchingSettler implements QueueSettler {
  readonly leases: LeaseKeeper;
  readonly #options: QueueSettlerOptions;
  readonly #isFifo: boolean;
  // The lease operations of a message are on the wire one at a time: its changes are a lane, and deletes are apart from
  // them. It has one delete at a time: the next delivery of a message waits until that before it is over.
  readonly #deletes: BatchCall<string, Settled>;
  /** Renewals too. */
  readonly #changes: BatchCall<Change, Settled>;
  readonly #deadLetters: DeadLetters | undefined;
  readonly #resender: Resender;
  #hasWarned = false;

  constructor(options: QueueSettlerOptions) {
    const {
      queue,
      envelope,
      deadLetterQueue,
      visibility,
      clock,
      random,
      settleLingerMs,
      instruments,
      logger,
    } = options;
    this.#options = options;
    this.#isFifo = parseQueueUrl(queue.url).fifo;
    // The next message of a group waits for the delete, so on a FIFO queue nothing lingers.
    const lingerMs = this.#isFifo ? 0 : settleLingerMs;
    // Entries are given up when their lease ends. A call takes a quarter of the shortest lease at most, 7.5 s of 30, so
    // that waiting for one another's calls costs a message no lease that could be kept:
    // - A renewal is begun with half of the lease left. A delete that waits for it has the last quarter, and if it failed,
    //   no other is begun then.
    // - A delete that fails with half of the lease left is repeated until 3/8 are, when a renewal comes first. An attempt
    //   begun just before is over with 1/8 left, which is the renewal's.
    const maxBackoffMs = Math.min(longestBackoffMs, visibility.shortestMs / 4);
    const callTimeoutMs = Math.min(longestCallMs, visibility.shortestMs / 4);
    const shared = { clock, random, lingerMs, maxBackoffMs, callTimeoutMs };
    this.#deletes = createBatchCall({
      ...shared,
      apartFrom: () => this.#changes,
      call: (handles, signal) => {
        instruments.count('deleteCalls');
        return queue.deleteBatch(handles, { signal });
      },
    });
    this.#changes = createBatchCall({
      ...shared,
      apartFrom: () => this.#deletes,
      call: (changes, signal) => {
        instruments.count('changeVisibilityCalls');
        for (const change of changes) {
          change.calledAt = clock.monotonic();
        }
        return queue.changeVisibilityBatch(changes.map(wireForm), { signal });
      },
    });
    const onCall = (): void => instruments.count('sendCalls');
    this.#deadLetters =
      deadLetterQueue && createDeadLetters({ ...shared, queue: deadLetterQueue, envelope, onCall, logger });
    this.#resender = createResender({
      ...shared,
      queue,
      envelope,
      onCall,
      logger,
      delayOf: (delivery, { item, verdict }) => this.#delayOf(delivery, verdict, attemptOf(item)),
    });
    this.leases = createLeaseKeeper({
      clock,
      visibility,
      changes: this.#changes,
      onRenewed: () => instruments.count('renewals'),
      onLost: options.onLeaseLost,
    });
  }

  async conclude(delivery: Delivery, pack: Pack): Promise<boolean> {
    const settled = this.#options.instruments.settling();
    const gone = await this.#unlessLost(delivery, pack.size, () => this.#carryOut(delivery, pack));
    settled?.();
    return gone;
  }

  async deadLetter(delivery: Delivery, pack: Pack, unfinished: Unfinished): Promise<boolean> {
    const { verdict } = unfinished;
    if (verdict.action !== 'dead-letter') {
      return false;
    }
    if (this.#deadLetters === undefined) {
      this.#warnOnce();
      unfinished.verdict = retry({ delayMs: this.#options.retryMaxMs });
      return false;
    }
    const reason = textOf(verdict.reason);
    const deadlineAt = (): number => this.leases.expiresAt(delivery);
    const answer = await this.#deadLetters.send(delivery, pack, unfinished, { reason, deadlineAt });
    if (answer.ok) {
      pack.carriedOut(unfinished, 'deadLettered');
      return true;
    }
    unfinished.verdict = retry();
    const { messageId } = delivery.message;
    const message = 'the message could not be sent to the dead-letter queue; it is retried';
    const details = { messageId, reason };
    const error = new QueueError('dead-letter-failed', message, details, { cause: answer.error });
    this.#options.report(error, { during: 'settle', messageId });
    return false;
  }

  async giveBack(delivery: Delivery): Promise<void> {
    await this.#unlessLost(delivery, 1, () =>
      this.#makeVisibleIn(delivery, 0, { as: 'released', messages: 1 }),
    );
  }

  discard(delivery: Delivery): Promise<boolean> {
    return this.#unlessLost(delivery, 1, () => this.#delete(delivery, undefined));
  }

  hurry(): void {
    this.#deletes.hurry();
    this.#changes.hurry();
    this.#deadLetters?.hurry();
    this.#resender.hurry();
  }

  rush(): void {
    this.#deletes.rush();
    this.#changes.rush();
    this.#deadLetters?.rush();
    this.#resender.rush();
  }

  close(): void {
    this.leases.close();
    this.#deletes.close();
    this.#changes.close();
    this.#deadLetters?.close();
    this.#resender.close();
  }

  async #unlessLost(
    delivery: Delivery,
    messages: number,
    carryOut: () => Promise<boolean>,
  ): Promise<boolean> {
    if (!this.#isOurs(delivery, messages)) {
      return false;
    }
    try {
      return await carryOut();
    } catch (reason) {
      this.leases.letGo(delivery);
      this.#unsettled(delivery, toQueueError(reason, 'settle'), messages);
      return false;
    }
  }

  /** What is sent elsewhere is sent first, and deleted then: what fails in between leaves two, never none. */
  async #carryOut(delivery: Delivery, pack: Pack): Promise<boolean> {
    if (pack.unfinished.size > 0) {
      const all = [...pack.unfinished];
      await Promise.all(all.map((unfinished) => this.deadLetter(delivery, pack, unfinished)));
      if (this.#mayDivide(pack)) {
        await this.#sendAgain(delivery, pack);
      }
      if (!this.#isOurs(delivery, pack.size)) {
        return false;
      }
    }
    return pack.isDone ? this.#delete(delivery, pack) : this.#comeAgain(delivery, pack);
  }

  /**
   * Whether what is left of a pack is sent again alone. Where nothing of it is done something else is wrong than one of
   * its messages, and it comes again as it is, at no cost. On a FIFO queue what is sent again would lose its place.
   */
  #mayDivide(pack: Pack): boolean {
    const isWhole = pack.isDone || !pack.isBegun || this.#isFifo;
    return this.#options.mayDivide && !isWhole && [...pack.unfinished].every(({ item }) => 'content' in item);
  }

  async #sendAgain(delivery: Delivery, pack: Pack): Promise<void> {
    const messages = pack.undone;
    const failure = await this.#resender.resend(delivery, pack, () => this.leases.expiresAt(delivery));
    if (failure !== undefined) {
      const { messageId } = delivery.message;
      const error = new QueueError(
        'resend-failed',
        'messages of a pack could not be sent again alone; the pack comes again as a whole',
        { messageId, messages },
        { cause: failure, outcome: 'unknown' },
      );
      this.#options.report(error, { during: 'settle', messageId });
    }
  }

  #comeAgain(delivery: Delivery, pack: Pack): Promise<boolean> {
    const left = [...pack.unfinished];
    const verdict = combineVerdicts(left.map((unfinished) => unfinished.verdict));
    const messages = pack.undone;
    if (verdict.action !== 'retry') {
      return this.#makeVisibleIn(delivery, 0, { as: 'released', messages });
    }
    const attempt = Math.max(...left.map(({ item }) => attemptOf(item)));
    return this.#makeVisibleIn(delivery, this.#delayOf(delivery, verdict, attempt), {
      as: 'retried',
      messages,
    });
  }

  /** While it is not answered the lease is kept, and with it the time that there is for it. */
  async #delete(delivery: Delivery, pack: Pack | undefined): Promise<boolean> {
    const deletion = this.#deletes.submit(delivery.receiptHandle, {
      messageId: delivery.message.messageId,
      deadlineAt: () => this.leases.expiresAt(delivery),
    });
    this.leases.deleting(delivery, deletion);
    const answer = await deletion.outcome;
    const lease = this.leases.letGo(delivery);
    if (!answer.ok) {
      this.#unsettled(delivery, answer.error, pack?.size ?? 1);
    } else if (pack !== undefined) {
      this.#noteTime(lease);
      for (const as of waysToSettle) {
        this.#options.instruments.count(as, pack.count(as));
      }
    }
    return answer.ok;
  }

  /** Nothing is renewed any more: this has the last word on when the message is visible. */
  async #makeVisibleIn(
    delivery: Delivery,
    wantedMs: number,
    { as, messages }: { readonly as: SettledAs; readonly messages: number },
  ): Promise<false> {
    const calledAt = this.#options.clock.monotonic();
    const lease = this.leases.letGo(delivery);
    if (lease === undefined) {
      this.#unsettled(delivery, leaseOver(delivery), messages);
      return false;
    }
    const change: Change = {
      receiptHandle: delivery.receiptHandle,
      visibilityTimeoutMs: grantableMs(lease, calledAt, wantedMs),
      calledAt,
    };
    const { messageId } = delivery.message;
    const answer = await this.#changes.submit(change, {
      messageId,
      lane: messageId,
      deadlineAt: () => lease.expiresAt,
    }).outcome;
    if (answer.ok) {
      this.#options.instruments.count(as, messages);
      if (as === 'retried') {
        this.#noteTime(lease);
      }
    } else {
      this.#unsettled(delivery, answer.error, messages);
    }
    return false;
  }

  #noteTime(lease: Lease | undefined): void {
    if (lease !== undefined) {
      this.#options.visibility.settled(lease);
    }
  }

  #delayOf({ message }: Delivery, verdict: Verdict, attempt: number): number {
    const asked = verdict.action === 'retry' ? verdict.delayMs : undefined;
    return asked !== undefined && asked >= 0
      ? asked
      : retryDelayMs(message.receiveCount + attempt, this.#options);
  }

  #isOurs(delivery: Delivery, messages: number): boolean {
    const isHeld = this.leases.holds(delivery);
    if (!isHeld) {
      this.#unsettled(delivery, leaseOver(delivery), messages);
    }
    return isHeld;
  }

  #unsettled({ message: { messageId } }: Delivery, error: QueueError, messages: number): void {
    this.#options.instruments.count('unsettled', messages);
    this.#options.report(error, { during: 'settle', messageId });
  }

  #warnOnce(): void {
    if (!this.#hasWarned) {
      this.#hasWarned = true;
      this.#options.logger.warn(
        'a message was dead-lettered but the consumer has no deadLetterQueue: it stays in the queue for its redrive policy',
      );
    }
  }
}

function attemptOf(item: OpenedItem | BrokenItem): number {
  return 'content' in item ? item.attempt : 0;
}

/** JavaScript may give anything as a reason, an error above all. */
function textOf(reason: unknown): string {
  try {
    return String(reason);
  } catch {
    return '';
  }
}

function wireForm({ receiptHandle, visibilityTimeoutMs }: Change): VisibilityChange {
  return { receiptHandle, visibilityTimeoutMs };
}
