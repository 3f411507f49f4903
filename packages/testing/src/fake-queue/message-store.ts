import { type QueueDepth, type ReceivedMessage, type SendEntry, sqsLimits } from '@sqskit/core';
import type { Random } from '@sqskit/core/retry';
import { createHeap, type Due } from '../heap.ts';
import { createDeduplicationMemory, deduplicationKey, type FirstOfItsKind } from './deduplication.ts';
import { createFifoShelf } from './fifo-shelf.ts';
import { readHandle, writeHandle } from './receipt-handle.ts';
import type { Shelf } from './shelf.ts';
import { createStandardShelf } from './standard-shelf.ts';
import {
  contentOf,
  delivered,
  type FakeMessage,
  type MessageContent,
  type MessageRecord,
  recordOf,
  type StoredMessage,
} from './stored-message.ts';

export interface StoreOptions {
  readonly fifo: boolean;
  readonly delayMs: number;
  readonly random: Random | undefined;
  /** Whether the books are kept. */
  readonly history: boolean;
  /** Eight hexadecimal digits that start every message id and receipt handle: what tells those of different queues apart. */
  readonly idPrefix: string;
  /** Most messages that are in flight at a time. */
  readonly maxInFlight: number;
  readonly redrive: { readonly maxReceiveCount: number; readonly store: MessageStore } | undefined;
  /** Called when a message has come from the queue whose dead-letter queue this is. */
  readonly onTakenOver: () => void;
}

/** What became of a request to settle a receipt handle. */
export type SettleResult = 'done' | 'unknown-handle' | 'stale' | 'not-in-flight' | 'gone' | 'over-12-hours';

/** The end of a delay or a visibility timeout; out of date once the message's version has gone on. */
interface Lapse extends Due {
  readonly message: StoredMessage;
  readonly version: number;
}

/**
 * The messages of a queue and what SQS does with them, as a synchronous state machine: no calls, no timers. Every
 * operation is given the time, monotonic and wall, and first lets what has lapsed by then become visible.
 */
export class MessageStore {
  readonly accepted: MessageRecord[] = [];
  readonly deleted: MessageRecord[] = [];
  readonly deadLettered: MessageRecord[] = [];

