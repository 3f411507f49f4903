import {
  attributesBytes,
  type BrokenItem,
  contentBytes,
  type HandlerContext,
  type OpenedItem,
  type Payload,
  type Verdict,
} from '@sqskit/core';
import type { Done } from './completed.ts';

/** How a message of a pack was settled: what it adds to. `retried` and `released` ones were sent again. */
export type SettledAs = 'acked' | 'deadLettered' | 'retried' | 'released';

/** Where each message of a pack stands, by position: how it was settled, or where it is on its way. */
export type Progress = Uint8Array;

export const waysToSettle: readonly SettledAs[] = ['acked', 'deadLettered', 'retried', 'released'];

const waiting = 0;
const running = 1;
const ended = 2;
const firstSettled = 3;
const acked = firstSettled;
const stateOf = (as: SettledAs): number => firstSettled + waysToSettle.indexOf(as);
const deadLettered = stateOf('deadLettered');

/** A message of a pack with a verdict that is yet to be carried out. */
export interface Unfinished {
  readonly position: number;
  readonly item: OpenedItem | BrokenItem;
  verdict: Verdict;
}

export interface PackOptions {
  readonly items: readonly (OpenedItem | BrokenItem)[];
  /** Shared by the handlers of all of them. */
  readonly context: HandlerContext;
  /** To be called once SQS has deleted the pack. Never rejects. */
  readonly deleted?: (() => Promise<void>) | undefined;
  /** What is done of the same SQS message by way of another delivery. */
  readonly earlier?: Done | undefined;
}

/**
 * What an SQS message holds, one message or many, and how far each has come. Pure bookkeeping, O(1) a message.
 *
 *     waiting ──► running ──► settled       done for good: acknowledged, moved, or sent again
 *        └───────────┴──► unfinished ──►┘   with a verdict that is not carried out yet
 */
export class Pack {
  readonly size: number;
  readonly context: HandlerContext;
  readonly deleted: (() => Promise<void>) | undefined;
  /** Those with a verdict that is not carried out. */
  readonly unfinished: Set<Unfinished> = new Set();
  #items: readonly (OpenedItem | BrokenItem)[];
  readonly #states: Progress;
  #waiting: number;
  #running = 0;
  #settled = 0;
  #isMoved = false;
  #next = 0;

  constructor({ items, context, deleted, earlier }: PackOptions) {
    this.size = items.length;
    this.context = context;
    this.deleted = earlier === 'deleted' ? undefined : deleted; // it has been called
    this.#items = items;
    this.#states = new Uint8Array(items.length);
    if (earlier === 'deleted') {
      this.#states.fill(acked);
      this.#settled = items.length;
    } else if (earlier?.length === items.length) {
      this.#states.set(earlier);
      this.#settled = earlier.reduce((count, state) => (state === waiting ? count : count + 1), 0);
      this.#isMoved = items.some((item, at) => earlier[at] === deadLettered && this.movesAsItIs(item));
    }
    this.#waiting = this.size - this.#settled;
  }

  /** How many have not started. */
  get waiting(): number {
    return this.#waiting;
  }

  /** How many run. */
  get running(): number {
    return this.#running;
  }

  /** How many wait or run. */
  get left(): number {
    return this.#waiting + this.#running;
  }

  /** Whether all of it is settled. */
  get isDone(): boolean {
    return this.#settled === this.size;
  }

  /** Whether any of it is settled. */
  get isBegun(): boolean {
    return this.#settled > 0;
  }

  /** How many are not settled. */
  get undone(): number {
    return this.size - this.#settled;
  }

  /** Whether every message of it could be read, so that nobody will ask for the SQS message's own body. */
  get isReadable(): boolean {
    return this.#items.every((item) => 'content' in item);
  }

  /** Whether a message of it goes to the dead-letter queue as the SQS message stands, not sealed anew. */
  movesAsItIs(item: OpenedItem | BrokenItem): boolean {
    return 'error' in item || (this.size === 1 && item.attempt === 0);
  }

