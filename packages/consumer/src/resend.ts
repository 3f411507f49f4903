import {
  type Envelope,
  type Failure,
  type Item,
  type Logger,
  payloadBytes,
  type Queue,
  QueueError,
  type ReceivedMessage,
  type Sealed,
  type SendEntry,
  type Sent,
  sqsLimits,
  toQueueError,
} from '@sqskit/core';
import { type BatchCallOptions, createBatchCall } from './batch-call.ts';
import type { Delivery } from './delivery.ts';
import { discardUnlessSent } from './leftovers.ts';
import type { Pack, SettledAs, Unfinished } from './pack.ts';

export interface ResenderOptions extends Omit<BatchCallOptions<SendEntry, Sent>, 'call' | 'maxBytes'> {
  readonly queue: Queue;
  readonly envelope: Envelope;
  /** How long a message that is to be retried stays away. */
  readonly delayOf: (delivery: Delivery, unfinished: Unfinished) => number;
  readonly onCall: () => void;
  readonly logger: Logger;
}

/** Sends messages of a pack again, to the queue that the pack came from. */
export interface Resender {
  /**
   * Those to be retried each alone, with its delay; those to be released together, as far as they fit. What the queue
   * accepts is settled in the pack. Resolves with the first failure. Never rejects.
   */
  resend(delivery: Delivery, pack: Pack, deadlineAt: () => number): Promise<QueueError | undefined>;
  hurry(): void;
  rush(): void;
  close(): void;
}

/** An SQS message to send, and what is in it. */
interface Parcel {
  readonly entry: SendEntry;
  readonly sealed: Sealed;
  readonly contents: readonly Unfinished[];
  readonly as: SettledAs;
}

export function createResender(options: ResenderOptions): Resender {
  const { queue, envelope, delayOf, onCall, logger, ...shared } = options;
  const calls = createBatchCall<SendEntry, Sent>({
    ...shared,
    maxBytes: sqsLimits.maxMessageBytes,
    call: (entries, signal) => {
      onCall();
      return queue.sendBatch(entries, { signal });
    },
  });

  /** Seals as many as fit an SQS message, from the front. */
  async function seal(message: ReceivedMessage, contents: readonly Unfinished[]): Promise<Parcel> {
    const { items, traceHeader } = itemsOf(message, contents.slice(0, envelope.maxItems));
    const sealed = await envelope.seal(items, sqsLimits.maxMessageBytes);
    // A delay of none, or the queue's own would hold.
    const entry: SendEntry = { ...sealed.payload, groupId: message.groupId, traceHeader, delayMs: 0 };
    return { entry, sealed, contents: contents.slice(0, sealed.taken), as: 'released' };
  }

  async function sealAll(delivery: Delivery, { unfinished }: Pack): Promise<Parcel[]> {
    const parcels: Parcel[] = [];
    const { message } = delivery;
    let released: Unfinished[] = [];
    for (const one of unfinished) {
      if (one.verdict.action === 'release') {
        released.push(one);
      } else {
        const parcel = await seal(message, [one]);
        const delayMs = Math.min(sqsLimits.maxDelayMs, delayOf(delivery, one));
        parcels.push({ ...parcel, entry: { ...parcel.entry, delayMs }, as: 'retried' });
      }
    }
    while (released.length > 0) {
      const parcel = await seal(message, released);
      parcels.push(parcel);
      released = released.slice(parcel.contents.length);
    }
    return parcels;
  }

  async function send({ entry, sealed }: Parcel, deadlineAt: () => number): Promise<Sent | Failure> {
    const outcome = await calls.submit(entry, { bytes: payloadBytes(entry), deadlineAt }).outcome;
    void discardUnlessSent(sealed, outcome, logger);
    return outcome;
  }

  return {
    async resend(delivery, pack, deadlineAt) {
      try {
        const parcels = await sealAll(delivery, pack);
        let failure: QueueError | undefined;
        const sending = parcels.map(async (parcel) => {
          const outcome = await send(parcel, deadlineAt);
          if (outcome.ok) {
            for (const one of parcel.contents) {
              pack.carriedOut(one, parcel.as);
            }
          } else {
            failure ??= outcome.error;
          }
        });
        await Promise.all(sending);
        return failure;
      } catch (reason) {
        return toQueueError(reason, 'resend');
      }
    },
    hurry: () => calls.hurry(),
    rush: () => calls.rush(),
    close: () => calls.close(),
  };
}

/** Their count goes on. Where their trace headers differ they carry them; one for all stands on the SQS message. */
function itemsOf(
  message: ReceivedMessage,
  contents: readonly Unfinished[],
): { readonly items: [Item, ...Item[]]; readonly traceHeader: string | undefined } {
  const items = contents.map(({ item, position }): Item => {
    if ('error' in item) {
      throw new QueueError(
        'decode-failed',
        'a message that cannot be read cannot be sent again',
        {},
        { cause: item.error },
      );
    }
    const { id = `${message.messageId}#${position}`, content, attributes } = item;
    const attempt = item.attempt + message.receiveCount;
    return { id, content, attributes, attempt, traceHeader: item.traceHeader ?? message.traceHeader };
  });
  const [first, ...others] = items;
  if (first === undefined) {
    throw new RangeError('nothing to seal');
  }
  const { traceHeader } = first;
  if (others.some((other) => other.traceHeader !== traceHeader)) {
    return { items: [first, ...others], traceHeader: undefined };
  }
  const bare = (item: Item): Item => ({ ...item, traceHeader: undefined });
  return { items: [bare(first), ...others.map(bare)], traceHeader };
}
