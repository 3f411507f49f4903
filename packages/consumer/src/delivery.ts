import { payloadBytes, type QueueError, type ReceivedMessage } from '@sqskit/core';
import type { Done } from './completed.ts';
import type { Instruments } from './instruments.ts';
import type { Load } from './load.ts';
import type { Memory } from './memory.ts';
import type { Pack, Unfinished } from './pack.ts';
import type { PackSize } from './pack-size.ts';
import type { PoisonRule } from './poison.ts';

/**
 * Where a message in hand is on its way.
 *
 *     waiting ──► running ──► settling ──► over
 *        └───────────────────────▲          ▲
 *        (given back unstarted)  └── lost ──┘
 */
type Phase = 'waiting' | 'running' | 'settling' | 'over';

/** Where deliveries come from: what belongs to one queue, or to one invocation. */
export interface Origin {
  readonly queueUrl: string;
  readonly poison: PoisonRule;
  readonly instruments: Instruments;
  readonly packSize: PackSize;
  readonly load: Load;
  readonly memory: Memory;
  /** What is done of the SQS message by way of another delivery, and needs no run. */
  earlier(delivery: Delivery): Done | undefined;
  /** Whether the message is still ours at this time. One that turns out not to be is given to `Engine.lose` before it returns. */
  holds(delivery: Delivery, now: number): boolean;
}

/** What a delivery may have to wait for. */
export interface DeliveryOrder {
  /** The message group on a FIFO queue, of one origin: deliveries of one lane run one at a time and in order. */
  readonly lane?: string | undefined;
  /** The message group on a standard queue whose groups are capped, of one origin: so many of one have slots at a time. */
  readonly group?: string | undefined;
  /**
   * Instead of a lane, the message group on a FIFO queue whose messages run beside one another, because their handlers see
   * to their order: where one fails, those behind it do not start, and are told to end.
   */
  readonly order?: string | undefined;
}

/** One SQS message in hand. */
export interface Delivery extends DeliveryOrder {
  /** Without its body and attributes once they were dropped. */
  readonly message: ReceivedMessage;
  readonly origin: Origin;
  /** Kept by the engine. */
  phase: Phase;
  /** When its receive was answered; the last, if it came again while it was in hand. */
  receivedAt: number;
  /** When it was begun to be opened; before that it is of no meaning. */
  startedAt: number;
  /** What is in it, once it is opened. */
  pack: Pack | undefined;
  /** The newest receipt handle: SQS may deliver a message again while it is in hand. */
  receiptHandle: string;
  /** Whether somebody else has seen to it: what its handlers do settles nothing. */
  readonly isAbandoned: boolean;
  /** Why its handlers were told to end, if they were. */
  readonly toldToEnd: QueueError | undefined;
  /** Its handlers that go on although the time that each of them has for itself was up. */
  overdue: number;
  /** Aborts when its handlers are told to end. */
  readonly signal: AbortSignal;
  /** Nobody will ask for its body and attributes any more: what waits to be settled shall not keep them in memory. */
  dropPayload(): void;
  /** Counts what it and its pack keep in memory now. To be called when that has changed, but for `dropPayload`. */
  weigh(): void;
  /** It keeps nothing any more. */
  forget(): void;
  /** Aborts this one along with the signal, until `unfollow`. */
  follow(controller: AbortController): void;
  unfollow(controller: AbortController): void;
  /** Aborts the signal. */
  tellToEnd(reason: QueueError): void;
  /** As `tellToEnd`, and what its handlers do from now on settles nothing. */
  abandon(reason: QueueError): void;
}

/**
 * How a driver of the engine settles what it received: the poll loop deletes and changes visibility timeouts; an event
 * source that does so itself is told which messages failed.
 */
export interface Settler {
  /** Gives back a message that was not run. Never rejects. */
  giveBack(delivery: Delivery): Promise<void>;
  /** Deletes a message of which an earlier delivery was done. Resolves as `conclude` does. */
  discard(delivery: Delivery): Promise<boolean>;
  /**
   * Carries out the verdicts on what is in a message. Resolves with whether it is gone from the queue; if not, it will
   * come again. Never rejects.
   */
  conclude(delivery: Delivery, pack: Pack): Promise<boolean>;
  /** Moves one message of a pack before the next of it runs. Resolves with whether it is moved. Never rejects. */
  deadLetter(delivery: Delivery, pack: Pack, unfinished: Unfinished): Promise<boolean>;
  /** Told once for each delivery when the engine has done with it. */
  over(delivery: Delivery, gone: boolean): void;
}

class MessageDelivery implements Delivery {
  message: ReceivedMessage;
  readonly origin: Origin;
  readonly lane: string | undefined;
  readonly group: string | undefined;
  readonly order: string | undefined;
  phase: Phase = 'waiting';
  receivedAt = 0;
  startedAt = 0;
  pack: Pack | undefined;
  receiptHandle: string;
  isAbandoned = false;
  overdue = 0;
  #reason: QueueError | undefined;
  #controller: AbortController | undefined;
  #followers: Set<AbortController> | undefined;
  /** Counted in the origin's memory. */
  #bytes = 0;
  #payloadBytes: number;

  constructor(message: ReceivedMessage, origin: Origin, { lane, group, order }: DeliveryOrder) {
    this.message = message;
    this.origin = origin;
    this.lane = lane;
    this.group = group;
    this.order = order;
    this.receiptHandle = message.receiptHandle;
    this.#payloadBytes = payloadBytes(message);
    this.weigh();
  }

  get toldToEnd(): QueueError | undefined {
    return this.#reason;
  }

  /** Made when first asked for: most handlers never look at it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) {
        this.#controller.abort(this.#reason);
      }
    }
    return this.#controller.signal;
  }

  dropPayload(): void {
    this.message = { ...this.message, body: '', attributes: {} };
    this.#payloadBytes = 0;
    this.weigh();
  }

  weigh(): void {
    if (this.phase === 'over') {
      return; // nobody counts with it any more, although its handlers may run
    }
    this.#keep(this.#payloadBytes + (this.pack?.bytesBeside(this.message) ?? 0));
  }

  forget(): void {
    this.#keep(0);
  }

  #keep(bytes: number): void {
    this.origin.memory.bytes += bytes - this.#bytes;
    this.#bytes = bytes;
  }

  follow(controller: AbortController): void {
    if (this.#reason !== undefined) {
      controller.abort(this.#reason);
      return;
    }
    this.#followers ??= new Set();
    this.#followers.add(controller);
  }

  unfollow(controller: AbortController): void {
    this.#followers?.delete(controller);
  }

  tellToEnd(reason: QueueError): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason);
    for (const follower of this.#followers ?? []) {
      follower.abort(this.#reason);
    }
  }

  abandon(reason: QueueError): void {
    this.isAbandoned = true;
    this.tellToEnd(reason);
  }
}

export function createDelivery(message: ReceivedMessage, origin: Origin, order: DeliveryOrder): Delivery {
  return new MessageDelivery(message, origin, order);
}
