import { Readable } from 'node:stream';
import { abortedError, type QueueError } from '@sqskit/core';
import type { Clock, Timer } from '@sqskit/core/clock';
import type { Dispatcher } from 'undici';
import { onAbort } from './abort-listener.ts';
import type { Connection } from './connection.ts';
import type { HandlerAbortSignal, HandlerResponse } from './sdk-handler.ts';
import { type ExchangePhase, exchangeError, timeoutError } from './transport-error.ts';

export interface ExchangeLimits {
  /** Milliseconds for all of it: the wait for a connection, connecting, and the answer to its last byte. */
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
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
export class Exchange implements Dispatcher.DispatchHandler {
  readonly operation: string;
  readonly isPoll: boolean;
  /** Called once, when an exchange that had begun is over; says whether its connection can serve another. */
  onReleased: ((reusable: boolean) => void) | undefined;
  /** Called if the exchange settles while it waits for a connection. */
  onWithdrawn: (() => void) | undefined;

  readonly #limits: ExchangeLimits;
  readonly #signal: HandlerAbortSignal | undefined;
  readonly #resolve: (response: HandlerResponse) => void;
  readonly #reject: (error: QueueError) => void;
  readonly #timer: Timer;
  readonly #stopListening: (() => void) | undefined;
  readonly #chunks: Buffer[] = [];
  #phase: ExchangePhase = 'waiting';
  #settled = false;
  #statusCode = 0;
  #reason: string | undefined;
  #headers: Record<string, string> = {};

  constructor(
    request: { readonly operation: string; readonly isPoll: boolean },
    limits: ExchangeLimits,
    clock: Clock,
    signal: HandlerAbortSignal | undefined,
    settle: {
      readonly resolve: (response: HandlerResponse) => void;
      readonly reject: (error: QueueError) => void;
    },
  ) {
    this.operation = request.operation;
    this.isPoll = request.isPoll;
    this.#limits = limits;
    this.#signal = signal;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
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
    headers: Readonly<Record<string, string | string[] | undefined>>,
    statusMessage?: string,
  ): void {
    if (statusCode < 200) {
      return;
    }
    this.#statusCode = statusCode;
    this.#reason = statusMessage;
    for (const name in headers) {
      const value = headers[name];
      if (value !== undefined) {
        this.#headers[name] = typeof value === 'string' ? value : value.join(', ');
      }
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#settle()) {
      this.onReleased?.(true);
      this.#resolve({
        statusCode: this.#statusCode,
        reason: this.#reason ?? '',
        headers: this.#headers,
        body: responseBody(this.#headers, this.#chunks),
      });
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
    if (!this.#settle()) {
      return;
    }
    this.#reject(errorIn(this.#phase));
    if (this.#phase === 'waiting') {
      this.onWithdrawn?.();
    } else {
      this.onReleased?.(false);
    }
  }

  #settle(): boolean {
    if (this.#settled) {
      return false;
    }
    this.#settled = true;
    this.#timer.cancel();
    this.#stopListening?.();
    return true;
  }
}

function bytesOf(chunks: readonly Buffer[]): Uint8Array {
  const [first = new Uint8Array()] = chunks;
  return chunks.length <= 1 ? first : Buffer.concat(chunks);
}

/**
 * The body as one `Uint8Array`, which saves the SDK a stream; every version takes it for the JSON protocols. Other
 * answers may be objects that the SDK hands on as a stream (S3), so they are given as one.
 */
function responseBody(headers: Readonly<Record<string, string>>, chunks: readonly Buffer[]): unknown {
  return headers['content-type']?.startsWith('application/x-amz-json') === true
    ? bytesOf(chunks)
    : Readable.from(chunks, { objectMode: false });
}
