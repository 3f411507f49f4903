import type { Content, MessageAttributes } from './message.ts';
import type { Payload } from './queue.ts';
import { QueueError } from './queue-error.ts';
import { payloadBytes } from './size.ts';
import { framedBody, readBody, textBody, type WireBody } from './wire.ts';

/** One logical message, as an envelope carries it. */
export interface Item {
  /** The sender's id; an envelope need not carry it. */
  readonly id: string;
  readonly content: Content;
  readonly attributes?: MessageAttributes | undefined;
  /** To be carried with the content: a sender gives it where the SQS message itself cannot say it of each of its items. */
  readonly traceHeader?: string | undefined;
  /** How often this message has been received before, for one that is sent again alone. 0 for a new one. */
  readonly attempt: number;
}

/** One SQS message, ready to send, made of the first `taken` items. */
export interface Sealed {
  readonly payload: Payload;
  readonly taken: number;
  /** The size of `payload`, as `payloadBytes` counts it, where the envelope has counted it: to count takes time. */
  readonly bytes?: number | undefined;
  /** Undoes what sealing left elsewhere (an object in S3), for a message that was certainly not accepted. */
  discard?(): Promise<void>;
}

/** One logical message out of an SQS message. `id` is `undefined` where the envelope carried none. */
export interface OpenedItem {
  readonly id?: string | undefined;
  readonly content: Content;
  readonly attributes: MessageAttributes;
  /** Where the envelope carried one; otherwise that of the SQS message counts. */
  readonly traceHeader?: string | undefined;
  readonly attempt: number;
}

/** An item that could not be opened. It fails alone. */
export interface BrokenItem {
  readonly id?: string | undefined;
  readonly error: QueueError;
}

export interface Opened {
  readonly items: readonly (OpenedItem | BrokenItem)[];
  /**
   * Called once SQS has deleted the message: clean-up of what it pointed to. Not where the message was moved as it stands:
   * then the one in the dead-letter queue points to it.
   */
  deleted?(): Promise<void>;
}

/**
 * One or many contents in one SQS message. Sender and consumer are given the same one.
 *
 * `seal` takes a prefix of `items` (never none) into at most `maxBytes`, as `payloadBytes` counts them, and throws
 * `message-too-large` where the first item alone does not fit. `open` never throws for what came in: whatever cannot
 * be read is a `BrokenItem`. Either may be asynchronous.
 *
 * The items of one SQS message share its group, delay and deduplication id: the sender sees to that. An envelope that
 * packs carries each item's id, attributes, trace header and attempt; one that does not pack is given one item at a time,
 * a new one, whose trace header stands on the SQS message.
 */
export interface Envelope {
  /** The most items that one SQS message takes: 1 unless the envelope packs. */
  readonly maxItems: number;
  /**
   * Of an envelope that packs: about how many bytes of content, attributes and trace headers fill one SQS message as
   * things are. A sender gathers as much before it seals. It may change with every seal, as the envelope learns how
   * well the contents compress.
   */
  readonly fillBytes?: number | undefined;
  seal(items: readonly [Item, ...Item[]], maxBytes: number): Sealed | Promise<Sealed>;
  open(payload: Payload): Opened | Promise<Opened>;
}

const noAttributes: MessageAttributes = {};

/** In UTF-8, of each unit of a string's length. */
const mostBytesOfUnit = 3;

/** The size of the payload as SQS counts it, unless `bytes` says. Throws `message-too-large` if it is more than `maxBytes`. */
export function assertFits(
  payload: Payload,
  maxBytes: number,
  bytes: number = payloadBytes(payload),
): number {
  if (bytes > maxBytes) {
    throw new QueueError(
      'message-too-large',
      `the message is ${bytes} bytes with its attributes; this queue takes up to ${maxBytes}`,
      { bytes, maxBytes },
    );
  }
  return bytes;
}

/**
 * One content in one message, and nothing done to it: text is the body itself, readable by any consumer (one tilde
 * longer where it begins with a tilde); bytes travel as `~1b` and base64.
 */
export function plain(): Envelope {
  return {
    maxItems: 1,
    seal([{ content, attributes }], maxBytes) {
      const body = typeof content === 'string' ? textBody(content) : framedBody('b', content);
      const payload: Payload = { body, attributes };
      // What fits whatever its characters is for the sender to count, who reads it once more anyway.
      const isSureToFit = attributes === undefined && body.length * mostBytesOfUnit <= maxBytes;
      return { payload, taken: 1, bytes: isSureToFit ? undefined : assertFits(payload, maxBytes) };
    },
    open({ body, attributes = noAttributes }) {
      return { items: [openPlain(readBody(body), attributes)] };
    },
  };
}

function openPlain(wire: WireBody, attributes: MessageAttributes): OpenedItem | BrokenItem {
  if ('text' in wire) {
    return { content: wire.text, attributes, attempt: 0 };
  }
  if (wire.kind !== 'b') {
    return broken(
      `the body is of kind '${wire.kind}', which the plain envelope does not read: give the consumer the producer's envelope`,
    );
  }
  if (wire.bytes === undefined) {
    return broken('the body is marked as bytes but is not base64');
  }
  return { content: wire.bytes, attributes, attempt: 0 };
}

function broken(message: string): BrokenItem {
  return { error: new QueueError('decode-failed', message, {}) };
}
