import { QueueError, release } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import type { Delivery, Settler } from './delivery.ts';
import { createIdleWaiters } from './idle-waiters.ts';
import type { Open } from './open-packs.ts';
import type { Unfinished } from './pack.ts';
import { createRunner, type Runner, type Slots } from './runner.ts';
import { createStartLine, type StartLine } from './start-line.ts';
import type { Work } from './work.ts';

export interface EngineOptions {
  readonly slots: Slots;
  /** Of these, most for messages of one group of a standard queue. */
  readonly slotsPerGroup: number;
  readonly work: Work;
  readonly clock: Clock;
  /** Told when there may be more room than before. */
  readonly onRoom: () => void;
}

/**
 * Runs the handlers of messages in hand and has them settled. Knows nothing of where they come from, and of leases
 * only what it is told with `lose`.
 *
 * An SQS message is opened when it is its turn. Each of the messages in it takes a slot of its own; on a FIFO queue they
 * run one after the other in one slot, until one fails.
 */
export interface Engine {
  /** Not started yet: SQS messages that are not opened, and messages of those that are. */
  readonly waiting: number;
  /** Of the SQS messages that wait, those that only want a slot. */
  readonly ready: number;
  /** Of the SQS messages that wait, those that wait for others of their lane or group. */
  readonly blocked: number;
  /** Messages of opened packs that only want a slot. */
  readonly unpacked: number;
  /** Slots in use: a slot is free again when its handler has ended, even if nobody waits for its result any more. */
  readonly running: number;
  /** Messages expected in those SQS messages that are being opened, beyond the slot that each takes. */
  readonly unopened: number;
  /** SQS messages handled and not settled yet; one of which messages are sent again counts as so many. */
  readonly settling: number;
  /** Slot time that an SQS message takes, of late; `undefined` before the first is done. */
  readonly slotMsPerMessage: number | undefined;
  /** Handlers that go on although they were told to end. Takes time in proportion to what is in hand. */
  readonly zombies: number;
  /** When the first of the SQS messages that run was started. Takes time in proportion to what is in hand. */
  readonly oldestStartedAt: number | undefined;
  /** Takes messages in hand. Each runs when there is a slot and its lane is free, and is settled once. */
  process(deliveries: readonly Delivery[], settler: Settler): void;
  /** Starts what there are slots for. To be called when there may be more than before. */
  fill(): void;
  /** Has a message deleted without running it. */
  discard(delivery: Delivery, settler: Settler): void;
  /** Its lease is lost: nothing more is settled for it. Its handlers are told and keep their slots until they end. */
  lose(delivery: Delivery, reason: QueueError): void;
  /** From now on nothing starts: what waits, and what still comes, is released at once. */
  drain(): void;
  /** Tells every handler that runs to end. Its message is settled when it has. */
  tellToEnd(reason: QueueError): void;
  /** As `tellToEnd`, and releases the messages without waiting for the handlers. Returns those messages. */
  giveUp(reason: QueueError): readonly Delivery[];
  /** Resolves when nothing is in hand. */
  idle(): Promise<void>;
}

export function createEngine(options: EngineOptions): Engine {
  return new SlotEngine(options);
}

class SlotEngine implements Engine {
  readonly #line: StartLine;
  readonly #runner: Runner;
  readonly #inHand = new Map<Delivery, Settler>();
  readonly #onRoom: () => void;
  #settling = 0;
  #isDraining = false;
  readonly #idleWaiters = createIdleWaiters();

