import { createDeque, type Deque } from '@sqskit/core/deque';
import type { Delivery } from './delivery.ts';

/**
 * Which delivery may start next. No timers and no calls: pure bookkeeping.
 *
 *     ready   a  b  g1:c  g2:e       loose ones and the heads of lanes
 *     lanes   g1: d    g2: f g       wait until the head of their lane is settled
 */
export interface StartLine {
  /** How many could start if there were slots. */
  readonly ready: number;
  /** How many wait behind the head of their lane. */
  readonly blocked: number;
  push(delivery: Delivery): void;
  /** Takes the next that may start. */
  next(): Delivery | undefined;
  /** The head of this lane is settled: the next of it may start. */
  advance(lane: string): void;
  /** Takes out everything behind the head of a lane, oldest first. */
  cut(lane: string): Delivery[];
  /** Takes one out. Returns what was taken out with it: those of its lane behind it, oldest first. */
  withdraw(delivery: Delivery): Delivery[];
  /** Takes out everything; of one lane, oldest first. */
  drain(): Delivery[];
}

export function createStartLine(): StartLine {
  return new LanedStartLine();
}

class LanedStartLine implements StartLine {
  #ready: Deque<Delivery> = createDeque();
  /** A lane is here while its head is ready or has started; what is behind the head waits in it. */
  readonly #lanes = new Map<string, Deque<Delivery>>();
  /** Taken out of `#ready` ahead of their turn; passed over when their turn comes. */
  readonly #withdrawn = new Set<Delivery>();
  #blocked = 0;

  get ready(): number {
    return this.#ready.size - this.#withdrawn.size;
  }

  get blocked(): number {
    return this.#blocked;
  }

  push(delivery: Delivery): void {
    const { lane } = delivery;
    const behind = lane === undefined ? undefined : this.#lanes.get(lane);
    if (behind !== undefined) {
      behind.pushBack(delivery);
      this.#blocked++;
      return;
    }
    if (lane !== undefined) {
      this.#lanes.set(lane, createDeque());
    }
    this.#ready.pushBack(delivery);
  }

  next(): Delivery | undefined {
    for (;;) {
      const delivery = this.#ready.popFront();
      if (delivery === undefined || !this.#withdrawn.delete(delivery)) {
        return delivery;
      }
    }
  }

  advance(lane: string): void {
    const next = this.#lanes.get(lane)?.popFront();
    if (next === undefined) {
      this.#lanes.delete(lane);
    } else {
      this.#blocked--;
      this.#ready.pushBack(next);
    }
  }

  cut(lane: string): Delivery[] {
    const behind = this.#lanes.get(lane);
    if (behind === undefined) {
      return [];
    }
    this.#lanes.set(lane, createDeque());
    this.#blocked -= behind.size;
    return [...behind];
  }

  withdraw(delivery: Delivery): Delivery[] {
    const { lane } = delivery;
    const behind = lane === undefined ? [] : this.cut(lane);
    const at = behind.indexOf(delivery);
    if (at === -1) {
      this.#withdrawn.add(delivery);
      if (lane !== undefined) {
        this.#lanes.delete(lane); // it was the head, and nothing is behind it any more
      }
      return behind;
    }
    for (const before of behind.slice(0, at)) {
      this.push(before);
    }
    return behind.slice(at + 1);
  }

  drain(): Delivery[] {
    const heads = [...this.#ready].filter((delivery) => !this.#withdrawn.has(delivery));
    const behind = [...this.#lanes.keys()].flatMap((lane) => this.cut(lane));
    for (const { lane } of heads) {
      if (lane !== undefined) {
        this.#lanes.delete(lane);
      }
    }
    this.#ready = createDeque();
    this.#withdrawn.clear();
    return [...heads, ...behind];
  }
}
