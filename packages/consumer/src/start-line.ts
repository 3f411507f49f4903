import { createDeque, type Deque } from '@sqskit/core/deque';
import type { Delivery } from './delivery.ts';

/**
 * Which delivery may start next. No timers and no calls: pure bookkeeping.
 *
 *     ready   a  b  g1:c  g2:e       those that have a place in their lane or group, or need none
 *     behind  g1: d    g2: f g       wait until one of their lane or group gives its place up
 *
 * A lane, of a FIFO queue, has one place, which its head keeps until it is settled. A group of a standard queue has as
 * many as it is allowed slots, and a delivery of it keeps its place as long as it has a slot.
 */
export interface StartLine {
  /** How many could start if there were slots. */
  readonly ready: number;
  /** How many wait behind others of their lane or group. */
  readonly blocked: number;
  push(delivery: Delivery): void;
  /** Takes the next that may start. */
  next(): Delivery | undefined;
  /** Takes one more place in the group of one that has started: for another message of its pack. False without one. */
  widen(group: string): boolean;
  /** A slot of this group is free: the next of it may start. */
  leave(group: string): void;
  /** The head of this lane is settled: the next of it may start. */
  advance(lane: string): void;
  /** Takes out everything behind the head of a lane, oldest first. */
  cut(lane: string): Delivery[];
  /** Takes one out. Returns what was taken out with it: those of its lane behind it, oldest first. */
  withdraw(delivery: Delivery): Delivery[];
  /** Takes out everything; of one lane, oldest first. */
  drain(): Delivery[];
}

export interface StartLineOptions {
  /** Most places of a group of a standard queue. */
  readonly placesPerGroup: number;
}

export function createStartLine(options: StartLineOptions): StartLine {
  return new QueuedStartLine(options);
}

class QueuedStartLine implements StartLine {
  #ready: Deque<Delivery> = createDeque();
  readonly #lanes = new Places(1);
  readonly #groups: Places;
  /** Taken out of `#ready` ahead of their turn; passed over when their turn comes. */
  readonly #withdrawn = new Set<Delivery>();

  constructor({ placesPerGroup }: StartLineOptions) {
    this.#groups = new Places(placesPerGroup);
  }

  get ready(): number {
    return this.#ready.size - this.#withdrawn.size;
  }

  get blocked(): number {
    return this.#lanes.blocked + this.#groups.blocked;
  }

  push(delivery: Delivery): void {
    const { lane, group } = delivery;
    const isReady =
      lane === undefined
        ? group === undefined || this.#groups.enter(group, delivery)
        : this.#lanes.enter(lane, delivery);
    if (isReady) {
      this.#enterReady(delivery);
    }
  }

  next(): Delivery | undefined {
    for (;;) {
      const delivery = this.#ready.popFront();
      if (delivery === undefined) {
        return undefined;
      }
      if (!this.#withdrawn.delete(delivery)) {
        delivery.origin.load.ready--;
        return delivery;
      }
    }
  }

  widen(group: string): boolean {
    return this.#groups.take(group);
  }

  leave(group: string): void {
    this.#promote(this.#groups.leave(group));
  }

  advance(lane: string): void {
    this.#promote(this.#lanes.leave(lane));
  }

  cut(lane: string): Delivery[] {
    return this.#lanes.cut(lane);
  }

  withdraw(delivery: Delivery): Delivery[] {
    const { lane, group } = delivery;
    if (lane === undefined) {
      if (group === undefined || !this.#groups.remove(group, delivery)) {
        this.#passOver(delivery);
        if (group !== undefined) {
          this.leave(group);
        }
      }
      return [];
    }
    const behind = this.cut(lane);
    const at = behind.indexOf(delivery);
    if (at === -1) {
      this.#passOver(delivery);
      this.advance(lane); // it was the head, and nothing is behind it any more
      return behind;
    }
    for (const before of behind.slice(0, at)) {
      this.push(before);
    }
    return behind.slice(at + 1);
  }

  drain(): Delivery[] {
    const heads = [...this.#ready].filter((delivery) => !this.#withdrawn.has(delivery));
    const behind = [...this.#lanes.cutAll(), ...this.#groups.cutAll()];
    for (const { origin, lane, group } of heads) {
      origin.load.ready--;
      if (lane !== undefined) {
        this.#lanes.leave(lane);
      } else if (group !== undefined) {
        this.#groups.leave(group);
      }
    }
    this.#ready = createDeque();
    this.#withdrawn.clear();
    return [...heads, ...behind];
  }

  #promote(delivery: Delivery | undefined): void {
    if (delivery !== undefined) {
      this.#enterReady(delivery);
    }
  }

  #enterReady(delivery: Delivery): void {
    delivery.origin.load.ready++;
    this.#ready.pushBack(delivery);
  }

  /** One that is ready is taken out ahead of its turn. */
  #passOver(delivery: Delivery): void {
    delivery.origin.load.ready--;
    this.#withdrawn.add(delivery);
  }
}

/** A lane or a group of which at least one place is taken. */
interface Line {
  taken: number;
  /** Empty unless every place is taken. */
  behind: Deque<Delivery>;
}

/** So many places in each line, and who waits for one. */
class Places {
  readonly #width: number;
  readonly #lines = new Map<string, Line>();
  blocked = 0;

  constructor(width: number) {
    this.#width = width;
  }

  /** Takes a place if one is free. */
  take(name: string): boolean {
    const line = this.#lines.get(name);
    if (line === undefined) {
      this.#lines.set(name, { taken: 1, behind: createDeque() });
      return true;
    }
    if (line.taken < this.#width) {
      line.taken++;
      return true;
    }
    return false;
  }

  /** Takes a place, or waits for one. */
  enter(name: string, delivery: Delivery): boolean {
    if (this.take(name)) {
      return true;
    }
    this.#lines.get(name)?.behind.pushBack(delivery);
    this.#count(delivery, 1);
    return false;
  }

  /** Gives up a place. Returns who takes it. */
  leave(name: string): Delivery | undefined {
    const line = this.#lines.get(name);
    const next = line?.behind.popFront();
    if (next !== undefined) {
      this.#count(next, -1);
    } else if (line !== undefined && --line.taken === 0) {
      this.#lines.delete(name);
    }
    return next;
  }

  /** Takes out all that wait, oldest first. */
  cut(name: string): Delivery[] {
    const line = this.#lines.get(name);
    if (line === undefined || line.behind.size === 0) {
      return [];
    }
    const behind = [...line.behind];
    line.behind = createDeque();
    for (const delivery of behind) {
      this.#count(delivery, -1);
    }
    return behind;
  }

  cutAll(): Delivery[] {
    return [...this.#lines.keys()].flatMap((name) => this.cut(name));
  }

  /** Takes out one that waits; false if it does not. */
  remove(name: string, delivery: Delivery): boolean {
    const behind = this.cut(name);
    const others = behind.filter((other) => other !== delivery);
    for (const other of others) {
      this.enter(name, other);
    }
    return others.length < behind.length;
  }

  #count({ origin }: Delivery, sign: 1 | -1): void {
    this.blocked += sign;
    origin.load.blocked += sign;
  }
}
