import { QueueError } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { serviceError } from '@sqskit/core/errors';
import type { Credentials } from './sqs-client.ts';

/** Gives credentials, at best with the time at which they expire. */
export type CredentialsProvider = (options?: { readonly forceRefresh?: boolean }) => Promise<Credentials>;

const refreshAheadMs = 300_000;
const refreshPauseMs = 10_000;

/**
 * Credentials from a provider, kept until they expire. From five minutes before that they are renewed in the background,
 * while calls go on with those at hand; only where none are valid does a call wait. One request to the provider at a
 * time.
 */
export class CredentialsCache {
  readonly #provider: CredentialsProvider;
  readonly #clock: Clock;
  #current: Credentials | undefined;
  #expiresAtMs = Number.POSITIVE_INFINITY;
  #nextRefreshAtMs = Number.NEGATIVE_INFINITY;
  #fetching: Promise<Credentials> | undefined;
  #refused = false;

  constructor(source: Credentials | CredentialsProvider, clock: Clock) {
    this.#provider = typeof source === 'function' ? source : () => Promise.resolve(source);
    this.#clock = clock;
  }

  /** Those at hand, or a promise of the next, which rejects with a `QueueError`. */
  get(operation: string): Credentials | Promise<Credentials> {
    const leftMs = this.#expiresAtMs - this.#clock.now();
    if (this.#current === undefined || leftMs <= 0) {
      return this.#fetch().catch((error: unknown) => {
        throw unavailable(operation, error);
      });
    }
    if (leftMs < refreshAheadMs && this.#clock.monotonic() >= this.#nextRefreshAtMs) {
      this.#fetch().catch(() => undefined); // those at hand are good for some minutes yet
    }
    return this.#current;
  }

  /** The service does not take these any more: the next call gets others. */
  refuse(credentials: Credentials): void {
    if (this.#current === credentials) {
      this.#current = undefined;
      this.#refused = true;
    }
  }

  #fetch(): Promise<Credentials> {
    this.#fetching ??= this.#ask().finally(() => {
      this.#fetching = undefined;
      this.#nextRefreshAtMs = this.#clock.monotonic() + refreshPauseMs;
    });
    return this.#fetching;
  }

  async #ask(): Promise<Credentials> {
    const credentials = await (this.#refused ? this.#provider({ forceRefresh: true }) : this.#provider());
    assertCredentials(credentials);
    this.#refused = false;
    this.#current = credentials;
    this.#expiresAtMs = credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
    return credentials;
  }
}

/** Throws `option-invalid`. */
export function assertCredentials(given: unknown): asserts given is Credentials {
  const { accessKeyId, secretAccessKey } = (given ?? {}) as Partial<Credentials>;
  if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string') {
    const expected =
      'credentials with `accessKeyId` and `secretAccessKey`, or a function that resolves with some';
    throw new QueueError('option-invalid', `expected \`credentials\` to be ${expected}`, {
      option: 'credentials',
      received: undefined, // whatever it is, half of it may be secret
      expected,
    });
  }
}

function unavailable(operation: string, cause: unknown): QueueError {
  return serviceError({
    operation,
    awsCode: 'CredentialsProviderError',
    httpStatus: undefined,
    requestId: undefined,
    message: cause instanceof Error ? cause.message : 'the provider of credentials failed',
    cause,
  });
}
