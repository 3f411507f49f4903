import { createLinkedList, type Linked, type LinkedList } from './linked-list.ts';

/** A member of a batch queue. */
export interface Queued {
  readonly bytes: number;
  readonly lane: string | undefined;
  /** Order of arrival: of a loose entry and a laned one, the older leaves first. */
  readonly sequence: number;
  /** Calls it took part in before. One that comes back need not linger. */
  readonly attempts: number;
  /** Goes in a batch of its own. */
  readonly alone: boolean;
}

/** The waiting entries of one lane, which leave one at a time. */
interface Lane<Q extends Queued & Linked<Q>> extends Linked<Lane<Q>> {
  readonly key: string;
  readonly waiting: LinkedList<Q>;
  /** `ready`: in the row of lanes whose head could leave. `out`: its head has left and is not settled yet. */
  state: 'idle' | 'ready' | 'out';
}

/**
 * What waits for a batch, and what a batch takes of it. No timers and no calls: pure bookkeeping, O(1) an entry.
 *
 *     loose   a b c d             any number of them can leave together
 *     lanes   g1: e f   g2: h     only the heads, e and h, could leave; f follows when e is settled
 *
 * Lanes take turns: one whose head is settled goes to the end of the row.
 */
export class BatchQueue<Q extends Queued & Linked<Q>> {
  readonly #loose: LinkedList<Q> = createLinkedList();
  readonly #lanes = new Map<string, Lane<Q>>();
  readonly #row: LinkedList<Lane<Q>> = createLinkedList();
  #bytes = 0;
  #urgent = 0;
  #hurriedThrough = -1;

  /** How many entries could leave now. */
  get count(): number {
    return this.#loose.size + this.#row.size;
  }

  /** How many bytes could leave now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether an entry that could leave now need not linger: it was hurried, or it comes back after a failure. */
  get isUrgent(): boolean {
    return this.#urgent > 0;
  }

  push(entry: Q): void {
    if (entry.lane === undefined) {
      this.#loose.pushBack(entry);
      this.#count(entry, 1);
      return;
    }
    const lane = this.#laneOf(entry.lane);
    lane.waiting.pushBack(entry);
    if (lane.state === 'idle') {
      this.#ready(lane, entry);
    }
  }

  /** Puts an entry that had left back to the front: it leaves before all that wait. */
  putBack(entry: Q): void {
    if (entry.lane === undefined) {
      this.#loose.pushFront(entry);
      this.#count(entry, 1);
      return;
    }
    const lane = this.#laneOf(entry.lane);
    lane.waiting.pushFront(entry);
    lane.state = 'ready';
    this.#row.pushFront(lane);
    this.#count(entry, 1);
  }

  /** Takes out an entry that waits. */
  withdraw(entry: Q): void {
    if (entry.lane === undefined) {
      this.#loose.remove(entry);
      this.#count(entry, -1);
      return;
    }
    const lane = this.#laneOf(entry.lane);
    const wasReady = lane.state === 'ready' && lane.waiting.first === entry;
    lane.waiting.remove(entry);
    if (wasReady) {
      this.#row.remove(lane);
      this.#count(entry, -1);
      this.#goOn(lane);
    }
  }

  /** An entry that had left is settled: its lane may go on. */
  release(entry: Q): void {
    if (entry.lane !== undefined) {
      this.#goOn(this.#laneOf(entry.lane));
    }
  }

  /** Entries up to this sequence, the newest there is, need not linger. */
  hurry(sequence: number): void {
    this.#hurriedThrough = sequence;
    this.#urgent = this.count;
  }

  /** The entry that would leave next. */
  peek(): Q | undefined {
    const loose = this.#loose.first;
    const laned = this.#row.first?.waiting.first;
    if (loose === undefined || laned === undefined) {
      return loose ?? laned;
    }
    return loose.sequence < laned.sequence ? loose : laned;
  }

  /** Takes what fits one batch. An entry larger than `maxBytes` goes alone. */
  cut(maxEntries: number, maxBytes: number): Q[] {
    const batch: Q[] = [];
    let bytes = 0;
    while (batch.length < maxEntries) {
      const entry = this.peek();
      if (entry === undefined) {
        break;
      }
      if (batch.length > 0 && (entry.alone || bytes + entry.bytes > maxBytes)) {
        break;
      }
      this.#take(entry);
      batch.push(entry);
      bytes += entry.bytes;
      if (entry.alone) {
        break;
      }
    }
    return batch;
  }

  #take(entry: Q): void {
    this.#count(entry, -1);
    if (entry.lane === undefined) {
      this.#loose.remove(entry);
      return;
    }
    const lane = this.#laneOf(entry.lane);
    this.#row.remove(lane);
    lane.waiting.remove(entry);
    lane.state = 'out';
  }

  /** Notes that an entry could leave now, or no longer. */
  #count(entry: Q, sign: 1 | -1): void {
    this.#bytes += sign * entry.bytes;
    if (entry.attempts > 0 || entry.sequence <= this.#hurriedThrough) {
      this.#urgent += sign;
    }
  }

  #laneOf(key: string): Lane<Q> {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { key, waiting: createLinkedList(), state: 'idle', previous: undefined, next: undefined };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #ready(lane: Lane<Q>, head: Q): void {
    lane.state = 'ready';
    this.#row.pushBack(lane);
    this.#count(head, 1);
  }

  #goOn(lane: Lane<Q>): void {
    const head = lane.waiting.first;
    if (head === undefined) {
      this.#lanes.delete(lane.key);
    } else {
      this.#ready(lane, head);
    }
  }
}
