import { QueueError } from '@sqskit/core';
import { createLinkedList, type Linked, type LinkedList } from '@sqskit/core/linked-list';

export interface AdmissionLimits {
  readonly maxBufferedMessages: number;
  readonly maxBufferedBytes: number;
  readonly maxWaitingMessages: number;
  readonly maxWaitingBytes: number;
}

/**
 * What a message takes in memory beside its content: its own objects, its promise and what its caller keeps of it. Small
 * messages would otherwise take many times the bytes that are bounded. (bench/memory.ts)
 */
export const messageOverheadBytes = 1_024;

/** From here on a buffer is full, to the collector: with less in it, it is far from the memory that it was given. */
const fullShare = 0.75;
/** Less is not worth a collection. */
const leastCollectedBytes = 16 * 1_048_576;

/**
 * So many bytes are left behind before a collection. Where the heap is large without us a quarter of it: with the objects
 * beside the content, about as much to collect as there is to keep.
 */
function collectAfter({ maxBufferedBytes }: AdmissionLimits, heapBytes: number): number {
  return Math.max(maxBufferedBytes, leastCollectedBytes, heapBytes / 4);
}

/** What so many messages take in memory, with so many bytes of content. */
export function memoryOf(messages: number, bytes: number): number {
  return messages * messageOverheadBytes + bytes;
}

/** Something that takes memory until it is released. */
export interface Sized<E> extends Linked<E> {
  /** Of content. */
  readonly bytes: number;
  /** Its message group. */
  readonly flow: string | undefined;
}

/** Those of one group that wait, in order of arrival. */
interface WaitingGroup<E extends Sized<E>> extends Linked<WaitingGroup<E>> {
  readonly key: string | undefined;
  readonly elements: LinkedList<E>;
}

/**
 * Bounds what is in memory, in messages and in bytes: so much in the buffer, so much waiting for it. Groups that wait take
 * turns, so that one that sends much does not keep out the others; those of a group are admitted in order of arrival. Who
 * comes next is waited for: a small message does not overtake a large one. O(1) an operation.
 */
export class Admission<E extends Sized<E>> {
  readonly #limits: AdmissionLimits;
  readonly #admit: (element: E) => void;
  readonly #collect: () => number;
  readonly #groups = new Map<string | undefined, WaitingGroup<E>>();
  /** The groups in the order in which their turns come. */
  readonly #row: LinkedList<WaitingGroup<E>> = createLinkedList();
  bufferedMessages = 0;
  waitingMessages = 0;
  // In memory: content, and the overhead of each message.
  bufferedBytes = 0;
  waitingBytes = 0;
  /** Bytes that left a full buffer, or were turned away by it, since the last collection. */
  #leftBehind = 0;
  /** How many of them there are to be before the next. */
  #collectAt: number;
  #lastFullError: QueueError<'buffer-full'> | undefined;

  /**
   * `admit` is called for each element that has waited, once there is room; `collect` whenever a full buffer has left behind
   * as many bytes as it holds, and a quarter of what the heap held the last time, which `collect` returns.
   */
  constructor(limits: AdmissionLimits, admit: (element: E) => void, collect: () => number) {
    this.#limits = limits;
    this.#admit = admit;
    this.#collect = collect;
    this.#collectAt = collectAfter(limits, 0);
  }

  /** Those of a group in order of arrival. */
  *waiting(): IterableIterator<E> {
    for (const { elements } of this.#row) {
      yield* elements;
    }
  }

  /** Whether a message with so many bytes of content would be admitted at once. */
  hasRoom(bytes: number): boolean {
    return this.waitingMessages === 0 && this.#fits(bytes);
  }

  /** Takes room for the element; asked only where there is some. */
  enter(element: E): void {
    this.bufferedMessages++;
    this.bufferedBytes += memoryOf(1, element.bytes);
  }

  /** Gives up the room of so many elements that are settled, with so many bytes of content. */
  release(elements: number, bytes: number): void {
    const memory = memoryOf(elements, bytes);
    this.#leaveBehind(memory);
    this.bufferedMessages -= elements;
    this.bufferedBytes -= memory;
    this.#admitThoseThatFit();
  }

