import { release, type Verdict } from '@sqskit/core';
import type { Clock, Timer } from '@sqskit/core/clock';
import type { Delivery } from './delivery.ts';
import { createOpenPacks, type Open, type OpenPacks } from './open-packs.ts';
import type { Unfinished } from './pack.ts';
import { createSlotMeter, type SlotMeter } from './slot-meter.ts';
import type { StartLine } from './start-line.ts';
import type { Work } from './work.ts';

/** How many handlers may run at a time: looked at whenever one could start, so it may change at any time. */
export interface Slots {
  readonly max: number;
}

export interface RunnerOptions {
  readonly slots: Slots;
  readonly work: Work;
  readonly clock: Clock;
  /** What may be opened, and the places of groups. */
  readonly line: Pick<StartLine, 'next' | 'widen' | 'leave'>;
  /** Moves one message of a lane's pack. Resolves with whether it is moved. */
  readonly deadLetter: (open: Open, unfinished: Unfinished) => Promise<boolean>;
  /** Told when none of a pack waits or runs any more. */
  readonly onEnded: (open: Open) => void;
  /** Told when there may be more room than before. */
  readonly onRoom: () => void;
}

/** Opens SQS messages as slots are free, and runs the messages in them. */
export interface Runner {
  /** Slots in use. */
  readonly running: number;
  /** Messages expected in those SQS messages that are being opened, beyond the slot that each takes. */
  readonly unopened: number;
  /** Messages of opened packs that want a slot. */
  readonly unpacked: number;
  /** Of these, those that wait for others of their group. */
  readonly capped: number;
  /** Slot time that an SQS message takes, of late; `undefined` before the first is done. */
  readonly slotMsPerMessage: number | undefined;
  /** Starts what there are slots for. */
  fill(): void;
  /** What waits of a pack will not start. Not for those of lanes, which see for themselves that they are abandoned. */
  drop(open: Open): void;
  /** From now on nothing starts: what waits in packs is released. */
  drain(): void;
}

/**
 * Handlers that never wait are not run for longer than this in one go: there may be hundreds of messages ready, and
 * meanwhile no lease is renewed and no call is answered.
 */
const longestGoMs = 25;

/** A turn of the event loop that is waited for. */
interface Breath {
  readonly isOver: Promise<void>;
  end(): void;
}

const released = release();

export function createRunner(options: RunnerOptions): Runner {
  return new SlotRunner(options);
}

