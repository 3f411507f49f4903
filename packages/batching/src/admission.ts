import { QueueError } from '@sqskit/core';
import { createLinkedList, type Linked, type LinkedList } from '@sqskit/core/linked-list';

export interface AdmissionLimits {
  readonly maxBufferedMessages: number;
  readonly maxBufferedBytes: number;
  readonly maxWaitingMessages: number;
  readonly maxWaitingBytes: number;
}

/** Something that takes memory until it is released. */
export interface Sized<E> extends Linked<E> {
  readonly bytes: number;
}

/**
 * Bounds what is in memory, in messages and in bytes: so much in the buffer, so much waiting for it. Who waits is
 * admitted in order of arrival: a small message does not overtake a large one. O(1) an operation.
 */
export class Admission<E extends Sized<E>> {
  readonly #limits: AdmissionLimits;
  readonly #admit: (element: E) => void;
  readonly #waiting: LinkedList<E> = createLinkedList();
  bufferedMessages = 0;
  bufferedBytes = 0;
  waitingBytes = 0;

  /** `admit` is called for each element that has waited, once there is room. */
  constructor(limits: AdmissionLimits, admit: (element: E) => void) {
    this.#limits = limits;
    this.#admit = admit;
  }

  get waitingMessages(): number {
    return this.#waiting.size;
  }

  get waiting(): Iterable<E> {
    return this.#waiting;
  }

  /** Whether so many bytes would be admitted at once. */
  hasRoom(bytes: number): boolean {
    return this.#waiting.size === 0 && this.#fits(bytes);
  }

  /** Takes room for the element; asked only where there is some. */
  enter(element: E): void {
    this.bufferedMessages++;
    this.bufferedBytes += element.bytes;
  }

  /** Gives up the room of so many elements that are settled. */
  release(elements: number, bytes: number): void {
    this.bufferedMessages -= elements;
    this.bufferedBytes -= bytes;
    this.#admitThoseThatFit();
  }

  /** Throws `buffer-full` where as many wait as may. */
  wait(element: E): void {
    const { maxWaitingMessages, maxWaitingBytes } = this.#limits;
    const bytes = this.waitingBytes + element.bytes;
    if (this.#waiting.size >= maxWaitingMessages || bytes > maxWaitingBytes) {
      throw this.#fullError();
    }
    this.#waiting.pushBack(element);
    this.waitingBytes = bytes;
  }

  /** Throws `buffer-full` where not even an empty message could wait. */
  assertNotFull(): void {
    if (this.#waiting.size >= this.#limits.maxWaitingMessages && !this.hasRoom(0)) {
      throw this.#fullError();
    }
  }

  /** Takes out an element that waits. */
  leave(element: E): void {
    this.#remove(element);
    this.#admitThoseThatFit();
  }

  /** Takes out all that wait, in order. */
  takeWaiting(): readonly E[] {
    const elements = [...this.#waiting];
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

  #fits(bytes: number): boolean {
    const { maxBufferedMessages, maxBufferedBytes } = this.#limits;
    return (
      this.bufferedMessages === 0 ||
      (this.bufferedMessages < maxBufferedMessages && this.bufferedBytes + bytes <= maxBufferedBytes)
    );
  }

  #admitThoseThatFit(): void {
    let first = this.#waiting.first;
    while (first !== undefined && this.#fits(first.bytes)) {
      this.#remove(first);
      this.enter(first);
      this.#admit(first);
      first = this.#waiting.first;
    }
  }

  #remove(element: E): void {
    this.#waiting.remove(element);
    this.waitingBytes -= element.bytes;
  }

  #fullError(): QueueError<'buffer-full'> {
    const { maxWaitingMessages, maxWaitingBytes } = this.#limits;
    const { waitingMessages, waitingBytes } = this;
    const message = `${waitingMessages} messages (${waitingBytes} bytes) wait already while the buffer is full`;
    const details = { waitingMessages, waitingBytes, maxWaitingMessages, maxWaitingBytes };
    return new QueueError('buffer-full', message, details, { retryable: true });
  }
}