  /** Throws `buffer-full` where as many wait as may. */
  wait(element: E): void {
    if (!this.#mayWait(element.bytes)) {
      throw this.#fullError();
    }
    this.#groupOf(element).elements.pushBack(element);
    this.waitingMessages++;
    this.waitingBytes += memoryOf(1, element.bytes);
  }

  /** Throws `buffer-full` where not even an empty message could wait. */
  assertNotFull(): void {
    if (!this.#mayWait(0) && !this.hasRoom(0)) {
      throw this.#fullError();
    }
  }

  /** Takes out an element that waits. */
  leave(element: E): void {
    this.#remove(element);
    this.#admitThoseThatFit();
  }

  /** Takes out all that wait; those of a group in order. */
  takeWaiting(): readonly E[] {
    const elements = [...this.waiting()];
    for (const element of elements) {
      this.#remove(element);
    }
    return elements;
  }

  /** An element of the buffer turned out larger or smaller by so many bytes. */
  resizeBuffered(difference: number): void {
    this.bufferedBytes += difference;
    this.#admitThoseThatFit();
  }

  /** An element that waits turned out larger or smaller by so many bytes. */
  resizeWaiting(difference: number): void {
    this.waitingBytes += difference;
    this.#admitThoseThatFit();
  }

  /**
   * What goes through a full buffer lives too long to die young, and V8 lets what is old grow to four times what it last
   * found alive. So does what the buffer turns away: where most messages of a loop have lived long, V8 makes them old from
   * the start.
   */
  #leaveBehind(bytes: number): void {
    const { maxBufferedBytes } = this.#limits;
    if (this.bufferedBytes < maxBufferedBytes * fullShare) {
      return;
    }
    this.#leftBehind += bytes;
    if (this.#leftBehind >= this.#collectAt) {
      this.#leftBehind = 0;
      this.#collectAt = collectAfter(this.#limits, this.#collect());
    }
  }

  #fits(bytes: number): boolean {
    const { maxBufferedMessages, maxBufferedBytes } = this.#limits;
    return (
      this.bufferedMessages === 0 ||
      (this.bufferedMessages < maxBufferedMessages &&
        this.bufferedBytes + memoryOf(1, bytes) <= maxBufferedBytes)
    );
  }

  #mayWait(bytes: number): boolean {
    const { maxWaitingMessages, maxWaitingBytes } = this.#limits;
    return (
      this.waitingMessages < maxWaitingMessages && this.waitingBytes + memoryOf(1, bytes) <= maxWaitingBytes
    );
  }

  #admitThoseThatFit(): void {
    let group = this.#row.first;
    let next = group?.elements.first;
    while (group !== undefined && next !== undefined && this.#fits(next.bytes)) {
      this.#row.remove(group);
      this.#row.pushBack(group); // before the next of it is admitted, it is the turn of the others
      this.#remove(next);
      this.enter(next);
      this.#admit(next);
      group = this.#row.first;
      next = group?.elements.first;
    }
  }

  #remove(element: E): void {
    const group = this.#groupOf(element);
    group.elements.remove(element);
    this.waitingMessages--;
    this.waitingBytes -= memoryOf(1, element.bytes);
    if (group.elements.size === 0) {
      this.#row.remove(group);
      this.#groups.delete(group.key);
    }
  }

  #groupOf({ flow: key }: E): WaitingGroup<E> {
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { key, elements: createLinkedList(), previous: undefined, next: undefined };
      this.#groups.set(key, group);
      this.#row.pushBack(group);
    }
    return group;
  }

  /**
   * One error for as long as nothing changes. What is thrown at a full buffer by the million would otherwise cost more
   * memory, in stack traces, than the buffer itself.
   */
  #fullError(): QueueError<'buffer-full'> {
    this.#leaveBehind(messageOverheadBytes);
    const { waitingMessages, waitingBytes } = this;
    const last = this.#lastFullError;
    if (last?.details.waitingMessages === waitingMessages && last.details.waitingBytes === waitingBytes) {
      return last;
    }
    const { maxWaitingMessages, maxWaitingBytes } = this.#limits;
    const message = `${waitingMessages} messages (${waitingBytes} bytes) wait already while the buffer is full`;
    const details = { waitingMessages, waitingBytes, maxWaitingMessages, maxWaitingBytes };
    const error = new QueueError('buffer-full', message, details, { retryable: true });
    this.#lastFullError = error;
    return error;
  }
}
