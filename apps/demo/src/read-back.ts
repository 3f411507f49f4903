import type { Queue } from '@sqskit/core';
import type { Ledger } from './ledger.ts';
import { readParcel } from './parcel.ts';

/** While a message of others is held back, so that it does not come again at once. */
const heldMs = 30_000;

/**
 * Takes the outstanding messages of a run out of a queue, so that none stays behind, and tells each to `onFound`. Ends
 * when nothing is outstanding any more, after an empty long poll if `onceEmpty`, or when the time is up. Messages of
 * others are put back as they were, but for SQS's count of receives.
 */
export async function readBack(
  queue: Queue,
  ledger: Ledger,
  onFound: (seq: number) => void,
  { limitMs, onceEmpty }: { readonly limitMs: number; readonly onceEmpty: boolean },
): Promise<void> {
  const deadline = performance.now() + limitMs;
  const others: string[] = [];
  while (ledger.outstandingCount() > 0 && performance.now() < deadline) {
    const messages = await queue.receive({ maxMessages: 10, waitTimeMs: 1_000, visibilityTimeoutMs: heldMs });
    if (messages.length === 0 && onceEmpty) {
      break;
    }
    const ours: string[] = [];
    for (const { body, receiptHandle } of messages) {
      const parcel = readParcel(body);
      if (parcel?.run === ledger.run) {
        onFound(parcel.seq);
        ours.push(receiptHandle);
      } else {
        others.push(receiptHandle);
      }
    }
    if (ours.length > 0) {
      await queue.deleteBatch(ours);
    }
  }
  for (let index = 0; index < others.length; index += 10) {
    const changes = others
      .slice(index, index + 10)
      .map((receiptHandle) => ({ receiptHandle, visibilityTimeoutMs: 0 }));
    await queue.changeVisibilityBatch(changes);
  }
}