  /** Whether the SQS message has been moved as it stands: what it points to now belongs to the one in the other queue. */
  get isMoved(): boolean {
    return this.#isMoved;
  }

  /** Whether the SQS message's own body is needed to carry out a verdict. */
  get wantsPayload(): boolean {
    for (const { item, verdict } of this.unfinished) {
      if (verdict.action === 'dead-letter' && this.movesAsItIs(item)) {
        return true;
      }
    }
    return false;
  }

  item(position: number): OpenedItem | BrokenItem | undefined {
    return this.#items[position];
  }

  /** Starts the next that waits and returns its position. To be called while some wait. */
  startNext(): number {
    while (this.#states[this.#next] !== waiting) {
      this.#next++;
    }
    this.#states[this.#next] = running;
    this.#waiting--;
    this.#running++;
    return this.#next++;
  }

  /** One that ran has its verdict. Returns it if that is yet to be carried out. */
  end(position: number, verdict: Verdict): Unfinished | undefined {
    this.#running--;
    if (verdict.action !== 'ack') {
      return this.#endUnfinished(position, verdict);
    }
    this.#settle(position, acked);
    return undefined;
  }

  /** One that ran has ended, and nothing is settled any more; but one that is done is, should it come again. */
  drop(position: number, verdict: Verdict): void {
    if (this.#states[position] !== running) {
      return;
    }
    this.#running--;
    if (verdict.action === 'ack') {
      this.#settle(position, acked);
    } else {
      this.#states[position] = ended;
    }
  }

  /** None that waits will start; they have no verdict. Returns how many did. */
  dropWaiting(): number {
    const dropped = this.#waiting;
    this.#waiting = 0;
    return dropped;
  }

  /** Gives those that wait this verdict and, if they are not waited for, those that run. Returns how many waited. */
  refuse(verdict: Verdict, options: { readonly running: boolean }): number {
    const refused = this.#waiting;
    for (let position = 0; position < this.size; position++) {
      const state = this.#states[position];
      if (state === waiting || (state === running && options.running)) {
        this.#endUnfinished(position, verdict);
      }
    }
    this.#waiting = 0;
    this.#running = options.running ? 0 : this.#running;
    return refused;
  }

  /** The verdict on one has been carried out; once, if it is told twice. */
  carriedOut(unfinished: Unfinished, as: SettledAs): void {
    if (this.unfinished.delete(unfinished)) {
      this.#isMoved ||= as === 'deadLettered' && this.movesAsItIs(unfinished.item);
      this.#settle(unfinished.position, stateOf(as));
    }
  }

  /** All that is settled, for another delivery of the same SQS message. */
  progress(): Progress {
    return this.#states.map((state) => (state >= firstSettled ? state : waiting));
  }

  /** How many were settled in this way. */
  count(as: SettledAs): number {
    const sought = stateOf(as);
    return this.#states.reduce((count, state) => (state === sought ? count + 1 : count), 0);
  }

  /** Bytes of what it keeps, but for what the SQS message keeps as well. */
  bytesBeside({ body, attributes }: Payload): number {
    let bytes = 0;
    const count = (item: OpenedItem | BrokenItem): void => {
      if ('content' in item) {
        bytes += item.content === body ? 0 : contentBytes(item.content);
        bytes += item.attributes === attributes ? 0 : attributesBytes(item.attributes);
      }
    };
    if (this.#items.length > 0) {
      this.#items.forEach(count);
    } else {
      for (const { item } of this.unfinished) {
        count(item);
      }
    }
    return bytes;
  }

  /** Keeps of the contents only those of what is unfinished. */
  forgetContents(): void {
    this.#items = [];
  }

  #endUnfinished(position: number, verdict: Verdict): Unfinished | undefined {
    this.#states[position] = ended;
    const item = this.#items[position];
    if (item === undefined) {
      return undefined;
    }
    const unfinished: Unfinished = { position, item, verdict };
    this.unfinished.add(unfinished);
    return unfinished;
  }

  #settle(position: number, state: number): void {
    this.#states[position] = state;
    this.#settled++;
  }
}
