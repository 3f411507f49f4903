import type { ReceivedMessage } from '@sqskit/core';
import type { Completed, Done } from './completed.ts';
import { createDelivery, type Delivery, type DeliveryOrder, type Origin, type Settler } from './delivery.ts';
import type { Engine } from './engine.ts';
import type { Received } from './lease-keeper.ts';
import type { Pack, Unfinished } from './pack.ts';
import type { QueueSettler } from './settler.ts';

export interface HandOptions {
  readonly origin: Origin;
  /** What a message may have to wait for. */
  readonly orderOf: (message: ReceivedMessage) => DeliveryOrder;
  readonly engine: Engine;
  readonly settler: QueueSettler;
  /** Done, or some of it, and SQS has not confirmed the delete. */
  readonly completed: Completed;
}

/**
 * What a poll loop has in hand, by message id. SQS may deliver a message that is in hand already (at least once; or its
 * visibility timeout was over on SQS's clock first): there is never a second run of it beside the first.
 *
 *     waiting or running, lease held      the delivery goes on with the newer receipt handle
 *     its lease lost, or being settled    the newer delivery waits until the older one is over; then it is deleted
 *                                         without a run where that was done, and runs otherwise. On a FIFO queue it
 *                                         waits in its lane, as the next of its group would
 *     not in hand any more, but completed it is deleted without a run: SQS did not confirm the delete before; of a pack,
 *                                         what was done of it is not run again
 */
export interface Hand {
  take(messages: readonly ReceivedMessage[], received: Received): void;
  /** What is done of the message by way of another delivery, and needs no run. */
  earlier(delivery: Delivery): Done | undefined;
}

export function createHand(options: HandOptions): Hand {
  return new PolledHand(options);
}

class PolledHand implements Hand, Settler {
  readonly #options: HandOptions;
  readonly #byId = new Map<string, Delivery>();
  /** The newest delivery of a message, while an older one is not over. */
  readonly #successors = new Map<Delivery, Delivery>();
  readonly #completed: Completed;
  /** Deliveries in hand whose message is deleted, and counted, by way of an older one. */
  readonly #gone = new WeakSet<Delivery>();

  constructor(options: HandOptions) {
    this.#options = options;
    this.#completed = options.completed;
  }

  take(messages: readonly ReceivedMessage[], received: Received): void {
    const fresh: Delivery[] = [];
    const late = new Set<string>(); // orders of which one has to wait for its older delivery
    for (const message of messages) {
      const current = this.#byId.get(message.messageId);
      const delivery =
        current === undefined
          ? this.#deliver(message, received)
          : this.#takeAgain(current, message, received);
      if (delivery?.order !== undefined && late.has(delivery.order)) {
        delivery.forget();
        void this.giveBack(delivery);
      } else if (delivery !== undefined) {
        this.#byId.set(message.messageId, delivery);
        fresh.push(delivery);
      } else if (current?.order !== undefined && this.#successors.has(current)) {
        late.add(current.order);
      }
    }
    this.#options.engine.process(fresh, this);
  }

  earlier(delivery: Delivery): Done | undefined {
    return this.#gone.has(delivery) ? 'deleted' : this.#completed.find(delivery.message.messageId);
  }

  giveBack(delivery: Delivery): Promise<void> {
    return this.#options.settler.giveBack(delivery);
  }

  async discard(delivery: Delivery): Promise<boolean> {
    const gone = await this.#options.settler.discard(delivery);
    if (gone) {
      this.#completed.forget(delivery.message.messageId);
    }
    return gone;
  }

  deadLetter(delivery: Delivery, pack: Pack, unfinished: Unfinished): Promise<boolean> {
    return this.#options.settler.deadLetter(delivery, pack, unfinished);
  }

  async conclude(delivery: Delivery, pack: Pack): Promise<boolean> {
    if (this.#gone.has(delivery)) {
      return this.discard(delivery);
    }
    const { messageId } = delivery.message;
    const gone = await this.#options.settler.conclude(delivery, pack);
    if (gone) {
      this.#completed.forget(messageId);
      const newer = this.#successors.get(delivery) ?? this.#byId.get(messageId);
      if (newer !== undefined && newer !== delivery) {
        this.#gone.add(newer);
      }
    }
    return gone;
  }

  over(delivery: Delivery, gone: boolean): void {
    const { engine, settler } = this.#options;
    const { messageId } = delivery.message;
    if (this.#byId.get(messageId) === delivery) {
      this.#byId.delete(messageId);
    }
    if (!gone) {
      this.#remember(delivery);
    }
    const successor = this.#successors.get(delivery);
    this.#successors.delete(delivery);
    if (successor === undefined) {
      return;
    }
    if (!settler.leases.holds(successor)) {
      successor.forget();
      return;
    }
    this.#byId.set(messageId, successor);
    if (gone) {
      engine.discard(successor, this);
    } else {
      engine.process([successor], this);
    }
  }

  #remember(delivery: Delivery): void {
    const { message, pack } = delivery;
    if (this.#gone.has(delivery)) {
      this.#completed.add(message.messageId, 'deleted');
    } else if (pack?.isBegun === true) {
      this.#completed.add(message.messageId, pack.progress());
    }
  }

  #deliver(message: ReceivedMessage, received: Received): Delivery {
    const { origin, orderOf, settler } = this.#options;
    const delivery = createDelivery(message, origin, orderOf(message));
    if (this.#completed.find(message.messageId) === 'deleted') {
      this.#gone.add(delivery);
    }
    delivery.receivedAt = received.receivedAt;
    settler.leases.hold(delivery, received);
    return delivery;
  }

  /** Returns a delivery of its own where the message is to go its way again. */
  #takeAgain(current: Delivery, message: ReceivedMessage, received: Received): Delivery | undefined {
    const { settler, origin } = this.#options;
    origin.instruments.count('duplicates');
    if (settler.leases.holds(current) && current.phase !== 'settling') {
      current.receiptHandle = message.receiptHandle;
      current.receivedAt = received.receivedAt;
      settler.leases.hold(current, received);
      return undefined;
    }
    const newest = this.#deliver(message, received);
    if (newest.lane !== undefined) {
      return newest; // it waits in its lane, ahead of those of its group that came after it
    }
    const older = this.#successors.get(current);
    if (older !== undefined) {
      settler.leases.letGo(older);
      older.forget();
    }
    this.#successors.set(current, newest);
    return undefined;
  }
}