  readonly #options: StoreOptions;
  #shelf: Shelf;
  readonly #lapses = createHeap<Lapse>();
  readonly #held = new Map<number, StoredMessage>();
  readonly #deduplication = createDeduplicationMemory();
  readonly #counts = { visible: 0, 'in-flight': 0, delayed: 0 };
  #nextNumber = 1;
  #nextLapse = 0;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#shelf = createShelf(options);
  }

  /** Accepts a message that keeps the rules, or finds the one that it repeats. */
  send(entry: SendEntry, now: number, wallMs: number): FirstOfItsKind {
    const { fifo, idPrefix } = this.#options;
    const key = fifo ? deduplicationKey(entry) : undefined;
    const first = key === undefined ? undefined : this.#deduplication.find(key, now);
    if (first !== undefined) {
      return first;
    }
    const messageId = `${idPrefix}-0000-4000-8000-${this.#nextNumber.toString(16).padStart(12, '0')}`;
    const delayMs = fifo ? this.#options.delayMs : (wholeSeconds(entry.delayMs) ?? this.#options.delayMs);
    const content = contentOf({ ...entry, deduplicationId: key }, messageId, wallMs);
    const { sequenceNumber } = this.#accept(content, 0, delayMs, now);
    const accepted = { messageId, sequenceNumber };
    if (key !== undefined) {
      this.#deduplication.add(key, accepted, now);
    }
    return accepted;
  }

  /** Takes a message over from the queue whose dead-letter queue this is. Its count of receives goes on. */
  takeOver(content: MessageContent, receiveCount: number, now: number): void {
    this.lapse(now);
    this.#accept(content, receiveCount, 0, now);
    this.#options.onTakenOver();
  }

  receive(max: number, visibilityTimeoutMs: number, now: number, wallMs: number): ReceivedMessage[] {
    this.lapse(now);
    const room = this.#options.maxInFlight - this.#counts['in-flight'];
    const taken = this.#shelf.take(Math.min(max, room), (message) => {
      const { redrive } = this.#options;
      if (redrive !== undefined && message.receiveCount >= redrive.maxReceiveCount) {
        this.#moveToDeadLetters(message, redrive.store, now);
        return false;
      }
      message.receiveCount++;
      message.receipt++;
      message.receivedAt = now;
      message.firstReceivedAtMs ??= wallMs;
      this.#change(message, 'in-flight');
      this.#lapseAt(message, now + visibilityTimeoutMs);
      return true;
    });
    return taken.map((message) => delivered(message, this.#handleOf(message)));
  }

  delete(receiptHandle: string, now: number): SettleResult {
    this.lapse(now);
    const found = this.#find(receiptHandle);
    if (typeof found === 'string') {
      return found;
    }
    const { fifo } = this.#options;
    if (fifo && found.state !== 'in-flight') {
      return 'stale';
    }
    this.#record(this.deleted, found, now);
    this.#remove(found);
    return 'done';
  }

  changeVisibility(receiptHandle: string, visibilityTimeoutMs: number, now: number): SettleResult {
    this.lapse(now);
    const found = this.#find(receiptHandle);
    if (typeof found === 'string') {
      return found;
    }
    if (found.state !== 'in-flight') {
      return 'not-in-flight';
    }
    if (now + visibilityTimeoutMs > found.receivedAt + sqsLimits.maxVisibilityTimeoutMs) {
      return 'over-12-hours';
    }
    if (visibilityTimeoutMs === 0) {
      this.#makeVisible(found, 'in-flight');
    } else {
      found.version++;
      this.#lapseAt(found, now + visibilityTimeoutMs);
    }
    return 'done';
  }

  /** Whether as many messages are in flight as may be. */
  isFull(now: number): boolean {
    this.lapse(now);
    return this.#counts['in-flight'] >= this.#options.maxInFlight;
  }

  /** Deletes all that the queue holds, whatever its state. */
  purge(now: number): void {
    this.lapse(now);
    for (const message of this.#held.values()) {
      this.#record(this.deleted, message, now);
      this.#change(message, 'gone');
    }
    this.#held.clear();
    this.#shelf = createShelf(this.#options);
  }

  /** When the message of a receipt handle was first received, in epoch milliseconds. */
  firstReceivedAtMs(receiptHandle: string): number | undefined {
    return this.#held.get(readHandle(receiptHandle)?.message ?? 0)?.firstReceivedAtMs;
  }

  /** Makes a message that was received visible again although its visibility timeout goes on, as SQS may do. */
  showAgain(receiptHandle: string): boolean {
    const found = this.#find(receiptHandle);
    if (typeof found === 'string' || found.state !== 'in-flight') {
      return false;
    }
    this.#makeVisible(found, 'in-flight');
    return true;
  }

  /** Deletes a message as far as the books go, but delivers it again, as SQS may do. */
  deleteInVain(receiptHandle: string, now: number): boolean {
    const found = this.#find(receiptHandle);
    if (typeof found === 'string') {
      return false;
    }
    this.#record(this.deleted, found, now);
    found.isDeletionRecorded = true;
    return found.state === 'visible' || this.showAgain(receiptHandle);
  }

  /** Lets every delay and visibility timeout that is over by `now` end. */
  lapse(now: number): void {
    for (;;) {
      const next = this.#lapses.peek();
      if (next === undefined || next.at > now) {
        return;
      }
      this.#lapses.pop();
      const { message, version } = next;
      if (message.version === version && (message.state === 'delayed' || message.state === 'in-flight')) {
        this.#makeVisible(message, message.state);
      }
    }
  }

  /** When the next delay or visibility timeout ends, on the monotonic scale. */
  nextLapseAt(): number | undefined {
    for (;;) {
      const next = this.#lapses.peek();
      if (next === undefined || next.message.version === next.version) {
        return next?.at;
      }
      this.#lapses.pop();
    }
  }

  depth(now: number): QueueDepth {
    this.lapse(now);
    return {
      visible: this.#counts.visible,
      inFlight: this.#counts['in-flight'],
      delayed: this.#counts.delayed,
    };
  }

  messages(now: number): FakeMessage[] {
    this.lapse(now);
    const messages: FakeMessage[] = [];
    for (const { content, sequenceNumber, state, receiveCount } of this.#held.values()) {
      if (state !== 'gone') {
        messages.push({ ...content, sequenceNumber, state, receiveCount });
      }
    }
    return messages;
  }

  #record(book: MessageRecord[], message: StoredMessage, now: number): void {
    if (this.#options.history && !message.isDeletionRecorded) {
      book.push(recordOf(message, now));
    }
  }

  #accept(content: MessageContent, receiveCount: number, delayMs: number, now: number): StoredMessage {
    const number = this.#nextNumber++;
    const message: StoredMessage = {
      number,
      content,
      sequenceNumber: this.#options.fifo ? `1${String(number).padStart(19, '0')}` : undefined,
      state: delayMs > 0 ? 'delayed' : 'visible',
      version: 0,
      receiveCount,
      receipt: 0,
      receivedAt: now,
      firstReceivedAtMs: undefined,
      isDeletionRecorded: false,
    };
    this.#held.set(number, message);
    this.#counts[delayMs > 0 ? 'delayed' : 'visible']++;
    if (delayMs > 0) {
      this.#lapseAt(message, now + delayMs);
    }
    this.#record(this.accepted, message, now);
    this.#shelf.accepted(message);
    return message;
  }

  #moveToDeadLetters(message: StoredMessage, store: MessageStore, now: number): void {
    this.#record(this.deadLettered, message, now);
    this.#remove(message);
    store.takeOver(message.content, message.receiveCount, now);
  }

  #handleOf({ number, receipt }: StoredMessage): string {
    return writeHandle({ idPrefix: this.#options.idPrefix, message: number, receive: receipt });
  }

  /** The message of a handle that is still its current one, or why there is none. */
  #find(receiptHandle: string): StoredMessage | 'unknown-handle' | 'stale' | 'gone' {
    const receipt = readHandle(receiptHandle);
    if (receipt?.idPrefix !== this.#options.idPrefix || receipt.message >= this.#nextNumber) {
      return 'unknown-handle';
    }
    const message = this.#held.get(receipt.message);
    if (message === undefined) {
      return 'gone';
    }
    return message.receipt === receipt.receive ? message : 'stale';
  }

  #change(message: StoredMessage, state: StoredMessage['state']): void {
    if (message.state !== 'gone') {
      this.#counts[message.state]--;
    }
    if (state !== 'gone') {
      this.#counts[state]++;
    }
    message.state = state;
    message.version++;
  }

  #lapseAt(message: StoredMessage, at: number): void {
    this.#lapses.push({ at, order: this.#nextLapse++, message, version: message.version });
  }

  #makeVisible(message: StoredMessage, from: 'delayed' | 'in-flight'): void {
    this.#change(message, 'visible');
    this.#shelf.becameVisible(message, from);
  }

  #remove(message: StoredMessage): void {
    const wasInFlight = message.state === 'in-flight';
    this.#change(message, 'gone');
    this.#held.delete(message.number);
    if (wasInFlight) {
      this.#shelf.leftFlight(message);
    }
  }
}

function createShelf({ fifo, random }: StoreOptions): Shelf {
  return fifo ? createFifoShelf() : createStandardShelf(random);
}

/** SQS counts in seconds, and what is in between is rounded up on the wire. */
export function wholeSeconds(ms: number): number;
export function wholeSeconds(ms: number | undefined): number | undefined;
export function wholeSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.ceil(ms / 1_000) * 1_000;
}
