import { compressed } from '@sqskit/compression';
import { contentText, type Queue } from '@sqskit/core';
import type { Ledger } from './ledger.ts';
import { readParcel } from './parcel.ts';

export interface ReadBackOptions {
  /** Given the sequence number of each message that is found. */
  readonly onFound: (seq: number) => void;
  /** Ends when nothing was found for this long. */
  readonly patienceMs: number;
  /** Ends at the first empty long poll: SQS has then asked all of its servers, and nothing is visible. */
  readonly onceEmpty: boolean;
}

/** So long a message of others is held back, so that it does not come again at once. */
const heldMs = 30_000;
const pollers = 4;

/**
 * Takes the outstanding messages of a run out of a queue, so that none stays behind. Messages of others are put back as
 * they were, but for SQS's count of receives.
 */
export async function readBack(queue: Queue, ledger: Ledger, options: ReadBackOptions): Promise<void> {
  const { onFound, patienceMs, onceEmpty } = options;
  const others: string[] = [];
  let isEmpty = false;
  let deadline = performance.now() + patienceMs;

  const poll = async (): Promise<void> => {
    while (ledger.outstandingCount() > 0 && performance.now() < deadline && !isEmpty) {
      const messages = await queue.receive({
        maxMessages: 10,
        waitTimeMs: 1_000,
        visibilityTimeoutMs: heldMs,
      });
      isEmpty = messages.length === 0 && onceEmpty;
      const ours: string[] = [];
      for (const { body, receiptHandle } of messages) {
        const parcel = readParcel(await textOf(body));
        if (parcel?.run === ledger.run) {
          onFound(parcel.seq);
          ours.push(receiptHandle);
        } else {
          others.push(receiptHandle);
        }
      }
      if (ours.length > 0) {
        deadline = performance.now() + patienceMs;
        await queue.deleteBatch(ours);
      }
    }
  };
  await Promise.all(Array.from({ length: pollers }, poll));
  await putBack(queue, others);
}

const envelope = compressed(); // it opens plain messages as well

/** The text in a message, or its body where it is not one of this program's. */
async function textOf(body: string): Promise<string> {
  const [item] = (await envelope.open({ body })).items;
  return item === undefined || 'error' in item ? body : contentText(item.content);
}

async function putBack(queue: Queue, receiptHandles: readonly string[]): Promise<void> {
  const changes = receiptHandles.map((receiptHandle) => ({ receiptHandle, visibilityTimeoutMs: 0 }));
  for (let index = 0; index < changes.length; index += 10) {
    await queue.changeVisibilityBatch(changes.slice(index, index + 10));
  }
}
