import {
  ack,
  type BrokenItem,
  type Codec,
  type Envelope,
  type Handler,
  type HandlerContext,
  type IncomingMessage,
  isVerdict,
  type OpenedItem,
  QueueError,
  release,
  retry,
  toQueueError,
  type Verdict,
} from '@sqskit/core';
import type { Delivery } from './delivery.ts';
import { type FailedMessage, type FailurePolicy, isKnown } from './failure-policy.ts';
import type { Instruments } from './instruments.ts';
import type { ReportError } from './report.ts';

/** Runs one logical message. Never rejects. */
export type ItemRun = () => Promise<Verdict>;

/** What an SQS message turned out to hold. */
export interface OpenedDelivery {
  readonly runs: readonly ItemRun[];
  /** To be called once SQS has deleted the message. Never rejects. */
  readonly deleted: (() => Promise<void>) | undefined;
}

/** Opens an SQS message. Never rejects: what cannot be opened is a run that fails. */
export type Work = (delivery: Delivery) => Promise<OpenedDelivery>;

export interface WorkOptions<T> {
  readonly handler: Handler<T>;
  readonly codec: Codec<T>;
  readonly envelope: Envelope;
  readonly failurePolicy: FailurePolicy<T>;
  readonly report: ReportError;
  readonly instruments: Instruments;
  /** Whether the message was handled before, and is only to be deleted. */
  readonly isCompleted: (delivery: Delivery) => boolean;
}

export function createWork<T>(options: WorkOptions<T>): Work {
  const { codec, envelope, handler, failurePolicy, report, instruments, isCompleted } = options;

  async function openDelivery(delivery: Delivery): Promise<OpenedDelivery> {
    try {
      const opened = await envelope.open(delivery.message);
      const runs = opened.items.map((item) => () => runItem(delivery, item));
      return { runs, deleted: opened.deleted && (() => cleanUp(delivery, () => opened.deleted?.())) };
    } catch (cause) {
      const item = { error: decodeFailed('the envelope could not open the message', cause) };
      return { runs: [() => runItem(delivery, item)], deleted: undefined };
    }
  }

  async function runItem(delivery: Delivery, item: OpenedItem | BrokenItem): Promise<Verdict> {
    if (delivery.isAbandoned) {
      return release(); // not carried out: whoever abandons a delivery has seen to its message
    }
    if (isCompleted(delivery)) {
      return ack();
    }
    if ('error' in item) {
      return failed(delivery, item.error, describe(delivery, item, undefined), 'decode');
    }
    let message: IncomingMessage<T>;
    try {
      message = describe(delivery, item, codec.decode(item.content));
    } catch (cause) {
      const error = decodeFailed('the codec could not decode the content', cause);
      return failed(delivery, error, describe(delivery, item, undefined), 'decode');
    }
    const ended = instruments.handlerStarted(message.sentAtMs);
    try {
      const result = await handler(message, new DeliveryContext(delivery));
      return isVerdict(result) ? known(delivery, result) : ack();
    } catch (error) {
      return delivery.isAbandoned ? release() : failed(delivery, error, message, 'handle');
    } finally {
      ended?.();
    }
  }

  /** A verdict of another version of core may be one that this one does not know. */
  function known({ message: { messageId } }: Delivery, verdict: Verdict): Verdict {
    if (isKnown(verdict)) {
      return verdict;
    }
    const error = new TypeError(
      `the handler returned a verdict whose action is not known: ${verdict.action}`,
    );
    report(error, { during: 'handle', messageId });
    return retry();
  }

  async function failed(
    { message: { messageId } }: Delivery,
    error: unknown,
    message: FailedMessage<T>,
    during: 'decode' | 'handle',
  ): Promise<Verdict> {
    report(error, { during, messageId });
    try {
      const verdict: unknown = await failurePolicy(error, message);
      if (isVerdict(verdict) && isKnown(verdict)) {
        return verdict;
      }
      throw new TypeError(`the failure policy returned ${typeof verdict}, not a verdict that is known`);
    } catch (policyError) {
      report(policyError, { during: 'decide', messageId });
      return retry();
    }
  }

  async function cleanUp({ message }: Delivery, deleted: () => unknown): Promise<void> {
    try {
      await deleted();
    } catch (error) {
      report(toQueueError(error, 'clean-up'), { during: 'settle', messageId: message.messageId });
    }
  }

  return openDelivery;
}

/** A getter on the prototype: one on each object costs a tenth of the whole run, and few handlers look at it. */
class DeliveryContext implements HandlerContext {
  readonly #delivery: Delivery;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  get signal(): AbortSignal {
    return this.#delivery.signal;
  }
}

function describe<B>(
  delivery: Delivery,
  item: OpenedItem | BrokenItem,
  body: B,
): FailedMessage<B> & { readonly body: B } {
  const { message, queueUrl } = delivery;
  const isOpened = 'content' in item;
  return {
    id: item.id ?? message.messageId,
    body,
    attributes: isOpened ? item.attributes : message.attributes,
    receiveCount: message.receiveCount + (isOpened ? item.attempt : 0),
    sentAtMs: message.sentAtMs,
    messageId: message.messageId,
    queueUrl,
    groupId: message.groupId,
    deduplicationId: message.deduplicationId,
    sequenceNumber: message.sequenceNumber,
    traceHeader: message.traceHeader,
  };
}

function decodeFailed(message: string, cause: unknown): QueueError<'decode-failed'> {
  return new QueueError('decode-failed', message, {}, { cause });
}
