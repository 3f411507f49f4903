import { type Envelope, type HandlerContext, type Opened, QueueError, toQueueError } from '@sqskit/core';
import type { Clock, Timer } from '@sqskit/core/clock';
import type { Delivery } from './delivery.ts';
import { Pack } from './pack.ts';
import type { ReportError } from './report.ts';

/** Opens SQS messages by their envelope. */
export interface Opener {
  /** What cannot be opened is a pack of one message that cannot be read. Never rejects. */
  readonly open: (delivery: Delivery) => Promise<Pack>;
}

export interface OpenerOptions {
  readonly envelope: Envelope;
  readonly clock: Clock;
  readonly report: ReportError;
}

/** What an envelope removes elsewhere, when its message is deleted, is waited for no longer. */
const longestCleanUpMs = 15_000;

export function createOpener({ envelope, clock, report }: OpenerOptions): Opener {
  function packOf(delivery: Delivery, opened: Opened): Pack {
    const { origin } = delivery;
    const pack = new Pack({
      items: opened.items,
      context: new DeliveryContext(delivery),
      deleted: opened.deleted && (() => cleanUp(delivery, () => opened.deleted?.())),
      earlier: origin.earlier(delivery),
    });
    if (pack.size > 1) {
      origin.instruments.count('packs');
      origin.instruments.count('unpacked', pack.size);
    }
    return pack;
  }

  /** The next of a lane, and at last all receiving, waits for it: so not for ever. */
  async function cleanUp({ message, origin }: Delivery, deleted: () => unknown): Promise<void> {
    let timer: Timer | undefined;
    const timeUp = new Promise<never>((_resolve, reject) => {
      timer = clock.setTimer(() => reject(notCleanedUp()), longestCleanUpMs);
    });
    try {
      await Promise.race([deleted(), timeUp]);
    } catch (error) {
      report(toQueueError(error, 'clean-up'), {
        during: 'settle',
        queueUrl: origin.queueUrl,
        messageId: message.messageId,
      });
    } finally {
      timer?.cancel();
    }
  }

  return {
    async open(delivery) {
      try {
        return packOf(delivery, await envelope.open(delivery.message));
      } catch (cause) {
        const message = 'the envelope could not open the message';
        const error = new QueueError('decode-failed', message, {}, { cause });
        return packOf(delivery, { items: [{ error }] });
      }
    },
  };
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

function notCleanedUp(): QueueError<'timeout'> {
  const details = { operation: 'clean-up', timeoutMs: longestCleanUpMs };
  const message = `what the envelope left elsewhere was not removed within ${longestCleanUpMs} ms`;
  return new QueueError('timeout', message, details, { outcome: 'unknown' });
}
