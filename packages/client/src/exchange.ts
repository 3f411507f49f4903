import { abortedError, type QueueError } from '@sqskit/core';
import type { Clock, Timer } from '@sqskit/core/clock';
import type { Linked } from '@sqskit/core/linked-list';
import type { Dispatcher } from 'undici';
import { onAbort } from './abort-listener.ts';
import type { Connection } from './connection.ts';
import type { ExchangeGroup } from './exchange-group.ts';
import type { HandlerAbortSignal } from './sdk-handler.ts';
import { type ExchangePhase, exchangeError, timeoutError } from './transport-error.ts';

export interface ExchangeLimits {
  /** Milliseconds for all of it: the wait for a connection, connecting, and the answer to its last byte. */
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** What the service answered, complete. */
export interface ExchangeAnswer {
  readonly statusCode: number;
  readonly reason: string;
  /** By lower-case name; a header that came more than once is an array. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly chunks: readonly Buffer[];
}

/** Who waits for an exchange: one of the two is called, once. */
export interface ExchangeListener {
  resolve(answer: ExchangeAnswer): void;
  reject(error: QueueError): void;
}

/**
 * One request and its answer.
 *
 *     waiting ─▶ connecting ─▶ written ─▶ settled
 *        └───────────┴─────────────┴─────▶ settled: by its time-out, its signal, or an error
 *
 * One that is given up takes its connection with it: an answer that nobody waits for must not be taken for the next
 * request's.
 */
export class Exchange implements Dispatcher.DispatchHandler, Linked<Exchange> {
  // Neighbours in its group, until it settles.
  previous: Exchange | undefined;
  next: Exchange | undefined;

  readonly operation: string;
  readonly isPoll: boolean;
  /** Called once, when an exchange that had begun is over; says whether its connection can serve another. */
  onReleased: ((reusable: boolean) => void) | undefined;
  /** Called if the exchange settles while it waits for a connection. */
  onWithdrawn: (() => void) | undefined;

  readonly #limits: ExchangeLimits;
  readonly #signal: HandlerAbortSignal | undefined;
  /**
   * Until it settles. What V8 has moved to its old generation keeps alive what it points to until a major collection: of
   * a call that is over, an exchange shall not keep the answer and the promises of its caller.
   */
  #listener: ExchangeListener | undefined;
  readonly #group: ExchangeGroup;
  readonly #timer: Timer;
  readonly #stopListening: (() => void) | undefined;
  #phase: ExchangePhase = 'waiting';
  /** From its first byte until it settles. */
  #answer: (ExchangeAnswer & { readonly chunks: Buffer[] }) | undefined;

  constructor(
    request: { readonly operation: string; readonly isPoll: boolean },
    limits: ExchangeLimits,
    clock: Clock,
    signal: HandlerAbortSignal | undefined,
    listener: ExchangeListener,
    group: ExchangeGroup,
  ) {
    this.operation = request.operation;
    this.isPoll = request.isPoll;
    this.#limits = limits;
    this.#signal = signal;
    this.#listener = listener;
    this.#group = group;
    group.add(this);
    this.#timer = clock.setTimer(() => this.#timeOut(), limits.timeoutMs);
    this.#stopListening = signal === undefined ? undefined : onAbort(signal, () => this.#abort());
  }

  /** Fails it from outside: the pool is full or closed. */
  fail(errorIn: (phase: ExchangePhase) => QueueError): void {
    this.#giveUp(errorIn);
  }

  begin(connection: Connection, request: Dispatcher.DispatchOptions): void {
    this.#phase = 'connecting';
    connection.dispatch(request, this);
  }

  onRequestStart(): void {
    this.#phase = 'written';
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: ExchangeAnswer['headers'],
    reason = '',
  ): void {
    if (statusCode >= 200) {
      this.#answer = { statusCode, reason, headers, chunks: [] };
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#answer?.chunks.push(chunk);
  }

  onResponseEnd(): void {
    const answer = this.#answer;
    if (answer === undefined) {
      return;
    }
    const listener = this.#settle();
    if (listener !== undefined) {
      this.#release(true);
      listener.resolve(answer);
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#giveUp((phase) => exchangeError(error, this.operation, phase, this.#limits.connectTimeoutMs));
  }

  #timeOut(): void {
    this.#giveUp((phase) => timeoutError(this.operation, phase, this.#limits.timeoutMs));
  }

  #abort(): void {
    const { reason } = this.#signal ?? {};
    this.#giveUp((phase) => abortedError({ reason }, phase === 'written' ? 'unknown' : 'rejected'));
  }

  #giveUp(errorIn: (phase: ExchangePhase) => QueueError): void {
    const listener = this.#settle();
    if (listener === undefined) {
      return;
    }
    listener.reject(errorIn(this.#phase));
    if (this.#phase === 'waiting') {
      this.onWithdrawn?.();
    } else {
      this.#release(false);
    }
  }

  #release(reusable: boolean): void {
    const { onReleased } = this;
    this.onReleased = undefined;
    onReleased?.(reusable);
  }

  /** Returns who waits for it, once. */
  #settle(): ExchangeListener | undefined {
    const listener = this.#listener;
    if (listener !== undefined) {
      this.#listener = undefined;
      this.#answer = undefined;
      this.#timer.cancel();
      this.#stopListening?.();
      this.#group.delete(this);
    }
    return listener;
  }
}

/** The body of an answer in one piece. */
export function bytesOf(chunks: readonly Buffer[]): Buffer {
  const [first = Buffer.alloc(0)] = chunks;
  return chunks.length <= 1 ? first : Buffer.concat(chunks);
}