  constructor(options: EngineOptions) {
    this.#onRoom = options.onRoom;
    this.#line = createStartLine({ placesPerGroup: options.slotsPerGroup });
    this.#runner = createRunner({
      ...options,
      line: this.#line,
      deadLetter: (open, unfinished) => this.#deadLetter(open, unfinished),
      onEnded: (open) => this.#ended(open),
    });
  }

  get waiting(): number {
    return this.#line.ready + this.#line.blocked + this.#runner.unpacked;
  }

  get ready(): number {
    return this.#line.ready;
  }

  get blocked(): number {
    return this.#line.blocked;
  }

  get unpacked(): number {
    return this.#runner.unpacked - this.#runner.capped;
  }

  get running(): number {
    return this.#runner.running;
  }

  get unopened(): number {
    return this.#runner.unopened;
  }

  get settling(): number {
    return this.#settling;
  }

  get slotMsPerMessage(): number | undefined {
    return this.#runner.slotMsPerMessage;
  }

  get zombies(): number {
    return this.#runningDeliveries().reduce((zombies, delivery) => zombies + zombiesOf(delivery), 0);
  }

  get oldestStartedAt(): number | undefined {
    const earliest = this.#runningDeliveries().reduce(
      (before, { startedAt }) => Math.min(before, startedAt),
      Number.POSITIVE_INFINITY,
    );
    return earliest === Number.POSITIVE_INFINITY ? undefined : earliest;
  }

  process(deliveries: readonly Delivery[], settler: Settler): void {
    for (const delivery of deliveries) {
      this.#inHand.set(delivery, settler);
    }
    if (this.#isDraining) {
      void this.#releaseAll(deliveries);
      return;
    }
    for (const delivery of deliveries) {
      this.#line.push(delivery);
    }
    this.#runner.fill();
  }

  fill(): void {
    this.#runner.fill();
  }

  discard(delivery: Delivery, settler: Settler): void {
    this.#inHand.set(delivery, settler);
    void this.#settle(delivery, () => settler.discard(delivery));
  }

  lose(delivery: Delivery, reason: QueueError): void {
    if (!this.#inHand.has(delivery)) {
      return;
    }
    if (delivery.phase === 'waiting') {
      delivery.abandon(reason);
      void this.#releaseAll([...this.#line.withdraw(delivery), ...this.#cutOrder(delivery)]);
      this.#over(delivery, false);
    } else if (delivery.phase === 'running') {
      delivery.abandon(reason);
      void this.#stopBehind(delivery);
      const { pack } = delivery;
      if (pack !== undefined && delivery.lane === undefined) {
        this.#runner.drop({ delivery, pack });
      }
    }
    // While it is being settled, the settler itself finds out.
  }

  drain(): void {
    this.#isDraining = true;
    this.#runner.drain();
    void this.#releaseAll(this.#line.drain());
  }

  tellToEnd(reason: QueueError): void {
    for (const delivery of this.#runningDeliveries()) {
      delivery.tellToEnd(reason);
    }
  }

  giveUp(reason: QueueError): readonly Delivery[] {
    const running = this.#runningDeliveries();
    for (const delivery of running) {
      const isLost = delivery.isAbandoned;
      const { pack } = delivery;
      delivery.abandon(reason);
      if (isLost) {
        this.#over(delivery, false);
      } else if (pack === undefined) {
        void this.#settle(delivery, async (settler) => {
          await settler.giveBack(delivery);
          return false;
        });
      } else {
        pack.refuse(release(), { running: true });
        void this.#conclude({ delivery, pack });
      }
    }
    return running;
  }

  idle(): Promise<void> {
    return this.#idleWaiters.wait(this.#inHand.size === 0);
  }

  #runningDeliveries(): readonly Delivery[] {
    return [...this.#inHand.keys()].filter((delivery) => delivery.phase === 'running');
  }

  async #deadLetter({ delivery, pack }: Open, unfinished: Unfinished): Promise<boolean> {
    const settler = this.#inHand.get(delivery);
    return (
      settler !== undefined &&
      unfinished.verdict.action === 'dead-letter' &&
      (await settler.deadLetter(delivery, pack, unfinished))
    );
  }

  #ended(open: Open): void {
    const { delivery } = open;
    if (delivery.phase !== 'running') {
      return; // it was given up, and is settled already
    }
    if (delivery.isAbandoned) {
      this.#headOver(delivery, false);
    } else {
      void this.#conclude(open);
    }
  }

  async #conclude({ delivery, pack }: Open): Promise<void> {
    pack.forgetContents();
    if (pack.wantsPayload) {
      delivery.weigh();
    } else {
      delivery.dropPayload();
    }
    const conclude = async (settler: Settler): Promise<boolean> => {
      if (!pack.isDone) {
        // While the head is in flight SQS hands out nothing of its group, so it is settled last.
        await this.#stopBehind(delivery);
      }
      const gone = await settler.conclude(delivery, pack);
      if (gone && !pack.isMoved) {
        await pack.deleted?.();
      }
      return gone;
    };
    await this.#settle(delivery, conclude, Math.max(1, pack.unfinished.size));
  }

  async #settle(
    delivery: Delivery,
    settle: (settler: Settler) => Promise<boolean>,
    weight = 1,
  ): Promise<void> {
    const settler = this.#inHand.get(delivery);
    if (settler === undefined) {
      return;
    }
    delivery.phase = 'settling';
    this.#countSettling(delivery, weight);
    const gone = await settle(settler);
    if (!gone) {
      await this.#releaseLane(delivery);
    }
    this.#countSettling(delivery, -weight);
    this.#headOver(delivery, gone);
  }

  /** One of a lane or an order has failed: what is behind it must not run before it has run again. */
  async #stopBehind(delivery: Delivery): Promise<void> {
    await Promise.all([this.#releaseLane(delivery), this.#releaseAll(this.#cutOrder(delivery))]);
  }

  /** Gives back what is behind the head of a lane. */
  async #releaseLane({ lane }: Delivery): Promise<void> {
    if (lane !== undefined) {
      await this.#releaseAll(this.#line.cut(lane));
    }
  }

  /** Of those behind one of its order, tells those that run to end; takes out and returns the others. */
  #cutOrder(delivery: Delivery): readonly Delivery[] {
    const { order } = delivery;
    if (order === undefined) {
      return [];
    }
    const inHand = [...this.#inHand.keys()];
    const behind = inHand.slice(inHand.indexOf(delivery) + 1).filter((other) => other.order === order);
    const waiting = behind.filter(({ phase }) => phase === 'waiting');
    for (const other of waiting) {
      this.#line.withdraw(other);
    }
    for (const other of behind.filter(({ phase }) => phase === 'running')) {
      other.tellToEnd(
        new QueueError('stopped', 'a message before it in its group failed', { what: 'group' }),
      );
    }
    return waiting;
  }

  /** Releases messages that have not started, last first, so that what is visible is never ahead of its lane. */
  async #releaseAll(deliveries: readonly Delivery[]): Promise<void> {
    if (deliveries.length > 0) {
      await Promise.all(deliveries.toReversed().map((delivery) => this.#giveBack(delivery)));
    }
  }

  async #giveBack(delivery: Delivery): Promise<void> {
    delivery.phase = 'settling';
    delivery.dropPayload();
    this.#countSettling(delivery, 1);
    await this.#inHand.get(delivery)?.giveBack(delivery);
    this.#countSettling(delivery, -1);
    this.#over(delivery, false);
  }

  #countSettling({ origin }: Delivery, by: number): void {
    this.#settling += by;
    origin.load.settling += by;
  }

  #over(delivery: Delivery, gone: boolean): void {
    this.#letGo(delivery, gone);
    this.#noticeRoom();
  }

  /** As `#over`, of one that may be the head of a lane: the next of it may start. */
  #headOver(delivery: Delivery, gone: boolean): void {
    this.#letGo(delivery, gone);
    if (delivery.lane !== undefined) {
      this.#line.advance(delivery.lane);
      this.#runner.fill();
    }
    this.#noticeRoom();
  }

  #letGo(delivery: Delivery, gone: boolean): void {
    const settler = this.#inHand.get(delivery);
    delivery.phase = 'over';
    delivery.forget();
    this.#inHand.delete(delivery);
    settler?.over(delivery, gone);
  }

  #noticeRoom(): void {
    this.#onRoom();
    if (this.#inHand.size === 0) {
      this.#idleWaiters.wake();
    }
  }
}

function zombiesOf({ toldToEnd, pack, overdue }: Delivery): number {
  return toldToEnd === undefined ? overdue : (pack?.running ?? 0);
}
