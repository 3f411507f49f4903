import { type QueueError, release, type Verdict } from '@sqskit/core';
import type { Clock, Timer } from '@sqskit/core/clock';
import { createDeque, type Deque } from '@sqskit/core/deque';
import type { Delivery, Settler } from './delivery.ts';
import { createIdleWaiters } from './idle-waiters.ts';
import type { Pack, Unfinished } from './pack.ts';
import { createStartLine } from './start-line.ts';
import type { Work } from './work.ts';

export interface EngineOptions {
  /** Most handlers at a time. */
  readonly maxConcurrency: number;
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
  /** Of the SQS messages that wait, those that only want a slot; the others wait for their lane. */
  readonly ready: number;
  /** Messages of opened packs that want a slot. */
  readonly unpacked: number;
  /** Slots in use: a slot is free again when its handler has ended, even if nobody waits for its result any more. */
  readonly running: number;
  /** Of these, slots of SQS messages that are being opened. */
  readonly opening: number;
  /** SQS messages handled and not settled yet; one of which messages are sent again counts as so many. */
  readonly settling: number;
  /**
   * How many messages that take a slot of their own an SQS message is to be expected to hold: as many as the largest of
   * late. Undefined before the first.
   */
  readonly packSize: number | undefined;
  /** Takes messages in hand. Each runs when there is a slot and its lane is free, and is settled once. */
  process(deliveries: readonly Delivery[], settler: Settler): void;
  /** Has a message deleted without running it. */
  discard(delivery: Delivery, settler: Settler): void;
  /** Its lease is lost: nothing more is settled for it. Its handlers are told and keep their slots until they end. */
  lose(delivery: Delivery, reason: QueueError): void;
  /** From now on nothing starts: what waits, and what still comes, is released at once. */
  drain(): void;
  /** Tells every handler that runs to end, and releases its message without waiting for it. Returns those messages. */
  giveUp(reason: QueueError): readonly Delivery[];
  /** Resolves when nothing is in hand. */
  idle(): Promise<void>;
}

export function createEngine(options: EngineOptions): Engine {
  return new SlotEngine(options);
}

/** A delivery that is opened. */
interface Open {
  readonly delivery: Delivery;
  readonly pack: Pack;
}

/** How much an SQS message that holds fewer than expected counts. */
const packSizeDecay = 1 / 32;

/**
 * Handlers that never wait are not run for longer than this in one go: a pack may hold hundreds, and meanwhile no lease
 * is renewed and no call is answered.
 */
const longestGoMs = 25;

