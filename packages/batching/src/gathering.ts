import { createLinkedList, type Linked, type LinkedList } from '@sqskit/core/linked-list';
import type { Outgoing } from './outgoing.ts';

/** What one SQS message is made of. */
export type Members<T> = readonly [Outgoing<T>, ...Outgoing<T>[]];

/** Messages of one group that will be packed together, in order. */
export class Gathering<T> implements Linked<Gathering<T>> {
  readonly key: string | symbol | undefined;
  readonly #messages: LinkedList<Outgoing<T>> = createLinkedList();
  /** Of content, as the envelope counts what fills an SQS message. */
  bytes = 0;
  /** Neighbours in a row of gatherings: those that linger, or those that are due. */
  previous: Gathering<T> | undefined;
  next: Gathering<T> | undefined;
  row: LinkedList<Gathering<T>> | undefined;
  /** FIFO: one of its packs is being sealed or under way. The next gathers meanwhile, so that packs fill under load. */
  isOut = false;

  constructor(key: string | symbol | undefined) {
    this.key = key;
  }

  get size(): number {
    return this.#messages.size;
  }

  get first(): Outgoing<T> | undefined {
    return this.#messages.first;
  }

  [Symbol.iterator](): IterableIterator<Outgoing<T>> {
    return this.#messages[Symbol.iterator]();
  }

  push(outgoing: Outgoing<T>): void {
    this.#messages.pushBack(outgoing);
    this.bytes += outgoing.bytes;
  }

  /** Puts messages that had been taken back to the front, in their order. */
  putBack(messages: readonly Outgoing<T>[]): void {
    for (const outgoing of messages.toReversed()) {
      this.#messages.pushFront(outgoing);
      this.bytes += outgoing.bytes;
    }
  }

  remove(outgoing: Outgoing<T>): void {
    this.#messages.remove(outgoing);
    this.bytes -= outgoing.bytes;
  }

  /**
   * Takes the messages that could be one SQS message: up to so many, up to so many bytes, one at least. One that cannot
   * be packed is taken alone. `undefined` where there are none.
   */
  cut(maxItems: number, maxBytes: number): Members<T> | undefined {
    const { first } = this;
    if (first === undefined) {
      return undefined;
    }
    const taken: [Outgoing<T>, ...Outgoing<T>[]] = [first];
    this.remove(first);
    let { bytes } = first;
    let next = isPackable(first) ? this.first : undefined;
    while (
      next !== undefined &&
      taken.length < maxItems &&
      bytes + next.bytes <= maxBytes &&
      isPackable(next)
    ) {
      this.remove(next);
      taken.push(next);
      bytes += next.bytes;
      next = this.first;
    }
    return taken;
  }
}

/** A delay and a deduplication id are those of one SQS message: what has one of its own is sent alone. */
export function isPackable<T>({ message }: Outgoing<T>): boolean {
  return message.delayMs === undefined && message.deduplicationId === undefined;
}
