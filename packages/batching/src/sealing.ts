import {
  assertFits,
  attributesBytes,
  contentBytes,
  type Envelope,
  type Item,
  isQueueError,
  QueueError,
  type Sealed,
} from '@sqskit/core';
import { createLinkedList, type LinkedList } from '@sqskit/core/linked-list';
import { checkPayload } from './message-rules.ts';
import type { Outgoing } from './outgoing.ts';

export interface SealingHooks<T> {
  /** Its size is known better than before. */
  readonly resize: (outgoing: Outgoing<T>, bytes: number) => void;
  /** A message that was held is sealed, and all of its lane that came before has gone on. */
  readonly handOver: (outgoing: Outgoing<T>) => void;
  /** It cannot be sealed. */
  readonly fail: (outgoing: Outgoing<T>, error: QueueError) => void;
  /** What sealing left elsewhere is not needed. */
  readonly discard: (sealed: Sealed) => void;
}

/**
 * Seals messages, and holds those of the buffer that cannot go on yet: not sealed, or after one of their lane that is
 * not. So a lane leaves in the order of `send`, however long each seal takes; messages without a lane do not wait for
 * one another.
 *
 * Each message is sealed by itself. An envelope that packs will be given a prefix of those that are held together.
 */
export class Sealing<T> {
  readonly #envelope: Envelope;
  readonly #hooks: SealingHooks<T>;
  readonly #held = new Map<string | undefined, LinkedList<Outgoing<T>>>();
  #maxBytes: number | undefined;

  constructor(envelope: Envelope, hooks: SealingHooks<T>) {
    this.#envelope = envelope;
    this.#hooks = hooks;
  }

  /** Whether no message is held. */
  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  /** All that are held; those of a lane in order. */
  held(): readonly Outgoing<T>[] {
    return [...this.#held.values()].flatMap((list) => [...list]);
  }

  /**
   * Seals a message at once if the largest size is known and the envelope can, otherwise as soon as possible. Throws
   * `message-invalid`, `message-too-large` and `encode-failed`.
   */
  begin(outgoing: Outgoing<T>): void {
    try {
      this.#begin(outgoing);
    } catch (reason) {
      throw sealError(reason);
    }
  }

  /** Whether a message that was just taken into the buffer has to be held. */
  mustHold({ sealed, lane }: Outgoing<T>): boolean {
    return sealed === undefined || (lane !== undefined && this.#held.has(lane));
  }

  hold(outgoing: Outgoing<T>): void {
    let list = this.#held.get(outgoing.lane);
    if (list === undefined) {
      list = createLinkedList();
      this.#held.set(outgoing.lane, list);
    }
    list.pushBack(outgoing);
  }

  /** Takes out a message that is held; its lane goes on without it. */
  remove(outgoing: Outgoing<T>): void {
    this.#take(outgoing);
    if (outgoing.lane !== undefined) {
      this.#advance(outgoing.lane);
    }
  }

  /** The largest size is known: seals what came before, in order. */
  start(maxBytes: number, waiting: Iterable<Outgoing<T>>): void {
    this.#maxBytes = maxBytes;
    for (const outgoing of [...this.held(), ...waiting]) {
      try {
        this.begin(outgoing);
        this.#goOn(outgoing);
      } catch (reason) {
        this.#hooks.fail(outgoing, sealError(reason));
      }
    }
  }

  #begin(outgoing: Outgoing<T>): void {
    const { id, content, message } = outgoing;
    const maxBytes = this.#maxBytes;
    if (content === undefined) {
      return; // sealed already
    }
    if (maxBytes === undefined) {
      this.#hooks.resize(outgoing, estimate(outgoing));
      return;
    }
    const item: Item = { id, content, attributes: message.attributes, attempt: 0 };
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
      checkPayload(payload, outgoing.message.attributes);
      bytes = assertFits(payload, maxBytes);
    } catch (error) {
      this.#hooks.discard(sealed);
      throw error;
    }
    outgoing.wire.body = payload.body;
    outgoing.wire.attributes = payload.attributes;
    outgoing.sealed = sealed;
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
      this.#take(outgoing);
      this.#hooks.handOver(outgoing);
    } else {
      this.#advance(outgoing.lane);
    }
  }

  #advance(lane: string): void {
    let first = this.#held.get(lane)?.first;
    while (first?.sealed !== undefined) {
      this.#take(first);
      this.#hooks.handOver(first);
      first = this.#held.get(lane)?.first;
    }
  }

  #take(outgoing: Outgoing<T>): void {
    const list = this.#held.get(outgoing.lane);
    list?.remove(outgoing);
    if (list?.size === 0) {
      this.#held.delete(outgoing.lane);
    }
  }
}

/** What a message will take, before it is sealed. Bytes become base64 unless the envelope makes them smaller. */
function estimate<T>({ content, message }: Outgoing<T>): number {
  const bytes = content === undefined ? 0 : contentBytes(content);
  const onTheWire = typeof content === 'string' ? bytes : Math.ceil(bytes / 3) * 4;
  return onTheWire + attributesBytes(message.attributes);
}

/** Whatever went wrong, nothing has left the process. */
function sealError(reason: unknown): QueueError {
  return isQueueError(reason)
    ? reason
    : new QueueError('encode-failed', 'the envelope could not seal the message', {}, { cause: reason });
}

function isPromise(sealed: Sealed | Promise<Sealed>): sealed is Promise<Sealed> {
  return 'then' in sealed;
}
