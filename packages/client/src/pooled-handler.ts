import { abortedError, QueueError } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { clockRule, type OptionRules, type Resolved, resolveOptions } from '@sqskit/core/options';
import type { Dispatcher } from 'undici';
import { Exchange } from './exchange.ts';
import { operationOf, originOf, pathOf, waitTimeMsOf } from './handler-request.ts';
import { OriginPool } from './origin-pool.ts';
import type { HandlerCallOptions, HandlerRequest, HandlerResponse } from './sdk-handler.ts';
import { closedError, invalidRequestError, sdkShaped } from './transport-error.ts';

export interface PooledHandlerOptions {
  /** Most connections to one origin, kept alive between requests. Default: 50, as the SDK's own handler. */
  readonly maxConnections?: number | undefined;
  /** Most of those connections that long polls may hold. Default: four fifths, so that sends and deletes never starve. */
  readonly maxLongPolls?: number | undefined;
  /** Most requests that wait for a connection, for each origin; as many long polls again. Default: 1,000. */
  readonly maxWaiting?: number | undefined;
  /** Milliseconds for DNS, TCP and TLS together. Default: 5,000, which survives two lost SYN packets (1 s and 3 s). */
  readonly connectTimeoutMs?: number | undefined;
  /** Milliseconds for a whole request, the wait for a connection included; a long poll's wait comes on top. Default: 10,000. */
  readonly requestTimeoutMs?: number | undefined;
  /** Milliseconds an idle connection is kept. Default: 20,000, below what load balancers and NAT gateways allow. */
  readonly keepAliveMs?: number | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
}

const longestTimerMs = 2_147_483_647;

export const pooledHandlerRules: OptionRules<PooledHandlerOptions, 'maxLongPolls'> = {
  maxConnections: {
    kind: 'number',
    default: 50,
    min: 2,
    max: 10_000,
    doc: 'Most connections to one origin, kept alive between requests.',
  },
  maxLongPolls: {
    kind: 'number',
    min: 1,
    max: 9_999,
    doc: 'Most of those connections that long polls may hold; fewer than all, so that sends and deletes never starve. Unset: four fifths.',
  },
  maxWaiting: {
    kind: 'number',
    default: 1_000,
    min: 0,
    max: 1_000_000,
    doc: 'Most requests that wait for a connection to one origin, and as many long polls again; beyond it a request fails at once with `pool-exhausted`.',
  },
  connectTimeoutMs: {
    kind: 'number',
    default: 5_000,
    min: 1,
    max: longestTimerMs,
    unit: 'ms',
    doc: 'For DNS, TCP and TLS together. The default survives two lost SYN packets.',
  },
  requestTimeoutMs: {
    kind: 'number',
    default: 10_000,
    min: 1,
    max: longestTimerMs,
    unit: 'ms',
    doc: 'For a whole request, from the wait for a connection to the last byte of the answer; the wait time of a long poll comes on top. The default leaves time to repeat a delete within the default visibility timeout.',
  },
  keepAliveMs: {
    kind: 'number',
    default: 20_000,
    min: 1,
    max: longestTimerMs,
    unit: 'ms',
    doc: 'How long an idle connection is kept, or less if the server says so. Below what load balancers (60 s) and NAT gateways (350 s) allow.',
  },
  clock: clockRule('Where time comes from.'),
};

/** What a handler is doing now, all origins together. */
export interface PoolStats {
  /** Requests under way, long polls included. */
  readonly active: number;
  /** Long polls under way. */
  readonly longPolls: number;
  /** Requests that wait for a connection. */
  readonly waiting: number;
  /** Open connections, idle ones included. */
  readonly connections: number;
}

/**
 * A `requestHandler` for any client of the AWS SDK v3. Structural: it names no type of the SDK.
 *
 * What it throws has the shape of the SDK's own errors (`AbortError`, `TimeoutError`), and a `QueueError` as its `cause`
 * which says whether the request was `rejected` (nothing had been written) or its outcome is `unknown`.
 */
export interface PooledHandler {
  readonly metadata: { readonly handlerProtocol: string };
  handle(request: HandlerRequest, options?: HandlerCallOptions): Promise<{ response: HandlerResponse }>;
  stats(): PoolStats;
  /** Ends every request at once and closes the connections; what the SDK's `client.destroy()` calls. */
  destroy(): void;
  /** Refuses new requests, waits for those under way, then closes the connections. Idempotent. */
  close(): Promise<void>;
  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
  /** The options in force, by their names here. */
  httpHandlerConfigs(): Readonly<Record<string, unknown>>;
  /** Changes an option for the requests that follow; a limit of connections, for origins not yet used. */
  updateHttpClientConfig(key: string | symbol, value: unknown): void;
}

type Settings = Resolved<PooledHandlerOptions, 'maxLongPolls'>;

/** Makes a handler with connections of its own. One may serve any number of clients, of any region. */
export function pooledHandler(options: PooledHandlerOptions = {}): PooledHandler {
  return new UndiciHandler(resolve(options));
}

function resolve(options: PooledHandlerOptions): Settings {
  const settings = resolveOptions<PooledHandlerOptions, 'maxLongPolls'>(
    'pooledHandler',
    pooledHandlerRules,
    options,
  );
  const { maxConnections, maxLongPolls } = settings;
  if (maxLongPolls !== undefined && maxLongPolls >= maxConnections) {
    const expected = `less than maxConnections (${maxConnections})`;
    throw new QueueError(
      'option-invalid',
      `pooledHandler: expected \`maxLongPolls\` to be ${expected}, received ${maxLongPolls}`,
      { option: 'maxLongPolls', received: maxLongPolls, expected },
    );
  }
  return settings;
}

class UndiciHandler implements PooledHandler {
  readonly metadata = { handlerProtocol: 'http/1.1' };
  readonly #origins = new Map<string, OriginPool>();
  #settings: Settings;
  #closed = false;
  #closing: Promise<void> | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  handle(
    request: HandlerRequest,
    { abortSignal, requestTimeout }: HandlerCallOptions = {},
  ): Promise<{ response: HandlerResponse }> {
    if (this.#closed) {
      return Promise.reject(sdkShaped(closedError('waiting')));
    }
    if (abortSignal?.aborted === true) {
      return Promise.reject(sdkShaped(abortedError(abortSignal)));
    }
    const operation = operationOf(request);
    const { requestTimeoutMs, connectTimeoutMs, clock } = this.#settings;
    const waitTimeMs = waitTimeMsOf(request);
    const ownTimeMs = requestTimeout === 0 ? Number.POSITIVE_INFINITY : (requestTimeout ?? requestTimeoutMs);
    const limits = { timeoutMs: ownTimeMs + waitTimeMs, connectTimeoutMs };
    const about = { operation, isPoll: waitTimeMs > 0 };
    let pool: OriginPool;
    try {
      pool = this.#poolOf(originOf(request));
    } catch (error) {
      return Promise.reject(sdkShaped(invalidRequestError(operation, error)));
    }
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(about, limits, clock, abortSignal, {
        resolve: (response) => resolve({ response }),
        reject: (error) => reject(sdkShaped(error)),
      });
      pool.run(dispatchOptions(request), exchange);
    });
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
    this.#settings = resolve({ ...this.#settings, [key]: value });
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
