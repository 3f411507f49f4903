import assert from 'node:assert/strict';
import { toQueueError } from '@sqskit/core';

/** What became of the messages of a test, by their ids. Each list is in order of occurrence. */
export interface LedgerReport {
  /** Promised to be accepted. */
  readonly sent: readonly string[];
  /** Certainly not accepted. */
  readonly rejected: readonly string[];
  /** May have been accepted. */
  readonly unknown: readonly string[];
  /** Promises that have not settled. */
  readonly pending: readonly string[];
  readonly processed: readonly string[];
  readonly deadLettered: readonly string[];
  /** Still in a queue. */
  readonly left: readonly string[];
  /** Sent, but neither processed nor dead-lettered nor left. */
  readonly lost: readonly string[];
  /** Found after the queue although they were never offered, or were rejected. */
  readonly unaccountable: readonly string[];
  /** Processed more than once, which at-least-once delivery allows. */
  readonly repeated: readonly string[];
}

/** Accounts for every message of a test that goes wrong on purpose. The ids are the test's own. */
export interface Ledger {
  /** A message was offered to a sender: its outcome is entered when the promise settles. Gives the promise back. */
  offered<R>(id: string, receipt: Promise<R>): Promise<R>;
  /** A handler is done with it. */
  processed(id: string): void;
  deadLettered(id: string): void;
  /** It is still in a queue at the end. */
  left(id: string): void;
  report(): LedgerReport;
  /** Throws an `AssertionError` if a promise is pending, or a message is lost or unaccountable. */
  assertNothingLost(): void;
}

export function createLedger(): Ledger {
  const pending = new Set<string>();
  const books = {
    sent: [] as string[],
    rejected: [] as string[],
    unknown: [] as string[],
    processed: [] as string[],
    deadLettered: [] as string[],
    left: [] as string[],
  };

  const report = (): LedgerReport => {
    const found = [...books.processed, ...books.deadLettered, ...books.left];
    const isFound = new Set(found);
    const isExpected = new Set([...books.sent, ...books.unknown, ...pending]);
    return {
      ...books,
      pending: [...pending],
      lost: books.sent.filter((id) => !isFound.has(id)),
      unaccountable: found.filter((id) => !isExpected.has(id)),
      repeated: repeated(books.processed),
    };
  };
  return {
    offered(id, receipt) {
      assert.ok(!pending.has(id), `the id ${id} is offered once`);
      pending.add(id);
      receipt.then(
        () => {
          pending.delete(id);
          books.sent.push(id);
        },
        (reason: unknown) => {
          pending.delete(id);
          books[toQueueError(reason, 'send').outcome].push(id);
        },
      );
      return receipt;
    },
    processed: (id) => void books.processed.push(id),
    deadLettered: (id) => void books.deadLettered.push(id),
    left: (id) => void books.left.push(id),
    report,
    assertNothingLost() {
      const { pending: open, lost, unaccountable } = report();
      assert.deepEqual(
        { pending: open, lost, unaccountable },
        { pending: [], lost: [], unaccountable: [] },
        'every promise has settled, and every message is accounted for',
      );
    },
  };
}

function repeated(ids: readonly string[]): string[] {
  const seen = new Set<string>();
  const again = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) {
      again.add(id);
    }
    seen.add(id);
  }
  return [...again];
}
