import { type QueueError, release, type Verdict } from '@sqskit/core';
import { createDeque, type Deque } from '@sqskit/core/deque';
import type { Delivery, Settler } from './delivery.ts';
import { combineVerdicts } from './failure-policy.ts';
import { createIdleWaiters } from './idle-waiters.ts';
import { createStartLine } from './start-line.ts';
import type { ItemRun, OpenedDelivery, Work } from './work.ts';

export interface EngineOptions {
  /** Most handlers at a time. */
  readonly maxConcurrency: number;
  readonly work: Work;
  /** Told when there may be more room than before. */
  readonly onRoom: () => void;
}

/**
 * Runs the handlers of messages in hand and has them settled. Knows nothing of where they come from, and of leases
 * only what it is told with `lose`.
 */
export interface Engine {
  /** Not started yet. */
  readonly waiting: number;
  /** Of those that wait, the ones that only want a slot; the others wait for their lane. */
  readonly ready: number;
  /** Slots in use: a slot is free again when its handler has ended, even if nobody waits for its result any more. */
  readonly running: number;
  /** Handled, and not settled yet. */
  readonly settling: number;
  /** Takes messages in hand. Each runs when there is a slot and its lane is free, and is settled once. */
  process(deliveries: readonly Delivery[], settler: Settler): void;
  /** Settles a message without running it. */
  settle(delivery: Delivery, verdict: Verdict, settler: Settler): void;
  /** Its lease is lost: nothing more is settled for it. Its handler is told and keeps its slot until it ends. */
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

/** A handler run of a message that has started already, waiting for a slot of its own. */
interface ExtraRun {
  readonly start: () => void;
  readonly refuse: () => void;
}

class SlotEngine implements Engine {
  readonly #options: EngineOptions;
  readonly #line = createStartLine();
  readonly #extraRuns: Deque<ExtraRun> = createDeque();
  readonly #inHand = new Map<Delivery, Settler>();
  #running = 0;
  #settling = 0;
  #isDraining = false;
  readonly #idleWaiters = createIdleWaiters();

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#line.ready + this.#line.blocked;
  }

  get ready(): number {
    return this.#line.ready;
  }

  get running(): number {
    return this.#running;
  }

  get settling(): number {
    return this.#settling;
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

  settle(delivery: Delivery, verdict: Verdict, settler: Settler): void {
    this.#inHand.set(delivery, settler);
    void this.#finish(delivery, verdict);
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
    }
    // While it is being settled, the settler itself finds out.
  }

  drain(): void {
    this.#isDraining = true;
    for (;;) {
      const run = this.#extraRuns.popFront();
      if (run === undefined) {
        break;
      }
      run.refuse();
    }
    void this.#releaseAll(this.#line.drain());
  }

  giveUp(reason: QueueError): readonly Delivery[] {
    const running = [...this.#inHand.keys()].filter((delivery) => delivery.phase === 'running');
    for (const delivery of running) {
      const isLost = delivery.isAbandoned;
      delivery.abandon(reason);
      if (isLost) {
        this.#over(delivery, false);
      } else {
        void this.#finish(delivery, release());
      }
    }
    return running;
  }

  idle(): Promise<void> {
    return this.#idleWaiters.wait(this.#inHand.size === 0);
  }

  #fillSlots(): void {
    while (this.#running < this.#options.maxConcurrency) {
      const extraRun = this.#extraRuns.popFront();
      if (extraRun !== undefined) {
        this.#running++;
        extraRun.start();
        continue;
      }
      const delivery = this.#line.next();
      if (delivery === undefined) {
        break;
      }
      this.#running++;
      void this.#run(delivery);
    }
    this.#options.onRoom();
  }

