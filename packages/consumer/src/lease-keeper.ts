import { QueueError, type Settled, type SettleOutcome } from '@sqskit/core';
import { type Alarm, createAlarm } from '@sqskit/core/alarm';
import type { Clock } from '@sqskit/core/clock';
import type { BatchCall, Submission } from './batch-call.ts';
import type { Delivery } from './delivery.ts';
import {
  grantableMs,
  isExpired,
  type Lease,
  renewableFrom,
  renewalDueAt,
  renewalRetryAt,
  renewLease,
  takeLease,
} from './lease.ts';
import { isHandleRefused } from './refused-handle.ts';
import type { Visibility } from './visibility.ts';

/** A change of visibility, as it waits for its batch. */
export interface Change {
  readonly receiptHandle: string;
  readonly visibilityTimeoutMs: number;
  /** When the call that carries it was begun; the last one, if it was repeated. */
  calledAt: number;
}

/** When a poll was answered, and the visibility timeout that it had asked for. */
export interface Received {
  readonly receivedAt: number;
  readonly visibilityTimeoutMs: number;
}

export interface LeaseKeeperOptions {
  readonly clock: Clock;
  readonly visibility: Visibility;
  /** Where renewals are submitted, and what else changes a message's visibility: one lane for each message. */
  readonly changes: BatchCall<Change, Settled>;
  /** Told of each renewal that SQS has granted. */
  readonly onRenewed: () => void;
  /** Told when a message is no longer ours; not for one that is being settled, whose settler finds out by itself. */
  readonly onLost: (delivery: Delivery) => void;
}

/** Holds the leases of every message in hand: waiting, running or being settled. */
export interface LeaseKeeper {
  /** Holds a message that a poll has brought, or has brought again. */
  hold(delivery: Delivery, received: Received): void;
  /** Whether the message is ours now. One whose lease is over by this time is lost. */
  holds(delivery: Delivery, now?: number): boolean;
  /** When its lease ends as things are; -Infinity where it is not held. */
  expiresAt(delivery: Delivery): number;
  /**
   * It is to be deleted: no renewal is begun for a quarter of what is left of the lease. After that one is, between two
   * attempts of the delete. If one fails it was the last: what is left of the lease is left to the delete.
   */
  deleting(delivery: Delivery, deletion: Submission<Settled>): void;
  /** Renews it no more, and returns the lease it had. What changes its visibility from now on has the last word. */
  letGo(delivery: Delivery): Lease | undefined;
  /** Lets everything go. */
  close(): void;
}

export function createLeaseKeeper(options: LeaseKeeperOptions): LeaseKeeper {
  return new TimedLeaseKeeper(options);
}

interface Held {
  lease: Lease;
  renewAt: number;
  renewal: Submission<Settled> | undefined;
  /** What deletes its message. */
  deletion: Submission<Settled> | undefined;
}

