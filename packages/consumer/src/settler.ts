import {
  type Logger,
  payloadBytes,
  type Queue,
  QueueError,
  type SendEntry,
  type Sent,
  type Settled,
  sqsLimits,
  toQueueError,
  type Verdict,
  type VisibilityChange,
} from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import type { Random } from '@sqskit/core/retry';
import { type BatchCall, createBatchCall } from './batch-call.ts';
import { deadLetterEntry } from './dead-letter.ts';
import type { Delivery } from './delivery.ts';
import { retryDelayMs } from './failure-policy.ts';
import type { Instruments } from './instruments.ts';
import { grantableMs } from './lease.ts';
import { type Change, createLeaseKeeper, type LeaseKeeper } from './lease-keeper.ts';
import type { ReportError } from './report.ts';

export interface QueueSettlerOptions {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue | undefined;
  readonly visibilityTimeoutMs: number;
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

/** Keeps the leases of received messages, and settles them: deletes and visibility changes, in batches. */
export interface QueueSettler {
  readonly leases: Pick<LeaseKeeper, 'hold' | 'holds' | 'letGo'>;
  /** Resolves with whether the message was deleted. Never rejects; nothing is done for one whose lease is lost. */
  settle(delivery: Delivery, verdict: Verdict): Promise<boolean>;
  /** Deletes one more delivery of a message that is deleted already, and counted. Resolves as `settle` does. */
  discard(delivery: Delivery): Promise<boolean>;
  /** What waits for company leaves now. */
  hurry(): void;
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
  readonly #deletes: BatchCall<string, Settled>;
  /** Renewals too: the changes of one message are a lane, so a renewal never overtakes what settles it. */
  readonly #changes: BatchCall<Change, Settled>;
  readonly #deadLetters: BatchCall<SendEntry, Sent> | undefined;
  readonly #isDeadLetterFifo: boolean;
  #hasWarned = false;