class SlotEngine implements Engine {
  readonly #options: EngineOptions;
  readonly #line = createStartLine();
  /** Packs with messages that want slots, and some that have none any more. */
  readonly #open: Deque<Open> = createDeque();
  readonly #inHand = new Map<Delivery, Settler>();
  #unpacked = 0;
  #running = 0;
  #opening = 0;
  #settling = 0;
  #packSize: number | undefined;
  #isDraining = false;
  /** While it is set nothing starts. */
  #breath: Timer | undefined;
  readonly #idleWaiters = createIdleWaiters();

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#line.ready + this.#line.blocked + this.#unpacked;
  }

  get ready(): number {
    return this.#line.ready;
  }

  get unpacked(): number {
    return this.#unpacked;
  }

  get running(): number {
    return this.#running;
  }

  get opening(): number {
    return this.#opening;
  }

  get settling(): number {
    return this.#settling;
  }

  get packSize(): number | undefined {
    return this.#packSize;
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
    this.#fillSlots();
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
      void this.#releaseAll(this.#line.withdraw(delivery));
      this.#over(delivery, false);
    } else if (delivery.phase === 'running') {
      delivery.abandon(reason);
      void this.#releaseLane(delivery);
      const { pack } = delivery;
      if (pack !== undefined && delivery.lane === undefined) {
        this.#unpacked -= pack.dropWaiting();
        this.#ifEnded({ delivery, pack });
      }
    }
    // While it is being settled, the settler itself finds out.
  }

  drain(): void {
    this.#isDraining = true;
    this.#breath?.cancel();
    this.#breath = undefined;
    for (;;) {
      const open = this.#open.popFront();
      if (open === undefined) {
        break;
      }
      if (open.pack.waiting > 0) {
        this.#unpacked -= open.pack.refuse(release(), { running: false });
        this.#ifEnded(open);
      }
    }
    void this.#releaseAll(this.#line.drain());
  }

  giveUp(reason: QueueError): readonly Delivery[] {
    const running = [...this.#inHand.keys()].filter((delivery) => delivery.phase === 'running');
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

  #fillSlots(): void {
    const { clock, maxConcurrency } = this.#options;
    const startedAt = clock.monotonic();
    while (this.#running < maxConcurrency && this.#breath === undefined) {
      const open = this.#nextOpen();
      if (open !== undefined) {
        this.#unpacked--;
        this.#start(open);
        if (clock.monotonic() - startedAt >= longestGoMs && !this.#isDraining) {
          this.#takeBreath();
        }
        continue;
      }
      const delivery = this.#isEnoughOpening ? undefined : this.#line.next();
      if (delivery === undefined) {
        break;
      }
      void this.#openNext(delivery);
    }
    this.#options.onRoom();
  }

  /** Whether the messages that are being opened are expected to fill the slots that are left. */
  get #isEnoughOpening(): boolean {
    const { maxConcurrency } = this.#options;
    return this.#running + this.#opening * ((this.#packSize ?? 1) - 1) >= maxConcurrency;
  }

  #nextOpen(): Open | undefined {
    for (;;) {
      const open = this.#open.peekFront();
      if (open === undefined || open.pack.waiting > 0) {
        return open;
      }
      this.#open.popFront();
    }
  }

  #takeBreath(): void {
    const goOn = (): void => {
      this.#breath = undefined;
      this.#fillSlots();
    };
    this.#breath = this.#options.clock.setTimer(goOn, 0, { keepAlive: true });
  }

  /** Opens a message, which takes a slot meanwhile. */
  async #openNext(delivery: Delivery): Promise<void> {
    delivery.phase = 'running';
    this.#running++;
    this.#opening++;
    const pack = await this.#options.work.open(delivery);
    this.#opening--;
    this.#running--;
    this.#opened({ delivery, pack });
    this.#fillSlots();
  }

  #opened(open: Open): void {
    const { delivery, pack } = open;
    if (delivery.isAbandoned) {
      pack.dropWaiting();
      this.#ifEnded(open);
      return;
    }
    delivery.pack = pack;
    if (pack.size > 1 && pack.isReadable) {
      delivery.dropPayload();
    }
    if (this.#isDraining) {
      pack.refuse(release(), { running: false }); // it was being opened when nothing was to start any more
    }
    if (pack.left === 0) {
      this.#ifEnded(open);
    } else if (delivery.lane === undefined) {
      this.#packSize = expected(this.#packSize, pack.size);
      if (pack.waiting > 1) {
        this.#unpacked += pack.waiting - 1;
        this.#open.pushBack(open);
      }
      this.#start(open);
    } else {
      void this.#runInOrder(open);
    }
  }

  /** Runs the next message of a pack. */
  #start(open: Open): void {
    const position = open.pack.startNext();
    this.#running++;
    const verdict = this.#options.work.run(open.delivery, open.pack, position);
    if (verdict instanceof Promise) {
      void verdict.then((later) => {
        this.#running--;
        this.#ended(open, position, later);
        this.#fillSlots();
      });
    } else {
      this.#running--;
      this.#ended(open, position, verdict);
    }
  }

  #ended(open: Open, position: number, verdict: Verdict): void {
    if (open.delivery.isAbandoned) {
      open.pack.drop(position);
    } else {
      open.pack.end(position, verdict);
    }
    this.#ifEnded(open);
  }

  /** Sees to a pack when none of it waits or runs any more. */
  #ifEnded(open: Open): void {
    const { delivery, pack } = open;
    if (pack.left > 0 || delivery.phase !== 'running') {
      return; // or it was given up, and is settled already
    }
    if (delivery.isAbandoned) {
      this.#headOver(delivery, false);
    } else {
      void this.#conclude(open);
    }
  }

  /** The messages of a lane's pack: one after the other in one slot, until one fails. */
  async #runInOrder(open: Open): Promise<void> {
    const { delivery, pack } = open;
    this.#running++;
    while (pack.waiting > 0 && !delivery.isAbandoned) {
      const position = pack.startNext();
      const verdict = await this.#options.work.run(delivery, pack, position);
      if (delivery.isAbandoned) {
        pack.drop(position);
        break;
      }
      const unfinished = pack.end(position, verdict);
      // One that is to be moved must have been, before the next may run.
      const isDone = unfinished === undefined || (await this.#deadLettered(open, unfinished));
      if (!isDone || this.#isDraining) {
        break;
      }
    }
    this.#running--;
    pack.dropWaiting();
    this.#ifEnded(open);
    this.#fillSlots();
  }

  async #deadLettered({ delivery, pack }: Open, unfinished: Unfinished): Promise<boolean> {
    const settler = this.#inHand.get(delivery);
    return (
      settler !== undefined &&
      unfinished.verdict.action === 'dead-letter' &&
      (await settler.deadLetter(delivery, pack, unfinished))
    );
  }

  async #conclude({ delivery, pack }: Open): Promise<void> {
    if (!pack.wantsPayload) {
      delivery.dropPayload();
    }
    pack.forgetContents();
    const conclude = async (settler: Settler): Promise<boolean> => {
      if (!pack.isDone) {
        // While the head is in flight SQS hands out nothing of its group, so it is settled last.
        await this.#releaseLane(delivery);
      }
      const gone = await settler.conclude(delivery, pack);
      if (gone) {
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
    this.#settling += weight;
    const gone = await settle(settler);
    if (!gone) {
      await this.#releaseLane(delivery);
    }
    this.#settling -= weight;
    this.#headOver(delivery, gone);
  }

  /** Gives back what is behind the head of a lane: it must not run before the head has run again. */
  async #releaseLane({ lane }: Delivery): Promise<void> {
    if (lane !== undefined) {
      await this.#releaseAll(this.#line.cut(lane));
    }
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
    this.#settling++;
    await this.#inHand.get(delivery)?.giveBack(delivery);
    this.#settling--;
    this.#over(delivery, false);
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
      this.#fillSlots();
    }
    this.#noticeRoom();
  }

  #letGo(delivery: Delivery, gone: boolean): void {
    const settler = this.#inHand.get(delivery);
    delivery.phase = 'over';
    this.#inHand.delete(delivery);
    settler?.over(delivery, gone);
  }

  #noticeRoom(): void {
    this.#options.onRoom();
    if (this.#inHand.size === 0) {
      this.#idleWaiters.wake();
    }
  }
}

/** Rises at once, so that what is fetched is not more than there is room for, and falls slowly. */
function expected(before: number | undefined, size: number): number {
  return before === undefined || size >= before ? size : before - (before - size) * packSizeDecay;
}
