import { ConnectionPool } from './connection-pool.ts';
import { type PooledHandlerOptions, type PoolStats, resolvePoolOptions } from './pool-options.ts';
import type { HandlerCallOptions, HandlerRequest, HandlerResponse } from './sdk-handler.ts';
import { UndiciHandler } from './undici-handler.ts';

/**
 * A `requestHandler` for any client of the AWS SDK v3. Structural: it names no type of the SDK.
 *
 * What it throws has the shape of the SDK's own errors (`AbortError`, `TimeoutError`), and a `QueueError` as its `cause`
 * which says whether the request was `rejected` (nothing had been written) or its outcome is `unknown`.
 */
export interface PooledHandler {
  readonly metadata: { readonly handlerProtocol: string };
  handle(request: HandlerRequest, options?: HandlerCallOptions): Promise<{ response: HandlerResponse }>;
  /**
   * Opens connections to the origin of a URL, such as a queue's, before there are requests for them: so many in all, up to
   * `maxConnections`. Rejects with a `QueueError` if one cannot be made.
   */
  prewarm(url: string, connections: number): Promise<void>;
  /** Another handler over the same connections, for a client of its own. They close when the last that shares them does. */
  share(): PooledHandler;
  /** Of all that share the connections together. */
  stats(): PoolStats;
  /** Ends every request of its own at once; what the SDK's `client.destroy()` calls. The last to do so closes the connections. */
  destroy(): void;
  /** Refuses new requests and waits for those of its own. The last to do so closes the connections. Idempotent. */
  close(): Promise<void>;
  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
  /** The options in force, by their names here. */
  httpHandlerConfigs(): Readonly<Record<string, unknown>>;
  /** Changes an option for the requests that follow; a limit of connections, for origins not yet used. */
  updateHttpClientConfig(key: string | symbol, value: unknown): void;
}

/** Makes a handler with connections of its own. One may serve any number of clients, of any region. */
export function pooledHandler(options: PooledHandlerOptions = {}): PooledHandler {
  return new UndiciHandler(new ConnectionPool(resolvePoolOptions(options)));
}
