import { abortedError } from '@sqskit/core';
import type { Dispatcher } from 'undici';
import type { ConnectionPool } from './connection-pool.ts';
import { Exchange, type ExchangeListener } from './exchange.ts';
import { ExchangeGroup } from './exchange-group.ts';
import { operationOf, originOf, pathOf, waitTimeMsOf } from './handler-request.ts';
import { handlerResponse } from './handler-response.ts';
import type { OriginPool } from './origin-pool.ts';
import { type PoolStats, resolvePoolOptions } from './pool-options.ts';
import type { PooledHandler } from './pooled-handler.ts';
import type {
  HandlerAbortSignal,
  HandlerCallOptions,
  HandlerRequest,
  HandlerResponse,
} from './sdk-handler.ts';
import { closedError, invalidRequestError, sdkShaped } from './transport-error.ts';

/** One request, in terms of the pool. */
export interface PooledRequest {
  /** `https://sqs.eu-west-1.amazonaws.com` */
  readonly origin: string;
  readonly operation: string;
  /** How long the service may leave it unanswered by design; above 0 it is a long poll. */
  readonly waitTimeMs: number;
  /** Without that wait. Default: the handler's `requestTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  readonly dispatch: Dispatcher.DispatchOptions;
}

/** `PooledHandler` as the rest of this package knows it. */
export class UndiciHandler implements PooledHandler {
  readonly metadata = { handlerProtocol: 'http/1.1' };
  readonly #pool: ConnectionPool;
  readonly #exchanges = new ExchangeGroup();
  #closed = false;
  #left = false;
  #closing: Promise<void> | undefined;

  constructor(pool: ConnectionPool) {
    this.#pool = pool;
    pool.enter();
  }

  get maxConnections(): number {
    return this.#pool.settings.maxConnections;
  }

  handle(
    request: HandlerRequest,
    { abortSignal, requestTimeout }: HandlerCallOptions = {},
  ): Promise<{ response: HandlerResponse }> {
    const { requestTimeoutMs } = this.#pool.settings;
    const timeoutMs = requestTimeout === 0 ? Number.POSITIVE_INFINITY : (requestTimeout ?? requestTimeoutMs);
    return new Promise((resolve, reject) => {
      this.run(
        {
          origin: originOf(request),
          operation: operationOf(request),
          waitTimeMs: waitTimeMsOf(request),
          timeoutMs,
          dispatch: dispatchOptions(request),
        },
        abortSignal,
        {
          resolve: (answer) => resolve({ response: handlerResponse(answer) }),
          reject: (error) => reject(sdkShaped(error)),
        },
      );
    });
  }

  /** What the handler does for the SDK, without the SDK's shapes: the listener is told how it ended. */
  run(request: PooledRequest, signal: HandlerAbortSignal | undefined, listener: ExchangeListener): void {
    const { operation, waitTimeMs } = request;
    if (this.#closed) {
      listener.reject(closedError('waiting'));
      return;
    }
    if (signal?.aborted === true) {
      listener.reject(abortedError(signal));
      return;
    }
    let pool: OriginPool;
    try {
      pool = this.#pool.to(request.origin);
    } catch (error) {
      listener.reject(invalidRequestError(operation, error));
      return;
    }
    const { connectTimeoutMs, clock, requestTimeoutMs } = this.#pool.settings;
    const timeoutMs = (request.timeoutMs ?? requestTimeoutMs) + waitTimeMs;
    const about = { operation, isPoll: waitTimeMs > 0 };
    const limits = { timeoutMs, connectTimeoutMs };
    pool.run(request.dispatch, new Exchange(about, limits, clock, signal, listener, this.#exchanges));
  }

  async prewarm(url: string, connections: number): Promise<void> {
    if (this.#closed) {
      throw closedError('waiting');
    }
    let pool: OriginPool;
    try {
      pool = this.#pool.to(new URL(url).origin);
    } catch (error) {
      throw invalidRequestError('prewarm', error);
    }
    await pool.prewarm(connections);
  }

  share(): PooledHandler {
    if (this.#closed) {
      throw closedError('waiting');
    }
    return new UndiciHandler(this.#pool);
  }

  stats(): PoolStats {
    return this.#pool.stats();
  }

  destroy(): void {
    this.#closed = true;
    this.#exchanges.end();
    this.#leave();
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#closing ??= this.#exchanges.drained().then(() => this.#leave());
    return this.#closing;
  }

  #leave(): void {
    if (!this.#left) {
      this.#left = true;
      this.#pool.leave();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  httpHandlerConfigs(): Readonly<Record<string, unknown>> {
    return this.#pool.settings;
  }

  updateHttpClientConfig(key: string | symbol, value: unknown): void {
    // The SDK passes what is meant for its own handler under symbols, which are no options here and are passed over.
    this.#pool.settings = resolvePoolOptions({ ...this.#pool.settings, [key]: value });
  }
}

function dispatchOptions(request: HandlerRequest): Dispatcher.DispatchOptions {
  return {
    path: pathOf(request),
    method: request.method,
    headers: withoutExpect(request.headers),
    // A text, bytes or a stream; undici refuses anything else by itself.
    body: (request.body as NonNullable<Dispatcher.DispatchOptions['body']> | undefined) ?? null,
  };
}

/** undici knows no `Expect: 100-continue`, which the SDK sends with large objects; servers manage without. */
function withoutExpect(headers: HandlerRequest['headers']): Record<string, string> {
  if (headers['expect'] === undefined && headers['Expect'] === undefined) {
    return headers;
  }
  const { expect: _, Expect: __, ...others } = headers;
  return others;
}