  constructor(options: QueueSettlerOptions) {
    const { queue, deadLetterQueue, clock, random, settleLingerMs, instruments } = options;
    this.#options = options;
    // The next message of a group waits for the delete, so on a FIFO queue nothing lingers.
    const lingerMs = parseQueueUrl(queue.url).fifo ? 0 : settleLingerMs;
    // Entries are given up when their lease ends. While it is renewed half of it is always left: time for another attempt.
    const maxBackoffMs = Math.min(longestBackoffMs, options.visibilityTimeoutMs / 4);
    const callTimeoutMs = Math.min(longestCallMs, options.visibilityTimeoutMs / 4);
    const shared = { clock, random, lingerMs, maxBackoffMs, callTimeoutMs };
    this.#deletes = createBatchCall({
      ...shared,
      call: (handles, signal) => {
        instruments.count('deleteCalls');
        return queue.deleteBatch(handles, { signal });
      },
    });
    this.#changes = createBatchCall({
      ...shared,
      call: (changes, signal) => {
        instruments.count('changeVisibilityCalls');
        for (const change of changes) {
          change.calledAt = clock.monotonic();
        }
        return queue.changeVisibilityBatch(changes.map(wireForm), { signal });
      },
    });
    this.#isDeadLetterFifo = deadLetterQueue !== undefined && parseQueueUrl(deadLetterQueue.url).fifo;
    this.#deadLetters =
      deadLetterQueue &&
      createBatchCall({
        ...shared,
        maxBytes: sqsLimits.maxMessageBytes,
        call: (entries, signal) => {
          instruments.count('sendCalls');
          return deadLetterQueue.sendBatch(entries, { signal });
        },
      });
    this.leases = createLeaseKeeper({
      clock,
      visibilityTimeoutMs: options.visibilityTimeoutMs,
      changes: this.#changes,
      onLost: options.onLeaseLost,
    });
  }

  settle(delivery: Delivery, verdict: Verdict): Promise<boolean> {
    return this.#unlessLost(delivery, () => this.#carryOut(delivery, verdict));
  }

  discard(delivery: Delivery): Promise<boolean> {
    return this.#unlessLost(delivery, () => this.#delete(delivery, undefined));
  }

  hurry(): void {
    this.#deletes.hurry();
    this.#changes.hurry();
    this.#deadLetters?.hurry();
  }

  close(): void {
    this.leases.close();
    this.#deletes.close();
    this.#changes.close();
    this.#deadLetters?.close();
  }

  async #unlessLost(delivery: Delivery, carryOut: () => Promise<boolean>): Promise<boolean> {
    if (!this.#isOurs(delivery)) {
      return false;
    }
    try {
      return await carryOut();
    } catch (reason) {
      this.leases.letGo(delivery);
      this.#unsettled(delivery, toQueueError(reason, 'settle'));
      return false;
    }
  }

  async #carryOut(delivery: Delivery, verdict: Verdict): Promise<boolean> {
    switch (verdict.action) {
      case 'ack':
        return this.#delete(delivery, 'acked');
      case 'retry':
        await this.#makeVisibleIn(delivery, this.#delayOf(delivery, verdict.delayMs), 'retried');
        return false;
      case 'release':
        await this.#makeVisibleIn(delivery, 0, 'released');
        return false;
      case 'dead-letter':
        // JavaScript may give anything as a reason, an error above all.
        return this.#deadLetter(delivery, String(verdict.reason));
    }
  }

  /** The lease is renewed until the delete is answered, and so is the time that there is for it. */
  async #delete(delivery: Delivery, done: 'acked' | 'deadLettered' | undefined): Promise<boolean> {
    const { outcome } = this.#deletes.submit(delivery.receiptHandle, {
      deadlineAt: () => this.leases.expiresAt(delivery),
    });
    const answer = await outcome;
    this.leases.letGo(delivery);
    if (!answer.ok) {
      this.#unsettled(delivery, answer.error);
    } else if (done !== undefined) {
      this.#options.instruments.count(done);
    }
    return answer.ok;
  }

  /** Nothing is renewed any more: this has the last word on when the message is visible. */
  async #makeVisibleIn(delivery: Delivery, wantedMs: number, done: 'retried' | 'released'): Promise<void> {
    const calledAt = this.#options.clock.monotonic();
    const lease = this.leases.letGo(delivery);
    if (lease === undefined) {
      this.#unsettled(delivery, leaseOver(delivery));
      return;
    }
    const change: Change = {
      receiptHandle: delivery.receiptHandle,
      visibilityTimeoutMs: grantableMs(lease, calledAt, wantedMs),
      calledAt,
    };
    const answer = await this.#changes.submit(change, {
      lane: delivery.message.messageId,
      deadlineAt: () => lease.expiresAt,
    }).outcome;
    if (answer.ok) {
      this.#options.instruments.count(done);
    } else {
      this.#unsettled(delivery, answer.error);
    }
  }

  /** Sends first and deletes then: what fails in between leaves two, never none. */
  async #deadLetter(delivery: Delivery, reason: string): Promise<boolean> {
    const { message } = delivery;
    if (this.#deadLetters === undefined) {
      this.#warnOnce();
      await this.#makeVisibleIn(delivery, this.#options.retryMaxMs, 'retried');
      return false;
    }
    const entry = deadLetterEntry(message, reason, this.#isDeadLetterFifo);
    const answer = await this.#deadLetters.submit(entry, {
      bytes: payloadBytes(entry),
      lane: this.#isDeadLetterFifo ? entry.groupId : undefined,
      deadlineAt: () => this.leases.expiresAt(delivery),
    }).outcome;
    if (answer.ok) {
      return this.#isOurs(delivery) && this.#delete(delivery, 'deadLettered');
    }
    const { messageId } = message;
    const error = new QueueError(
      'dead-letter-failed',
      'the message could not be sent to the dead-letter queue; it is retried',
      { messageId, reason },
      { cause: answer.error },
    );
    this.#options.report(error, { during: 'settle', messageId });
    if (this.#isOurs(delivery)) {
      await this.#makeVisibleIn(delivery, this.#delayOf(delivery, undefined), 'retried');
    }
    return false;
  }

  #delayOf({ message }: Delivery, askedMs: number | undefined): number {
    return askedMs !== undefined && askedMs >= 0
      ? askedMs
      : retryDelayMs(message.receiveCount, this.#options);
  }

  #isOurs(delivery: Delivery): boolean {
    const isHeld = this.leases.holds(delivery);
    if (!isHeld) {
      this.#unsettled(delivery, leaseOver(delivery));
    }
    return isHeld;
  }

  #unsettled({ message: { messageId } }: Delivery, error: QueueError): void {
    this.#options.instruments.count('unsettled');
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

function wireForm({ receiptHandle, visibilityTimeoutMs }: Change): VisibilityChange {
  return { receiptHandle, visibilityTimeoutMs };
}

function leaseOver({ message: { messageId } }: Delivery): QueueError<'lease-lost'> {
  return new QueueError('lease-lost', 'the lease ended before the message could be settled', { messageId });
}
