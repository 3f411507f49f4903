import {
  abortedError,
  type CloseOptions,
  type CloseReport,
  type OutgoingMessage,
  QueueError,
  type Sender,
  type SendOptions,
  type SendReceipt,
  type Undelivered,
} from '@sqskit/core';
import type { Clock, Timer } from '@sqskit/core/clock';

/** What a region does with one call: an error with the outcome `unknown` loses the answer, the message is there. */
export type Answer = 'accept' | 'hang' | QueueError;

export interface SimpleSenderOptions<T> {
  readonly clock: Clock;
  readonly queueUrl: string;
  /** How long a call takes. */
  readonly latencyMs?: number | undefined;
  /** Messages in the buffer. */
  readonly capacity?: number | undefined;
  /** How long after a retryable failure the next call begins. */
  readonly retryAfterMs?: number | undefined;
  readonly answer?: ((message: OutgoingMessage<T>, call: number) => Answer) | undefined;
}

/** The simplest `Sender` that keeps the contract: no batches, one call after the other for each message. */
export interface SimpleSender<T> extends Sender<T> {
  /** What the queue took, in order; one that was sent twice is here twice. */
  readonly accepted: readonly OutgoingMessage<T>[];
  /** What the sender was given, in order. */
  readonly given: readonly {
    readonly message: OutgoingMessage<T>;
    readonly options: SendOptions | undefined;
  }[];
  readonly flushes: number;
  readonly isClosed: boolean;
}

interface Entry<T> {
  readonly message: OutgoingMessage<T>;
  readonly id: string;
  readonly deadlineAt: number;
  readonly timers: Set<Timer>;
  calls: number;
  isCalling: boolean;
  isAmbiguous: boolean;
  settle(result: SendReceipt | QueueError): void;
}

export function createSimpleSender<T>(options: SimpleSenderOptions<T>): SimpleSender<T> {
  return new OneByOneSender(options);
}

class OneByOneSender<T> implements SimpleSender<T> {
  readonly accepted: OutgoingMessage<T>[] = [];
  readonly given: { message: OutgoingMessage<T>; options: SendOptions | undefined }[] = [];
  flushes = 0;
  isClosed = false;
  readonly #options: Required<{
    [K in keyof SimpleSenderOptions<T>]: NonNullable<SimpleSenderOptions<T>[K]>;
  }>;
  readonly #buffer = new Set<Entry<T>>();
  readonly #undelivered: Undelivered<T>[] = [];
  #waiters: (() => void)[] = [];
  #sent = 0;
  #closing: Promise<CloseReport<T>> | undefined;

  constructor(options: SimpleSenderOptions<T>) {
    const { latencyMs = 10, capacity = 1_000, retryAfterMs = 50, answer = () => 'accept' } = options;
    this.#options = { ...options, latencyMs, capacity, retryAfterMs, answer };
  }

  trySend(message: OutgoingMessage<T>, options?: SendOptions): Promise<SendReceipt> | undefined {
    return this.#buffer.size < this.#options.capacity ? this.send(message, options) : undefined;
  }

  send(message: OutgoingMessage<T>, options?: SendOptions): Promise<SendReceipt> {
    this.given.push({ message, options });
    const { signal, deadlineMs = 120_000 } = options ?? {};
    const { clock, capacity } = this.#options;
    if (this.isClosed) {
      return Promise.reject(new QueueError('closed', 'closed', { what: 'simple sender' }));
    }
    if (signal?.aborted === true) {
      return Promise.reject(abortedError(signal));
    }
    return new Promise((resolve, reject) => {
      const entry: Entry<T> = {
        message,
        id: message.id ?? `simple-${this.given.length}`,
        deadlineAt: clock.monotonic() + deadlineMs,
        timers: new Set(),
        calls: 0,
        isCalling: false,
        isAmbiguous: false,
        settle: (result) => {
          if (!this.#buffer.delete(entry)) {
            return;
          }
          for (const timer of entry.timers) {
            timer.cancel();
          }
          if (result instanceof QueueError) {
            const error = entry.isAmbiguous || entry.isCalling ? asUnknown(result) : result;
            this.#undelivered.push(...(this.#closing ? [{ message, id: entry.id, error }] : []));
            reject(error);
          } else {
            this.#sent++;
            resolve(result);
          }
          this.#wake();
        },
      };
      this.#buffer.add(entry);
      signal?.addEventListener('abort', () => entry.settle(abortedError(signal)), { once: true });
      const expire = (): void =>
        entry.settle(new QueueError('deadline-exceeded', 'too late', { attempts: entry.calls }));
      this.#after(entry, deadlineMs, expire);
      if (this.#buffer.size <= capacity && deadlineMs > 0) {
        this.#call(entry);
      }
    });
  }

  async flush(): Promise<void> {
    this.flushes++;
    const here = [...this.#buffer];
    while (here.some((entry) => this.#buffer.has(entry))) {
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
      });
    }
  }

  close({ timeoutMs = 120_000 }: CloseOptions = {}): Promise<CloseReport<T>> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(timeoutMs: number): Promise<CloseReport<T>> {
    this.isClosed = true;
    const timer = this.#options.clock.setTimer(() => {
      for (const entry of this.#buffer) {
        entry.settle(new QueueError('closed', 'not delivered in time', { what: 'simple sender' }));
      }
    }, timeoutMs);
    await this.flush();
    timer.cancel();
    return { sent: this.#sent, undelivered: this.#undelivered };
  }

  #call(entry: Entry<T>): void {
    const { answer, latencyMs, retryAfterMs, queueUrl } = this.#options;
    entry.calls++;
    entry.isCalling = true;
    const result = answer(entry.message, entry.calls);
    if (result === 'hang') {
      return;
    }
    this.#after(entry, latencyMs, () => {
      entry.isCalling = false;
      if (result === 'accept') {
        this.accepted.push(entry.message);
        const messageId = `${queueUrl}#${this.accepted.length}`;
        entry.settle({ id: entry.id, messageId, sequenceNumber: undefined, queueUrl, attempts: entry.calls });
        return;
      }
      if (result.outcome === 'unknown') {
        this.accepted.push(entry.message);
        entry.isAmbiguous = true;
      }
      if (result.retryable) {
        this.#after(entry, retryAfterMs, () => this.#call(entry));
      } else {
        entry.settle(result);
      }
    });
  }

  #after(entry: Entry<T>, delayMs: number, callback: () => void): void {
    const timer = this.#options.clock.setTimer(() => {
      entry.timers.delete(timer);
      callback();
    }, delayMs);
    entry.timers.add(timer);
  }

  /** Whoever has found no room gets the room that has become free. */
  #wake(): void {
    const { capacity } = this.#options;
    for (const entry of [...this.#buffer].slice(0, capacity)) {
      if (entry.calls === 0) {
        this.#call(entry);
      }
    }
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) {
      resolve();
    }
  }
}

function asUnknown(error: QueueError): QueueError {
  const { code, details, retryable, throttled } = error;
  return new QueueError(code, 'may have been sent', details, {
    outcome: 'unknown',
    retryable,
    throttled,
    cause: error,
  });
}
