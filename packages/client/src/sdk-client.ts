import { getFips, hash } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Logger } from '@sqskit/core';
import type { PooledHandler } from './pooled-handler.ts';
import type { HandlerCallOptions, HandlerRequest } from './sdk-handler.ts';
import type { Credentials, SqsClientConfig } from './sqs-client.ts';

export interface SdkClientConfig {
  readonly region: string | undefined;
  readonly credentials: Credentials | (() => Promise<Credentials>) | undefined;
  readonly endpoint: string | undefined;
}

/** The SDK's client, narrowed to what a pooled client passes on. */
export interface SdkClient {
  readonly config: SqsClientConfig;
  send(command: { readonly input: object }, signal: AbortSignal | undefined): Promise<unknown>;
}

/**
 * Makes the SDK's client with one attempt a call, and spares it work that it would do for every call: it resolves its
 * middleware once for each command, but only for calls without options, so signals go round it; and it checks each
 * body's MD5 with a stream, where one step will do. Together that is an eighth of the CPU time of a batch of ten.
 */
export function makeSdkClient(
  { region, credentials, endpoint }: SdkClientConfig,
  handler: PooledHandler,
  logger: Logger,
): SdkClient {
  // The signal of a call: by the command's input on the way in, by the HTTP request on the way out.
  const signals = new WeakMap<object, AbortSignal>();
  const client = new SQSClient({
    maxAttempts: 1,
    retryMode: 'standard', // AWS_RETRY_MODE=adaptive would delay the calls of queues that nobody throttles
    cacheMiddleware: true,
    // Where FIPS rules MD5 out, the SDK's check would fail every batch after SQS had accepted it.
    md5: getFips() === 1 ? false : OneShotMd5,
    requestHandler: withSignals(handler, signals),
    logger: sdkLogger(logger),
    ...(region !== undefined && { region }),
    ...(credentials !== undefined && { credentials }),
    ...(endpoint !== undefined && { endpoint }),
  });
  client.middlewareStack.add(
    (next) => (args) => {
      const signal = signals.get(args.input);
      const request: unknown = 'request' in args ? args.request : undefined;
      if (signal !== undefined && typeof request === 'object' && request !== null) {
        signals.set(request, signal);
      }
      return next(args);
    },
    { step: 'deserialize', name: 'sqskitSignalMiddleware' },
  );
  return {
    config: client.config,
    send(command, signal) {
      const call = signal === undefined ? command : withOwnInput(command);
      if (signal !== undefined) {
        signals.set(call.input, signal);
      }
      return client.send(call as never); // its type is that of the caller's SDK, which is the same one
    },
  };
}

/**
 * The same command with an input of its own: a command may be sent again, or twice at once, with another signal. A copy:
 * for an object that inherits from the command V8 would make a hidden class, which keeps the command, and so the bodies
 * of its messages, alive until a major collection.
 */
function withOwnInput<C extends { readonly input: object }>(command: C): C {
  const copy = Object.assign(Object.create(Object.getPrototypeOf(command)), command);
  return Object.assign(copy, { input: { ...command.input } });
}

function withSignals(handler: PooledHandler, signals: WeakMap<object, AbortSignal>): PooledHandler {
  return {
    metadata: handler.metadata,
    handle: (request: HandlerRequest, options: HandlerCallOptions = {}) => {
      const abortSignal = signals.get(request);
      return handler.handle(request, abortSignal === undefined ? options : { ...options, abortSignal });
    },
    prewarm: (url, connections) => handler.prewarm(url, connections),
    share: () => handler.share(),
    stats: () => handler.stats(),
    destroy: () => handler.destroy(),
    close: () => handler.close(),
    [Symbol.asyncDispose]: () => handler.close(),
    httpHandlerConfigs: () => handler.httpHandlerConfigs(),
    updateHttpClientConfig: (key, value) => handler.updateHttpClientConfig(key, value),
  };
}

/** The SDK's hash interface over `crypto.hash`. It updates once for each body. */
class OneShotMd5 {
  #data: Uint8Array = new Uint8Array();

  update(data: Uint8Array): void {
    this.#data = data;
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(hash('md5', this.#data, 'buffer'));
  }

  reset(): void {
    this.#data = new Uint8Array();
  }
}

interface SdkLogger {
  debug(): void;
  info(): void;
  warn(message: unknown): void;
  error(): void;
}

/** Warnings alone: the SDK's `info` and `error` records hold the input of each call, message bodies included. */
function sdkLogger(logger: Logger): SdkLogger {
  const ignore = (): void => undefined;
  return {
    debug: ignore,
    info: ignore,
    warn: (message) => logger.warn(`the AWS SDK warns: ${String(message)}`),
    error: ignore,
  };
}