class TimedLeaseKeeper implements LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #held = new Map<Delivery, Held>();
  readonly #alarm: Alarm;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#alarm = createAlarm(options.clock, () => this.#wake());
  }

  hold(delivery: Delivery, { receivedAt, visibilityTimeoutMs }: Received): void {
    this.letGo(delivery);
    const lease = takeLease(receivedAt, visibilityTimeoutMs);
    const renewAt = renewalDueAt(lease);
    this.#held.set(delivery, { lease, renewAt, renewal: undefined, deletion: undefined });
    this.#alarm.ringBy(Math.min(renewAt, lease.expiresAt));
  }

  holds(delivery: Delivery, now = this.#options.clock.monotonic()): boolean {
    const held = this.#held.get(delivery);
    if (held === undefined) {
      return false;
    }
    // The timer may be late: the process may have been busy for longer than the lease.
    if (isExpired(held.lease, now)) {
      this.#lose(delivery);
      return false;
    }
    return true;
  }

  expiresAt(delivery: Delivery): number {
    return this.#held.get(delivery)?.lease.expiresAt ?? Number.NEGATIVE_INFINITY;
  }

  deleting(delivery: Delivery, deletion: Submission<Settled>): void {
    const held = this.#held.get(delivery);
    if (held === undefined) {
      return;
    }
    held.deletion = deletion;
    if (held.renewal?.isUnderWay === false) {
      held.renewal.cancel();
      held.renewal = undefined;
    }
    this.#putOff(held);
  }

  letGo(delivery: Delivery): Lease | undefined {
    const held = this.#held.get(delivery);
    this.#held.delete(delivery);
    held?.renewal?.cancel();
    return held?.lease;
  }

  close(): void {
    for (const delivery of this.#held.keys()) {
      this.letGo(delivery);
    }
    this.#alarm.clear();
  }

  /** Renews what is due and, so that batches fill, what would be due soon. */
  #wake(): void {
    const now = this.#options.clock.monotonic();
    const isAnyDue = this.#isRenewalDue(now);
    let nextAt = Number.POSITIVE_INFINITY;
    for (const [delivery, held] of this.#held) {
      if (isExpired(held.lease, now)) {
        this.#lose(delivery);
        continue;
      }
      if (isAnyDue && held.renewal === undefined && renewableAt(held) <= now) {
        this.#renew(delivery, held, now);
      }
      nextAt = Math.min(nextAt, held.lease.expiresAt, held.renewal === undefined ? held.renewAt : nextAt);
    }
    this.#alarm.ringBy(nextAt);
  }

  #isRenewalDue(now: number): boolean {
    for (const { renewal, renewAt } of this.#held.values()) {
      if (renewal === undefined && renewAt <= now) {
        return true;
      }
    }
    return false;
  }

  #renew(delivery: Delivery, held: Held, now: number): void {
    const { visibility, changes } = this.#options;
    const visibilityTimeoutMs = grantableMs(held.lease, now, visibility.renewalMs(held.lease, now));
    const change: Change = { receiptHandle: delivery.receiptHandle, visibilityTimeoutMs, calledAt: now };
    const { messageId } = delivery.message;
    const renewal = changes.submit(change, {
      messageId,
      lane: messageId,
      deadlineAt: () => held.lease.expiresAt,
      repeats: () => held.deletion === undefined,
    });
    held.renewal = renewal;
    void renewal.outcome.then((outcome) => {
      if (this.#held.get(delivery) === held && held.renewal === renewal) {
        held.renewal = undefined;
        this.#renewed(delivery, held, change, outcome);
      }
    });
  }

  #renewed(delivery: Delivery, held: Held, change: Change, outcome: SettleOutcome): void {
    if (outcome.ok) {
      this.#options.onRenewed();
      held.lease = renewLease(held.lease, change.calledAt, change.visibilityTimeoutMs);
      held.renewAt = renewalDueAt(held.lease);
      this.#alarm.ringBy(Math.min(held.renewAt, held.lease.expiresAt));
    } else if (isHandleRefused(outcome.error) && held.deletion?.wasCalled !== true) {
      this.#lose(delivery); // after a delete was called that says nothing: it may be done
    } else if (held.deletion !== undefined) {
      held.renewAt = Number.POSITIVE_INFINITY;
    } else {
      this.#putOff(held);
    }
  }

  #putOff(held: Held): void {
    held.renewAt = Math.max(held.renewAt, renewalRetryAt(held.lease, this.#options.clock.monotonic()));
    this.#alarm.ringBy(Math.min(held.renewAt, held.lease.expiresAt));
  }

  #lose(delivery: Delivery): void {
    const deletion = this.#held.get(delivery)?.deletion;
    if (deletion?.wasCalled === true) {
      return; // its answer says what became of the message
    }
    this.letGo(delivery);
    deletion?.cancel(leaseOver(delivery));
    if (delivery.phase !== 'settling') {
      this.#options.onLost(delivery);
    }
  }
}

/** So that batches fill, along with others that are due; but not beside a delete. */
function renewableAt({ lease, renewAt, deletion }: Held): number {
  return deletion === undefined ? renewableFrom(lease, renewAt) : renewAt;
}

export function leaseOver({ message: { messageId } }: Delivery): QueueError<'lease-lost'> {
  return new QueueError('lease-lost', 'the lease ended before the message could be settled', { messageId });
}