class SlotRunner implements Runner {
  readonly #options: RunnerOptions;
  readonly #packs: OpenPacks;
  readonly #meter: SlotMeter = createSlotMeter();
  #running = 0;
  #unopened = 0;
  #isDraining = false;
  /** Time that handlers have taken before they waited, if they did, since the last breath. */
  #goMs = 0;
  /** While it is set nothing starts. */
  #breath: Breath | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#packs = createOpenPacks(options.line);
  }

  get running(): number {
    return this.#running;
  }

  get unopened(): number {
    return this.#unopened;
  }

  get unpacked(): number {
    return this.#packs.waiting;
  }

  get slotMsPerMessage(): number | undefined {
    return this.#meter.perMessageMs;
  }

  get capped(): number {
    return this.#packs.capped;
  }

  fill(): void {
    const { clock, slots, line, onRoom } = this.#options;
    let now = clock.monotonic();
    this.#meter.inUse(this.#running + 1, now); // one at a time, if they never wait
    while (this.#running < slots.max && this.#breath === undefined) {
      const open = this.#packs.next();
      if (open !== undefined) {
        now = this.#start(open, now);
        continue;
      }
      const delivery = this.#isEnoughOpening ? undefined : line.next();
      if (delivery === undefined) {
        break;
      }
      void this.#openNext(delivery, now);
    }
    this.#meter.inUse(this.#running, now);
    onRoom();
  }

  drop(open: Open): void {
    this.#packs.drop(open);
    this.#ifEnded(open);
  }

  drain(): void {
    this.#isDraining = true;
    this.#breath?.end();
    for (const open of this.#packs.drain()) {
      open.pack.refuse(released, { running: false });
      this.#ifEnded(open);
    }
  }

  /** Whether the messages that are being opened are expected to fill the slots that are left. */
  get #isEnoughOpening(): boolean {
    return this.#running + this.#unopened >= this.#options.slots.max;
  }

  /** Adds to the present go, and returns when it is now. */
  #went(since: number): number {
    const { clock } = this.#options;
    const now = clock.monotonic();
    this.#goMs += now - since;
    if (this.#goMs >= longestGoMs && this.#breath === undefined && !this.#isDraining) {
      this.#takeBreath();
    }
    return now;
  }

  #takeBreath(): void {
    let breathed = (): void => undefined;
    const isOver = new Promise<void>((resolve) => {
      breathed = resolve;
    });
    const end = (): void => {
      timer.cancel();
      this.#breath = undefined;
      this.#goMs = 0;
      breathed();
    };
    const goOn = (): void => {
      end();
      this.fill();
    };
    const timer: Timer = this.#options.clock.setTimer(goOn, 0, { keepAlive: true });
    this.#breath = { isOver, end };
  }

  /** Opens a message, which takes a slot meanwhile. */
  async #openNext(delivery: Delivery, now: number): Promise<void> {
    delivery.phase = 'running';
    delivery.startedAt = now;
    const { instruments, load, packSize } = delivery.origin;
    instruments.opened(delivery.receivedAt, now);
    const others = packSize.expected - 1;
    this.#took(delivery);
    this.#unopened += others;
    load.unopened += others;
    const pack = await this.#options.work.open(delivery);
    while (this.#breath !== undefined) {
      await this.#breath.isOver;
    }
    this.#unopened -= others;
    load.unopened -= others;
    this.#left(delivery);
    this.#opened({ delivery, pack });
    this.fill();
  }

  #opened(open: Open): void {
    const { delivery, pack } = open;
    delivery.pack = pack;
    if (pack.size > 1 && pack.isReadable) {
      delivery.dropPayload();
    } else {
      delivery.weigh();
    }
    if (delivery.isAbandoned) {
      pack.dropWaiting();
    } else if (this.#isDraining) {
      pack.refuse(released, { running: false }); // it was being opened when nothing was to start any more
    }
    if (pack.waiting === 0) {
      this.#packs.leave(open);
      this.#ifEnded(open);
    } else if (delivery.lane === undefined) {
      delivery.origin.packSize.opened(pack.size);
      this.#packs.push(open);
      this.#start(open, this.#options.clock.monotonic());
    } else {
      void this.#runInOrder(open);
    }
  }

  /**
   * Runs the next message of a pack; not if its lease was over before anybody noticed, as in a busy process. Returns when
   * it is after that.
   */
  #start(open: Open, now: number): number {
    const { delivery, pack } = open;
    const position = pack.startNext();
    this.#took(delivery);
    const verdict = delivery.origin.holds(delivery, now)
      ? this.#options.work.run(delivery, pack, position)
      : released;
    if (verdict instanceof Promise) {
      void verdict.then((later) => {
        this.#left(open.delivery);
        this.#ended(open, position, later);
        this.fill();
      });
    } else {
      this.#left(open.delivery);
      this.#ended(open, position, verdict);
    }
    return this.#went(now);
  }

  #ended(open: Open, position: number, verdict: Verdict): void {
    if (open.delivery.isAbandoned) {
      open.pack.drop(position, verdict);
    } else {
      open.pack.end(position, verdict);
    }
    this.#packs.leave(open);
    this.#ifEnded(open);
  }

  /** The messages of a lane's pack: one after the other in one slot, until one fails. */
  async #runInOrder(open: Open): Promise<void> {
    const { delivery, pack } = open;
    const { work, clock, deadLetter } = this.#options;
    this.#took(delivery);
    while (pack.waiting > 0) {
      while (this.#breath !== undefined) {
        await this.#breath.isOver;
      }
      const now = clock.monotonic();
      if (this.#isDraining || !this.#isOurs(delivery, now)) {
        break;
      }
      const position = pack.startNext();
      const running = work.run(delivery, pack, position);
      this.#went(now);
      const verdict = await running;
      if (delivery.isAbandoned) {
        pack.drop(position, verdict);
        break;
      }
      const unfinished = pack.end(position, verdict);
      // One that is to be moved must have been, before the next may run.
      const isDone = unfinished === undefined || (await deadLetter(open, unfinished));
      if (!isDone) {
        break;
      }
    }
    this.#left(delivery);
    pack.dropWaiting();
    this.#ifEnded(open);
    this.fill();
  }

  #isOurs(delivery: Delivery, now: number): boolean {
    return !delivery.isAbandoned && delivery.origin.holds(delivery, now);
  }

  /** Takes a slot. */
  #took({ origin }: Delivery): void {
    this.#running++;
    origin.load.running++;
  }

  /** Leaves a slot. */
  #left({ origin }: Delivery): void {
    this.#running--;
    origin.load.running--;
  }

  #ifEnded(open: Open): void {
    if (open.pack.left === 0) {
      this.#meter.done();
      this.#options.onEnded(open);
    }
  }
}