  #freeSlot(): void {
    this.#running--;
    this.#fillSlots();
  }

  /** Opens a message and runs what is in it. It comes with one slot. */
  async #run(delivery: Delivery): Promise<void> {
    delivery.phase = 'running';
    const { verdict, deleted } = await this.#open(delivery);
    if (!delivery.isAbandoned) {
      await this.#finish(delivery, verdict, deleted);
    } else if (delivery.phase === 'running') {
      this.#leaveLane(delivery);
      this.#over(delivery, false);
    }
    // Otherwise it was given up, and is settled already.
  }

  // Apart from `#run`, which would hold the contents of the message until it is settled.
  async #open(delivery: Delivery): Promise<Pick<OpenedDelivery, 'deleted'> & { readonly verdict: Verdict }> {
    const { runs, deleted } = await this.#options.work(delivery);
    return { verdict: await this.#runAll(delivery, runs), deleted };
  }

  #runAll({ lane }: Delivery, runs: readonly ItemRun[]): Promise<Verdict> {
    if (this.#isDraining) {
      this.#freeSlot();
      return Promise.resolve(release()); // it was being opened when nothing was to start any more
    }
    return lane === undefined ? this.#runAtOnce(runs) : this.#runInOrder(runs);
  }

  /** The items of a message with no lane: each takes a slot, the first the one that the message came with. */
  async #runAtOnce([first, ...others]: readonly ItemRun[]): Promise<Verdict> {
    const verdicts = first === undefined ? [] : [first()];
    if (others.length > 0) {
      verdicts.push(...others.map((run) => this.#inSlot(run)));
      this.#fillSlots();
    }
    await verdicts[0];
    this.#freeSlot();
    return combineVerdicts(await Promise.all(verdicts));
  }

  /** The items of a message in a lane: one after the other in its slot, until one fails. */
  async #runInOrder(runs: readonly ItemRun[]): Promise<Verdict> {
    const verdicts: Verdict[] = [];
    for (const run of runs) {
      const verdict = this.#isDraining && verdicts.length > 0 ? release() : await run();
      verdicts.push(verdict);
      if (verdict.action !== 'ack') {
        break;
      }
    }
    this.#freeSlot();
    return combineVerdicts(verdicts);
  }

  #inSlot(run: ItemRun): Promise<Verdict> {
    return new Promise((resolve) => {
      const start = async (): Promise<void> => {
        resolve(await run());
        this.#freeSlot();
      };
      this.#extraRuns.pushBack({ start: () => void start(), refuse: () => resolve(release()) });
    });
  }

  async #finish(delivery: Delivery, verdict: Verdict, deleted?: () => Promise<void>): Promise<void> {
    const settler = this.#inHand.get(delivery);
    if (settler === undefined) {
      return;
    }
    this.#settles(delivery, verdict);
    if (delivery.lane !== undefined && (verdict.action === 'retry' || verdict.action === 'release')) {
      // While the head is in flight SQS hands out nothing of its group, so it is settled last.
      await this.#releaseLane(delivery);
    }
    const gone = await settler.settle(delivery, verdict);
    if (gone) {
      await deleted?.();
    } else {
      await this.#releaseLane(delivery);
    }
    this.#settling--;
    this.#leaveLane(delivery);
    this.#over(delivery, gone);
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
    const verdict = release();
    this.#settles(delivery, verdict);
    await this.#inHand.get(delivery)?.settle(delivery, verdict);
    this.#settling--;
    this.#over(delivery, false);
  }

  #settles(delivery: Delivery, { action }: Verdict): void {
    delivery.phase = 'settling';
    this.#settling++;
    if (action !== 'dead-letter') {
      delivery.dropPayload();
    }
  }

  #leaveLane({ lane }: Delivery): void {
    if (lane !== undefined) {
      this.#line.advance(lane);
      this.#fillSlots();
    }
  }

  #over(delivery: Delivery, gone: boolean): void {
    const settler = this.#inHand.get(delivery);
    delivery.phase = 'over';
    this.#inHand.delete(delivery);
    settler?.over(delivery, gone);
    this.#options.onRoom();
    if (this.#inHand.size === 0) {
      this.#idleWaiters.wake();
    }
  }
}
