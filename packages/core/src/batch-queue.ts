import { createDeque, type Deque } from './deque.ts';

/** A member of a batch queue. The queue passes over entries that are no longer `isWaiting`. */
export interface Queued {
  readonly bytes: number;
  readonly lane: string | undefined;
  /** Order of arrival: of a loose entry and a laned one, the older leaves first. */
  readonly sequence: number;
  readonly isWaiting: boolean;
  /** Goes in a batch of its own. */
  readonly alone: boolean;
}

/** The waiting entries of one lane, which leave one at a time. */
interface Lane<Q extends Queued> {
  readonly key: string;
  readonly waiting: Deque<Q>;
  /** `ready`: in the row of lanes whose head could leave. `out`: its head has left and is not settled yet. */
  state: 'idle' | 'ready' | 'out';
  /** What its head added to the bytes that could leave, when it became ready. */
  readyBytes: number;
}

/**
 * What waits for a batch, and what a batch takes of it. No timers and no calls: pure bookkeeping.
 *
 *     loose   a b c d             any number of them can leave together
 *     lanes   g1: e f   g2: h     only the heads, e and h, could leave; f follows when e is settled
 */
export class BatchQueue<Q extends Queued> {
  readonly #loose: Deque<Q> = createDeque();
  readonly #lanes = new Map<string, Lane<Q>>();
  readonly #readyLanes: Deque<Lane<Q>> = createDeque();
  #looseCount = 0;
  #bytes = 0;

  /** How many entries could leave now. */
  get count(): number {
    return this.#looseCount + this.#readyLanes.size;
  }

  /** How many bytes could leave now. */
  get bytes(): number {
    return this.#bytes;
  }

  push(entry: Q): void {
    if (entry.lane === undefined) {
      this.#loose.pushBack(entry);
      this.#countLoose(entry, 1);
      return;
    }
    const lane = this.#laneOf(entry.lane);
    lane.waiting.pushBack(entry);
    if (lane.state === 'idle') {
      this.#makeReady(lane);
    }
  }

  /** Puts an entry that had left back to the front: it leaves before everything that came after it. */
  putBack(entry: Q): void {
    if (entry.lane === undefined) {
      this.#loose.pushFront(entry);
      this.#countLoose(entry, 1);
      return;
    }
    const lane = this.#laneOf(entry.lane);
    lane.waiting.pushFront(entry);
    this.#makeReady(lane);
  }

  /** Forgets an entry that waits; the caller has made it no longer `isWaiting`. */
  withdraw(entry: Q): void {
    if (entry.lane === undefined) {
      this.#countLoose(entry, -1);
    }
    // A lane drops such entries when it comes to them.
  }

  /** An entry that had left is settled: its lane may go on. */
  release(entry: Q): void {
    if (entry.lane === undefined) {
      return;
    }
    const lane = this.#laneOf(entry.lane);
    if (liveFront(lane.waiting) === undefined) {
      this.#lanes.delete(lane.key);
    } else {
      this.#makeReady(lane);
    }
  }

  /** The entry that would leave next. */
  peek(): Q | undefined {
    const loose = liveFront(this.#loose);
    const lane = this.#peekLane();
    const laned = lane === undefined ? undefined : liveFront(lane.waiting);
    if (loose === undefined || laned === undefined) {
      return loose ?? laned;
    }
    return loose.sequence < laned.sequence ? loose : laned;
  }

  /** Takes what fits one batch, oldest first. An entry larger than `maxBytes` goes alone. */
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
    if (entry.lane === undefined) {
      this.#loose.popFront();
      this.#countLoose(entry, -1);
      return;
    }
    const lane = this.#readyLanes.popFront();
    if (lane !== undefined) {
      lane.waiting.popFront();
      lane.state = 'out';
      this.#bytes -= lane.readyBytes;
    }
  }

  #countLoose(entry: Q, sign: 1 | -1): void {
    this.#looseCount += sign;
    this.#bytes += sign * entry.bytes;
  }

  #laneOf(key: string): Lane<Q> {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { key, waiting: createDeque(), state: 'idle', readyBytes: 0 };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #makeReady(lane: Lane<Q>): void {
    lane.state = 'ready';
    lane.readyBytes = liveFront(lane.waiting)?.bytes ?? 0;
    this.#bytes += lane.readyBytes;
    this.#readyLanes.pushBack(lane);
  }

  /** The first lane in the row that still has something to send; drops those in which all was withdrawn. */
  #peekLane(): Lane<Q> | undefined {
    for (;;) {
      const lane = this.#readyLanes.peekFront();
      if (lane === undefined || liveFront(lane.waiting) !== undefined) {
        return lane;
      }
      this.#readyLanes.popFront();
      this.#bytes -= lane.readyBytes;
      this.#lanes.delete(lane.key);
    }
  }
}

/** The first entry that still waits; drops those before it. */
function liveFront<Q extends Queued>(deque: Deque<Q>): Q | undefined {
  for (;;) {
    const entry = deque.peekFront();
    if (entry === undefined || entry.isWaiting) {
      return entry;
    }
    deque.popFront();
  }
}
