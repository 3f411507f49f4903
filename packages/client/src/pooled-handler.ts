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

/** Makes a handler with connections of its own. One may serve any number of clients, of any region. */
export function pooledHandler(options: PooledHandlerOptions = {}): PooledHandler {
  return new UndiciHandler(resolvePoolOptions(options));
}
