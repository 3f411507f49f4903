import { md5OfBody, type WireAttributes } from './message-md5.ts';

/** A message to be received. */
export interface StockedMessage {
  readonly messageId: string;
  readonly body: string;
  readonly attributes?: WireAttributes | undefined;
}

/** As `ReceiveMessage` answers it. */
interface WireMessage {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body: string;
  readonly MD5OfBody: string;
  readonly Attributes: Readonly<Record<string, string>>;
  readonly MessageAttributes?: WireAttributes | undefined;
}

interface Held {
  readonly message: StockedMessage;
  readonly md5: string;
  receives: number;
  /** When it is visible again, in milliseconds. */
  visibleAt: number;
}

/** Whose visibility timeout is over is found out this often, in milliseconds. */
const lookEveryMs = 100;
const defaultVisibilityTimeoutS = 30;
/** About as long as those of SQS. */
const handlePadding = 'AQEB'.repeat(85);

/** What may be received: messages that were put in and, where `refill` makes more, as many as are asked for. */
export class Stock {
  readonly #refill: (() => StockedMessage) | undefined;
  readonly #now: () => number;
  readonly #visible: Held[] = [];
  /** In flight, by the newest receipt handle. */
  readonly #held = new Map<string, Held>();
  /** Of bodies that come again and again. */
  readonly #md5s = new Map<string, string>();
  #lookAt = 0;
  #handles = 0;

  constructor(refill?: () => StockedMessage, now: () => number = () => performance.now()) {
    this.#refill = refill;
    this.#now = now;
  }

  get size(): number {
    return this.#visible.length + this.#held.size;
  }

  put(message: StockedMessage): void {
    this.#visible.push({ message, md5: md5OfBody(message.body), receives: 0, visibleAt: 0 });
  }

  receive(maxMessages: number, visibilityTimeoutS = defaultVisibilityTimeoutS): readonly WireMessage[] {
    const now = this.#now();
    this.#makeVisible(now);
    const taken = this.#visible.splice(0, maxMessages);
    while (this.#refill !== undefined && taken.length < maxMessages) {
      taken.push(this.#made(this.#refill()));
    }
    return taken.map((held) => this.#handOut(held, now + visibilityTimeoutS * 1_000));
  }

  /** Whether a message was deleted: a handle that is not the newest, or none, deletes nothing, and that is no error. */
  delete(receiptHandle: string): boolean {
    return this.#held.delete(receiptHandle);
  }

  /** Whether the message was in flight. */
  changeVisibility(receiptHandle: string, visibilityTimeoutS: number): boolean {
    const held = this.#held.get(receiptHandle);
    if (held === undefined) {
      return false;
    }
    held.visibleAt = this.#now() + visibilityTimeoutS * 1_000;
    this.#lookAt = Math.min(this.#lookAt, held.visibleAt);
    return true;
  }

  #makeVisible(now: number): void {
    if (now < this.#lookAt) {
      return;
    }
    this.#lookAt = now + lookEveryMs;
    for (const [handle, held] of this.#held) {
      if (held.visibleAt <= now) {
        this.#held.delete(handle);
        this.#visible.push(held);
      }
    }
  }

  #made(message: StockedMessage): Held {
    const md5 = this.#md5s.get(message.body) ?? md5OfBody(message.body);
    this.#md5s.set(message.body, md5);
    return { message, md5, receives: 0, visibleAt: 0 };
  }

  #handOut(held: Held, visibleAt: number): WireMessage {
    held.receives++;
    held.visibleAt = visibleAt;
    const ReceiptHandle = `${handlePadding}${String(this.#handles++).padStart(20, '0')}`;
    this.#held.set(ReceiptHandle, held);
    const { messageId, body, attributes } = held.message;
    return {
      MessageId: messageId,
      ReceiptHandle,
      Body: body,
      MD5OfBody: held.md5,
      Attributes: { ApproximateReceiveCount: String(held.receives), SentTimestamp: '1700000000000' },
      ...(attributes && { MessageAttributes: attributes }),
    };
  }
}
