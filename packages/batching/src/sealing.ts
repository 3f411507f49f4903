import {
  assertFits,
  attributesBytes,
  contentBytes,
  type Envelope,
  type Item,
  type QueueError,
  type Sealed,
} from '@sqskit/core';
import { createLinkedList, type LinkedList } from '@sqskit/core/linked-list';
import { checkSealed } from './message-rules.ts';
import type { Leftover, Outgoing } from './outgoing.ts';
import type { Packaging, PackagingHooks } from './packaging.ts';
import { entryOf, isPromise, sealError } from './seal.ts';

const nothingLeft: Leftover = {};

/**
 * Each message sealed by itself: it is its own parcel. Sealed as soon as the largest size is known, and held until then;
 * or where the envelope takes its time; or after one of its lane that is held. So a lane leaves in the order of `send`,
 * however long each seal takes; messages without a lane do not wait for one another.
 */
export class Sealing<T> implements Packaging<T> {
  readonly #envelope: Envelope;
  readonly #hooks: PackagingHooks<T>;
  readonly #held = new Map<string | undefined, LinkedList<Outgoing<T>>>();
  #maxBytes: number | undefined;

  constructor(envelope: Envelope, hooks: PackagingHooks<T>) {
    this.#envelope = envelope;
    this.#hooks = hooks;
  }

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  held(): readonly Outgoing<T>[] {
    return [...this.#held.values()].flatMap((list) => [...list]);
  }

  /** None: what is handed over has a deadline of its own in the accumulator. */
  handed(): readonly Outgoing<T>[] {
    return [];
  }

  prepare(outgoing: Outgoing<T>): void {
    try {
      this.#begin(outgoing);
    } catch (reason) {
      throw sealError(reason);
    }
  }

  take(outgoing: Outgoing<T>): void {
    const { sealed, lane } = outgoing;
    if (sealed !== undefined && (lane === undefined || !this.#held.has(lane))) {
      this.#hooks.handOver(outgoing);
      return;
    }
    let list = this.#held.get(lane);
    if (list === undefined) {
      list = createLinkedList();
      this.#held.set(lane, list);
    }
    outgoing.stage = 'held';
    list.pushBack(outgoing);
    this.#hooks.held(outgoing);
  }

  remove(outgoing: Outgoing<T>): void {
    this.#takeOut(outgoing);
    if (outgoing.lane !== undefined) {
      this.#advance(outgoing.lane);
    }
  }

  withdraw(outgoing: Outgoing<T>, error: QueueError): void {
    outgoing.ticket?.cancel(error);
  }

  start(maxBytes: number, waiting: Iterable<Outgoing<T>>): void {
    this.#maxBytes = maxBytes;
    for (const outgoing of [...this.held(), ...waiting]) {
      try {
        this.prepare(outgoing);
        this.#goOn(outgoing);
      } catch (reason) {
        this.#hooks.fail(outgoing, sealError(reason));
      }
    }
  }

  // What is held here waits for its seal, which nothing can hurry.
  hurry(): void {}
  answered(): void {}
  settled(): void {}

  #begin(outgoing: Outgoing<T>): void {
    const { content, attributes } = outgoing;
    const maxBytes = this.#maxBytes;
    if (content === undefined) {
      return; // sealed already
    }
    if (maxBytes === undefined) {
      this.#hooks.resize(outgoing, estimate(outgoing));
      return;
    }
    const item: Item = { id: outgoing.id, content, attributes, attempt: 0 };
    const sealed = this.#envelope.seal([item], maxBytes);
    if (!isPromise(sealed)) {
      this.#accept(outgoing, sealed, maxBytes);
      return;
    }
    this.#hooks.resize(outgoing, estimate(outgoing));
    sealed.then(
      (late) => this.#acceptLate(outgoing, late, maxBytes),
      (reason: unknown) => this.#hooks.fail(outgoing, sealError(reason)),
    );
  }

  #accept(outgoing: Outgoing<T>, sealed: Sealed, maxBytes: number): void {
    const { payload } = sealed;
    let bytes: number;
    try {
      bytes = assertFits(payload, maxBytes, checkSealed(sealed, outgoing.attributes));
    } catch (error) {
      this.#hooks.discard(sealed);
      throw error;
    }
    outgoing.wire = entryOf(outgoing, payload);
    outgoing.sealed = sealed.discard === undefined ? nothingLeft : sealed;
    outgoing.content = undefined;
    this.#hooks.resize(outgoing, bytes);
  }

  #acceptLate(outgoing: Outgoing<T>, sealed: Sealed, maxBytes: number): void {
    if (outgoing.stage === 'settled') {
      this.#hooks.discard(sealed);
      return;
    }
    try {
      this.#accept(outgoing, sealed, maxBytes);
    } catch (reason) {
      this.#hooks.fail(outgoing, sealError(reason));
      return;
    }
    this.#goOn(outgoing);
  }

  #goOn(outgoing: Outgoing<T>): void {
    if (outgoing.stage !== 'held' || outgoing.sealed === undefined) {
      return;
    }
    if (outgoing.lane === undefined) {
      this.#takeOut(outgoing);
      this.#hooks.handOver(outgoing);
    } else {
      this.#advance(outgoing.lane);
    }
  }

  #advance(lane: string): void {
    let first = this.#held.get(lane)?.first;
    while (first?.sealed !== undefined) {
      this.#takeOut(first);
      this.#hooks.handOver(first);
      first = this.#held.get(lane)?.first;
    }
  }

  #takeOut(outgoing: Outgoing<T>): void {
    const list = this.#held.get(outgoing.lane);
    list?.remove(outgoing);
    if (list?.size === 0) {
      this.#held.delete(outgoing.lane);
    }
  }
}

/** What a message will take, before it is sealed. Bytes become base64 unless the envelope makes them smaller. */
function estimate<T>({ content, attributes }: Outgoing<T>): number {
  const bytes = content === undefined ? 0 : contentBytes(content);
  const onTheWire = typeof content === 'string' ? bytes : Math.ceil(bytes / 3) * 4;
  return onTheWire + attributesBytes(attributes);
}
