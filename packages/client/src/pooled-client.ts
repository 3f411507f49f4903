import { type Logger, QueueError } from '@sqskit/core';
import { guardedLogger } from '@sqskit/core/callbacks';
import { loggerRule, type OptionRules, resolveOptions } from '@sqskit/core/options';
import {
  handlerOptions,
  type PooledHandlerOptions,
  type PoolStats,
  pooledHandlerRules,
  refuseHandlerOptions,
} from './pool-options.ts';
import { type PooledHandler, pooledHandler } from './pooled-handler.ts';
import { makeSdkClient } from './sdk-client.ts';
import type { Credentials, SqsClient, SqsCommand } from './sqs-client.ts';

export interface PooledClientOptions extends PooledHandlerOptions {
  /** Default: the SDK's usual chain (`AWS_REGION`, the shared config file, …). */
  readonly region?: string | undefined;
  /** Default: the SDK's usual chain (environment, SSO, shared files, container, instance). */
  readonly credentials?: Credentials | (() => Promise<Credentials>) | undefined;
  /** Where requests go whatever a queue's URL says: an emulator or a VPC endpoint. Default: the region's own. */
  readonly endpoint?: string | undefined;
  /** A handler whose connections to share with other clients; they close with the last that shares them. Default: its own. */
  readonly handler?: PooledHandler | undefined;
  /** Takes what the SDK has to say. Default: silent. */
  readonly logger?: Logger | undefined;
}

type OwnOptions = Omit<PooledClientOptions, keyof PooledHandlerOptions>;
type OwnUnset = 'region' | 'credentials' | 'endpoint' | 'handler';

/** Without those of `pooledHandler`. */
export const pooledClientRules: OptionRules<OwnOptions, OwnUnset> = {
  region: {
    kind: 'text',
    maxLength: 64,
    doc: "The region that requests are signed for. Unset: the SDK's usual chain (`AWS_REGION`, shared files).",
  },
  credentials: {
    kind: 'object',
    methods: [],
    orFunction: true,
    what: 'credentials, or a function that resolves with them',
    doc: "What requests are signed with. Unset: the SDK's usual chain (environment, SSO, shared files, container, instance).",
  },
  endpoint: {
    kind: 'text',
    maxLength: 2_048,
    doc: "Where requests go whatever a queue's URL says: an emulator, or a VPC endpoint. Unset: the region's own.",
  },
  handler: {
    kind: 'object',
    methods: ['handle', 'share', 'stats'],
    what: 'a handler of `pooledHandler`',
    doc: 'A handler whose connections to share with other clients, in place of the options of `pooledHandler`. They close with the last that shares them.',
  },
  logger: loggerRule('Takes what the SDK has to say.'),
};

/** An SQS client on pooled connections that makes one attempt a call: retries belong to the one who knows the messages. */
export interface PooledClient extends SqsClient {
  /** Sends any command of `@aws-sdk/client-sqs`, and resolves with that command's output. */
  send<Output>(
    command: SqsCommand<Output>,
    options?: { readonly abortSignal?: AbortSignal },
  ): Promise<Output>;
  /** Opens connections for the queue of a URL before there are calls: so many in all, up to `maxConnections`. */
  prewarm(queueUrl: string, connections: number): Promise<void>;
  stats(): PoolStats;
  /** Refuses new calls, waits for those under way, and closes the connections unless others share them. Idempotent. */
  close(): Promise<void>;
  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Makes a client of the installed `@aws-sdk/client-sqs`. Throws `option-invalid`. */
export function createPooledClient(options: PooledClientOptions = {}): PooledClient {
  const settings = resolveOptions<PooledClientOptions, OwnUnset | 'maxLongPolls'>(
    'createPooledClient',
    { ...pooledClientRules, ...pooledHandlerRules },
    options,
  );
  if (settings.handler !== undefined) {
    refuseHandlerOptions('createPooledClient', options);
  }
  const handler = settings.handler?.share() ?? pooledHandler(handlerOptions(options));
  const client = makeSdkClient(settings, handler, guardedLogger(settings.logger));
  let closed = false;
  const close = (): Promise<void> => {
    closed = true;
    return handler.close();
  };
  return {
    config: client.config,
    send: (command, { abortSignal } = {}) =>
      closed
        ? Promise.reject(new QueueError('closed', 'the client is closed', { what: 'createPooledClient' }))
        : // What the command's type says that it results in.
          (client.send(command, abortSignal) as Promise<never>),
    prewarm: (url, connections) => handler.prewarm(settings.endpoint ?? url, connections),
    stats: () => handler.stats(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
