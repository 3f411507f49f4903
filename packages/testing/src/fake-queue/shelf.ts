import type { StoredMessage } from './stored-message.ts';

/**
 * The messages of a queue in the order in which it hands them out. Told of every change of a message's state after the
 * change; every operation costs O(1) per message, with what is out of date dropped when it is come across.
 */
export interface Shelf {
  accepted(message: StoredMessage): void;
  /** Delayed until now, or in flight. */
  becameVisible(message: StoredMessage, from: 'delayed' | 'in-flight'): void;
  /** Deleted or moved while in flight. */
  leftFlight(message: StoredMessage): void;
  /** Hands messages to `receive`, at most `max`; `receive` refuses one that it has removed from the queue instead. */
  take(max: number, receive: (message: StoredMessage) => boolean): StoredMessage[];
}
