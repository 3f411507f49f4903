import { abortedError } from '@sqskit/core';
import type { Dispatcher } from 'undici';
import { Exchange, type ExchangeListener } from './exchange.ts';
import { operationOf, originOf, pathOf, waitTimeMsOf } from './handler-request.ts';
import { handlerResponse } from './handler-response.ts';
import { OriginPool } from './origin-pool.ts';
import { type PoolSettings, type PoolStats, resolvePoolOptions } from './pool-options.ts';
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
  readonly #origins = new Map<string, OriginPool>();
  #settings: PoolSettings;
  #closed = false;
  #closing: Promise<void> | undefined;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
  }

  get maxConnections(): number {
    return this.#settings.maxConnections;
  }

  handle(
    request: HandlerRequest,
    { abortSignal, requestTimeout }: HandlerCallOptions = {},
  ): Promise<{ response: HandlerResponse }> {
    const { requestTimeoutMs } = this.#settings;
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
      pool = this.#poolOf(request.origin);
    } catch (error) {
      listener.reject(invalidRequestError(operation, error));
      return;
    }
    const { connectTimeoutMs, clock, requestTimeoutMs } = this.#settings;
    const timeoutMs = (request.timeoutMs ?? requestTimeoutMs) + waitTimeMs;
    const about = { operation, isPoll: waitTimeMs > 0 };
    pool.run(request.dispatch, new Exchange(about, { timeoutMs, connectTimeoutMs }, clock, signal, listener));
  }

  stats(): PoolStats {
    const stats = { active: 0, longPolls: 0, waiting: 0, connections: 0 };
    for (const pool of this.#origins.values()) {
      stats.active += pool.active;
      stats.longPolls += pool.longPolls;
      stats.waiting += pool.waiting;
      stats.connections += pool.connections;
    }
    return stats;
  }

  destroy(): void {
    this.#closed = true;
    for (const pool of this.#origins.values()) {
      pool.destroy();
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#closing ??= Promise.all([...this.#origins.values()].map((pool) => pool.close())).then(
      () => undefined,
    );
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  httpHandlerConfigs(): Readonly<Record<string, unknown>> {
    return this.#settings;
  }

  updateHttpClientConfig(key: string | symbol, value: unknown): void {
    // The SDK passes what is meant for its own handler under symbols, which are no options here and are passed over.
    this.#settings = resolvePoolOptions({ ...this.#settings, [key]: value });
  }

  #poolOf(origin: string): OriginPool {
    let pool = this.#origins.get(origin);
    if (pool === undefined) {
      const { maxConnections, maxLongPolls = Math.max(1, Math.floor(maxConnections * 0.8)) } = this.#settings;
      pool = new OriginPool(origin, { ...this.#settings, maxLongPolls });
      this.#origins.set(origin, pool);
    }
    return pool;
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
