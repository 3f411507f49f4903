import { createLinkedList, type Linked, type LinkedList } from './linked-list.ts';
import type { Counted, Tally } from './tally.ts';

export interface Flowing extends Counted {
  /** Entries without one share one. */
  readonly flow: string | undefined;
}

interface Flow<Q extends Flowing & Linked<Q>> extends Linked<Flow<Q>> {
  readonly key: string | undefined;
  readonly waiting: LinkedList<Q>;
}

/**
 * Loose entries: any number of them can leave together. Flows take turns, an entry at a time, so that one with many
 * entries does not keep the others waiting.
 *
 *     a: a1 a2 a3   b: b1   c: c1 c2        leave as a1 b1 c1 a2 c2 a3
 */
export class Flows<Q extends Flowing & Linked<Q>> {
  readonly #tally: Tally;
  readonly #flows = new Map<string, Flow<Q>>();
  /** Those with entries, the next first. */
  readonly #row: LinkedList<Flow<Q>> = createLinkedList();
  readonly #common: Flow<Q> = flowOf(undefined);

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  get first(): Q | undefined {
    return this.#row.first?.waiting.first;
  }

  /** The one that came first. Takes as many steps as there are flows. */
  get oldest(): Q | undefined {
    let oldest = this.first;
    if (this.#row.size > 1) {
      for (const { waiting } of this.#row) {
        if (oldest === undefined || (waiting.first?.sequence ?? oldest.sequence) < oldest.sequence) {
          oldest = waiting.first;
        }
      }
    }
    return oldest;
  }

  push(entry: Q): void {
    const flow = this.#flow(entry.flow);
    flow.waiting.pushBack(entry);
    if (flow.waiting.size === 1) {
      this.#row.pushBack(flow);
    }
    this.#count(entry, 1);
  }

  /** Undoes `takeFirst`, latest first; also for an entry that comes back. */
  putBack(entry: Q): void {
    const flow = this.#flow(entry.flow);
    flow.waiting.pushFront(entry);
    if (flow.waiting.size > 1) {
      this.#row.remove(flow);
    }
    this.#row.pushFront(flow);
    this.#count(entry, 1);
  }

  takeFirst(): void {
    const flow = this.#row.first;
    const entry = flow?.waiting.first;
    if (flow === undefined || entry === undefined) {
      return;
    }
    this.#remove(flow, entry);
    if (flow.waiting.size > 0 && this.#row.size > 1) {
      this.#row.remove(flow);
      this.#row.pushBack(flow);
    }
  }

  withdraw(entry: Q): void {
    this.#remove(this.#flow(entry.flow), entry);
  }

  #remove(flow: Flow<Q>, entry: Q): void {
    flow.waiting.remove(entry);
    this.#count(entry, -1);
    if (flow.waiting.size === 0) {
      this.#row.remove(flow);
      if (flow.key !== undefined) {
        this.#flows.delete(flow.key);
      }
    }
  }

  #count(entry: Q, sign: 1 | -1): void {
    this.#tally.offer(sign, sign * entry.bytes);
    this.#tally.head(entry, sign);
  }

  #flow(key: string | undefined): Flow<Q> {
    if (key === undefined) {
      return this.#common;
    }
    let flow = this.#flows.get(key);
    if (flow === undefined) {
      flow = flowOf(key);
      this.#flows.set(key, flow);
    }
    return flow;
  }
}

function flowOf<Q extends Flowing & Linked<Q>>(key: string | undefined): Flow<Q> {
  return { key, waiting: createLinkedList(), previous: undefined, next: undefined };
}
