import { abortedError, type CallOptions, isQueueError, QueueError, sqsLimits } from '@sqskit/core';
import { invalidOption } from '@sqskit/core/options';
import { untilAborted } from './abort-listener.ts';
import { altered } from './call-failure.ts';
import { uncheckedError } from './client-check.ts';
import { CredentialsCache } from './credentials-cache.ts';
import type { ExchangeAnswer } from './exchange.ts';
import { outputOf } from './lean-answer.ts';
import { type LeanClientOptions, resolveLeanOptions } from './lean-options.ts';
import { LeanSigner } from './lean-signer.ts';
import { credentialsOf, settingsOf } from './lean-source.ts';
import { type LeanSettings, type LeanTarget, targetOf } from './lean-target.ts';
import { handlerOptions, type PoolStats, refuseHandlerOptions } from './pool-options.ts';
import { pooledHandler } from './pooled-handler.ts';
import { RequestBodies } from './request-bodies.ts';
import { ServiceClock } from './service-clock.ts';
import { UndiciHandler } from './undici-handler.ts';

/** A client that speaks SQS's JSON protocol itself, one attempt a call. It serves any number of queues. */
export interface LeanClient {
  /** Most calls to one endpoint that it carries at a time. */
  readonly maxConnections: number;
  /**
   * Makes any call of SQS's API, such as `call('CreateQueue', { QueueName: 'orders' })`. Input and output are as the API
   * has them in JSON: bytes are base64. Rejects with a `QueueError`.
   */
  call(operation: string, input: object, options?: CallOptions): Promise<unknown>;
  /** Opens connections for the queue of a URL before there are calls: so many in all, up to `maxConnections`. */
  prewarm(queueUrl: string, connections: number): Promise<void>;
  stats(): PoolStats;
  /** Refuses new calls, waits for those under way, and closes the connections unless others share them. Idempotent. */
  close(): Promise<void>;
  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Makes a client that signs and sends by itself, with credentials that are given or those of an SDK client. Throws `option-invalid`. */
export function createLeanClient(options: LeanClientOptions): LeanClient {
  return new UndiciLeanClient(options);
}

/** More queues than one process talks to; of names that are made up for each tenant there may be any number. */
const maxTargets = 1_000;

class UndiciLeanClient implements LeanClient {
  readonly maxConnections: number;
  readonly #handler: UndiciHandler;
  readonly #signer = new LeanSigner();
  readonly #bodies = new RequestBodies();
  readonly #credentials: CredentialsCache;
  readonly #clock: ServiceClock;
  readonly #options: LeanClientOptions;
  #settings: LeanSettings | undefined;
  #asking: Promise<LeanSettings> | undefined;
  /** By queue URL. */
  readonly #targets = new Map<string | undefined, LeanTarget>();
  #closed = false;

  constructor(given: LeanClientOptions) {
    const options = resolveLeanOptions(given);
    this.#options = options;
    if (options.handler !== undefined) {
      refuseHandlerOptions('createLeanClient', given);
    }
    const handler = options.handler?.share() ?? pooledHandler(handlerOptions(given));
    if (!(handler instanceof UndiciHandler)) {
      const expected = 'made by `pooledHandler` of the same copy of @sqskit/client';
      throw invalidOption('createLeanClient', 'handler', options.handler, expected);
    }
    this.#handler = handler;
    this.maxConnections = this.#handler.maxConnections;
    this.#credentials = new CredentialsCache(credentialsOf(options), options.clock);
    this.#clock = new ServiceClock(options.clock);
  }

  async call(operation: string, input: object, { signal }: CallOptions = {}): Promise<unknown> {
    if (this.#closed) {
      throw new QueueError('closed', 'the client is closed', { what: 'createLeanClient' });
    }
    if (signal?.aborted === true) {
      throw abortedError(signal);
    }
    const settings = this.#settings ?? (await untilAborted(this.#ask(), signal));
    const target = this.#target(input, settings);
    const provided = this.#credentials.get(operation);
    const credentials = provided instanceof Promise ? await untilAborted(provided, signal) : provided;
    const { correctionMs } = this.#clock;
    const body = this.#bodies.make(input);
    const headers = this.#signer.headers(
      target,
      operation,
      body.bytes,
      credentials,
      this.#clock.signingTime(),
    );
    const { origin, path } = target;
    const answer = await new Promise<ExchangeAnswer>((resolve, reject) => {
      this.#handler.run(
        {
          origin,
          operation,
          waitTimeMs: operation === 'ReceiveMessage' ? waitTimeMsOf(input) : 0,
          dispatch: { path, method: 'POST', headers, body: body.bytes },
        },
        signal,
        { resolve, reject },
      );
    });
    this.#bodies.answered(body);
    this.#clock.observe(answer.headers['date']);
    try {
      return outputOf(operation, answer);
    } catch (error) {
      if (isQueueError(error, 'access-denied')) {
        const { awsCode } = error.details;
        if (expired.has(awsCode)) {
          this.#credentials.refuse(credentials);
        } else if (mistimed.has(awsCode) && this.#clock.correctionMs !== correctionMs) {
          throw altered(error, { retryable: true }); // it was signed by a clock that has been put right since
        }
      }
      throw error;
    }
  }

  stats(): PoolStats {
    return this.#handler.stats();
  }

  async prewarm(queueUrl: string, connections: number): Promise<void> {
    const settings = this.#settings ?? (await this.#ask());
    await this.#handler.prewarm(this.#target({ QueueUrl: queueUrl }, settings).origin, connections);
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#handler.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #target(input: object, settings: LeanSettings): LeanTarget {
    const { QueueUrl } = input as { readonly QueueUrl?: string };
    let target = this.#targets.get(QueueUrl);
    if (target === undefined) {
      if (this.#targets.size >= maxTargets) {
        this.#targets.clear(); // made again for those that are still in use
      }
      target = targetOf(QueueUrl, settings);
      this.#targets.set(QueueUrl, target);
    }
    return target;
  }

  /** Asks the SDK's client what it was configured with, once. */
  #ask(): Promise<LeanSettings> {
    this.#asking ??= settingsOf(this.#options).then(
      (settings) => {
        this.#settings = settings;
        return settings;
      },
      (error: unknown) => {
        this.#asking = undefined;
        throw isQueueError(error) ? error : uncheckedError(error);
      },
    );
    return this.#asking;
  }
}

const expired = new Set(['ExpiredToken', 'ExpiredTokenException']);
// What SQS says of a signature whose time is not now.
const mistimed = new Set(['InvalidSignatureException', 'SignatureDoesNotMatch']);

/** How long a `ReceiveMessage` may be left unanswered: the queue's own setting, up to 20 s, where it does not say. */
function waitTimeMsOf(input: object): number {
  const { WaitTimeSeconds } = input as { readonly WaitTimeSeconds?: number };
  return WaitTimeSeconds === undefined ? sqsLimits.maxWaitTimeMs : WaitTimeSeconds * 1_000;
}
