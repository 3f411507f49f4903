import { createLinkedList, type Linked, type LinkedList } from './linked-list.ts';
import type { Counted, Tally } from './tally.ts';

export interface Laned extends Counted {
  readonly lane: string | undefined;
}

/** How many entries of a lane go in one call: `strict`, one; `throughput`, as many consecutive ones as fit. */
export type LaneOrder = 'strict' | 'throughput';

interface Lane<Q extends Laned & Linked<Q>> extends Linked<Lane<Q>> {
  readonly key: string;
  readonly waiting: LinkedList<Q>;
  /** Of those that wait. */
  bytes: number;
  /** Entries that have left and are neither settled nor back. */
  out: number;
  isPaused: boolean;
  isInRow: boolean;
}

/**
 * Entries that leave in order: while some of a lane are out, the others wait. Lanes take turns: one whose entries are
 * settled goes to the end of the row.
 *
 *     strict       g1: e f   g2: h     only the heads, e and h, could leave; f follows when e is settled
 *     throughput   g1: e f   g2: h     all three could leave, in one call
 *
 * A lane is remembered while it has entries, and while it is paused.
 */
export class Lanes<Q extends Laned & Linked<Q>> {
  readonly #tally: Tally;
  readonly #order: LaneOrder;
  readonly #lanes = new Map<string, Lane<Q>>();
  /** Those of which entries could leave, the next first. */
  readonly #row: LinkedList<Lane<Q>> = createLinkedList();

  constructor(tally: Tally, order: LaneOrder) {
    this.#tally = tally;
    this.#order = order;
  }

  get first(): Q | undefined {
    return this.#row.first?.waiting.first;
  }

  push(key: string, entry: Q): void {
    const lane = this.#laneOf(key);
    lane.waiting.pushBack(entry);
    lane.bytes += entry.bytes;
    if (!lane.isInRow) {
      this.#goOn(lane, 'last');
    } else if (this.#order === 'throughput') {
      this.#tally.offer(1, entry.bytes);
    }
  }

  /** Undoes `takeFirst`, latest first; also for entries that come back. */
  putBack(key: string, entry: Q): void {
    const lane = this.#laneOf(key);
    lane.waiting.pushFront(entry);
    lane.bytes += entry.bytes;
    lane.out--;
    this.#goOn(lane, 'first');
  }

  /** The next of its lane may follow in the same call, until `endCall`. */
  takeFirst(): void {
    const lane = this.#row.first;
    const entry = lane?.waiting.first;
    if (lane === undefined || entry === undefined) {
      return;
    }
    this.#leaveRow(lane);
    this.#remove(lane, entry);
    lane.out++;
    if (this.#order === 'throughput' && lane.waiting.size > 0) {
      this.#joinRow(lane, 'first');
    }
  }

  /** What is left of a lane that the call has taken of waits. */
  endCall(): void {
    const lane = this.#row.first;
    if (lane !== undefined && lane.out > 0) {
      this.#leaveRow(lane);
    }
  }

  withdraw(key: string, entry: Q): void {
    const lane = this.#laneOf(key);
    const isHead = lane.waiting.first === entry;
    if (lane.isInRow && isHead) {
      this.#leaveRow(lane);
    } else if (lane.isInRow && this.#order === 'throughput') {
      this.#tally.offer(-1, -entry.bytes);
    }
    this.#remove(lane, entry);
    if (isHead) {
      this.#goOn(lane, 'last');
    }
  }

  /** An entry that had left is settled: its lane may go on. */
  release(key: string): void {
    const lane = this.#laneOf(key);
    lane.out--;
    this.#goOn(lane, 'last');
  }

  pause(key: string): void {
    const lane = this.#laneOf(key);
    lane.isPaused = true;
    if (lane.isInRow) {
      this.#leaveRow(lane);
    }
  }

  paused(): readonly string[] {
    return [...this.#lanes.values()].filter(({ isPaused }) => isPaused).map(({ key }) => key);
  }

  resume(key: string): void {
    const lane = this.#lanes.get(key);
    if (lane?.isPaused === true) {
      lane.isPaused = false;
      this.#goOn(lane, 'last');
    }
  }

  #goOn(lane: Lane<Q>, place: 'first' | 'last'): void {
    if (lane.out === 0 && !lane.isPaused && lane.waiting.size > 0) {
      this.#joinRow(lane, place);
    } else {
      this.#forgetIfIdle(lane);
    }
  }

  #joinRow(lane: Lane<Q>, place: 'first' | 'last'): void {
    lane.isInRow = true;
    if (place === 'first') {
      this.#row.pushFront(lane);
    } else {
      this.#row.pushBack(lane);
    }
    this.#offer(lane, 1);
  }

  #leaveRow(lane: Lane<Q>): void {
    lane.isInRow = false;
    this.#row.remove(lane);
    this.#offer(lane, -1);
  }

  #offer(lane: Lane<Q>, sign: 1 | -1): void {
    const head = lane.waiting.first;
    if (head === undefined) {
      return;
    }
    this.#tally.head(head, sign);
    if (this.#order === 'strict') {
      this.#tally.offer(sign, sign * head.bytes);
    } else {
      this.#tally.offer(sign * lane.waiting.size, sign * lane.bytes);
    }
  }

  #remove(lane: Lane<Q>, entry: Q): void {
    lane.waiting.remove(entry);
    lane.bytes -= entry.bytes;
  }

  #forgetIfIdle(lane: Lane<Q>): void {
    if (lane.out === 0 && !lane.isPaused && lane.waiting.size === 0) {
      this.#lanes.delete(lane.key);
    }
  }

  #laneOf(key: string): Lane<Q> {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = {
        key,
        waiting: createLinkedList(),
        bytes: 0,
        out: 0,
        isPaused: false,
        isInRow: false,
        previous: undefined,
        next: undefined,
      };
      this.#lanes.set(key, lane);
    }
    return lane;
  }
}
