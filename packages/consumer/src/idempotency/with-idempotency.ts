import {
  type Handler,
  type HandlerContext,
  type IncomingMessage,
  isVerdict,
  type Layer,
  QueueError,
  retry,
} from '@sqskit/core';
import { callGuarded } from '@sqskit/core/callbacks';
import type { Clock, Timer } from '@sqskit/core/clock';
import { invalidOption, resolveOptions } from '@sqskit/core/options';
import { assertHandler } from '../arguments.ts';
import { memoryStore } from './memory-store.ts';
import {
  type IdempotencyErrorContext,
  type IdempotencyOptions,
  idempotencyRules,
  type ResolvedIdempotencyOptions,
} from './options.ts';
import type { Claim, IdempotencyStore } from './store.ts';

/**
 * A layer that runs the handler once for each key, as far as the store knows of all who might run it.
 *
 *     claimed     it runs; what it acknowledges is completed, anything else releases the key
 *     completed   acknowledged without a run
 *     held        comes again when the claim of whoever has it would end
 */
export function withIdempotency<T>(options?: IdempotencyOptions<T>): Layer<Handler<T>> {
  const settings = resolveOptions('withIdempotency', idempotencyRules<T>(), options);
  const keys = new StoreKeys(settings);
  return (handler) => {
    assertHandler('withIdempotency', handler);
    return (message, context) => runOnce(keys, settings, handler, message, context);
  };
}

async function runOnce<T>(
  keys: StoreKeys<T>,
  { key: keyOf, onStoreFailure }: ResolvedIdempotencyOptions<T>,
  handler: Handler<T>,
  message: IncomingMessage<T>,
  context: HandlerContext,
): Promise<unknown> {
  const key = keyOf(message);
  if (typeof key !== 'string' || key === '') {
    // Of many messages without a key all but the first would be taken for done.
    throw invalidOption('withIdempotency', 'key', key, 'a function that gives a text that is not empty');
  }
  const place: Place = { key, messageId: message.messageId };
  const owner = keys.newOwner();
  const claim = await keys.claim(place, owner);
  if (claim?.status === 'completed') {
    return undefined;
  }
  if (claim?.status === 'held') {
    return retry({ delayMs: claim.forMs });
  }
  if (claim === undefined && onStoreFailure === 'retry') {
    return retry();
  }
  const renewal = claim === undefined ? undefined : keys.keep(place, owner);
  let isDone = false;
  try {
    const result = await handler(message, context);
    // As the consumer has it: what returns after it was told to end has only a verdict to say that it is done.
    isDone = isVerdict(result) ? result.action === 'ack' : !context.signal.aborted;
    return result;
  } finally {
    await renewal?.stop();
    await (isDone ? keys.complete(place) : keys.release(place, owner));
  }
}

type KnownClaim =
  | Exclude<Claim, { readonly status: 'held' }>
  | { readonly status: 'held'; readonly forMs: number };

interface Renewal {
  /** Resolves when no call is under way any more: one that came after the release would claim the key again. */
  stop(): Promise<void>;
}

type Place = Omit<IdempotencyErrorContext, 'during'>;

/** The store, whose failures go to `onError` and no further. */
class StoreKeys<T> {
  readonly #options: ResolvedIdempotencyOptions<T>;
  readonly #store: IdempotencyStore;
  /** Two processes never have the same owner. */
  readonly #prefix = globalThis.crypto.randomUUID();
  #owners = 0;

  constructor(options: ResolvedIdempotencyOptions<T>) {
    this.#options = options;
    this.#store = options.store ?? memoryStore({ clock: options.clock });
  }

  newOwner(): string {
    return `${this.#prefix}-${this.#owners++}`;
  }

  /** Resolves with `undefined` if the store failed. */
  claim(place: Place, owner: string, during: 'claim' | 'renew' = 'claim'): Promise<KnownClaim | undefined> {
    const { leaseMs } = this.#options;
    return this.#ask(during, place, async () =>
      known(await this.#store.claim(place.key, owner, leaseMs), leaseMs),
    );
  }

  async complete(place: Place): Promise<void> {
    await this.#ask('complete', place, async () => void (await this.#store.complete(place.key)));
  }

  async release(place: Place, owner: string): Promise<void> {
    await this.#ask('release', place, async () => void (await this.#store.release(place.key, owner)));
  }

  /**
   * Renews a claim at half time, until it is stopped or the key has another owner. Where the store fails it is asked again
   * soon, several times before the claim ends.
   */
  keep(place: Place, owner: string): Renewal {
    const { clock, leaseMs } = this.#options;
    let isOver = false;
    let timer: Timer | undefined;
    let renewing: Promise<void> | undefined;
    const renewIn = (ms: number): void => {
      timer = clock.setTimer(() => {
        renewing = renew();
      }, ms);
    };
    const renew = async (): Promise<void> => {
      const claim = await this.claim(place, owner, 'renew');
      if (isOver) {
        return;
      }
      if (claim === undefined) {
        renewIn(leaseMs / 10);
      } else if (claim.status === 'claimed') {
        renewIn(leaseMs / 2);
      } else {
        this.#tell(lost(place), { ...place, during: 'renew' });
      }
    };
    renewIn(leaseMs / 2);
    return {
      async stop() {
        isOver = true;
        timer?.cancel();
        await renewing;
      },
    };
  }

  async #ask<R>(
    during: IdempotencyErrorContext['during'],
    place: Place,
    call: () => Promise<R>,
  ): Promise<R | undefined> {
    const { clock, storeTimeoutMs } = this.#options;
    try {
      return await withinTime(clock, storeTimeoutMs, during, call());
    } catch (error) {
      this.#tell(error, { ...place, during });
      return undefined;
    }
  }

  #tell(error: unknown, context: IdempotencyErrorContext): void {
    callGuarded(
      () => this.#options.onError(error, context),
      () => undefined,
    );
  }
}

/** The store's answer, which somebody else's code gave. */
function known(claim: Claim, leaseMs: number): KnownClaim {
  switch (claim.status) {
    case 'claimed':
    case 'completed':
      return claim;
    case 'held':
      // With none the message would come again at once, until it has used up its receives.
      return { status: 'held', forMs: Math.max(1, claim.forMs ?? leaseMs) };
    default:
      throw new TypeError('the store gave a status that is not known');
  }
}

async function withinTime<R>(
  clock: Clock,
  timeoutMs: number,
  operation: string,
  answer: Promise<R>,
): Promise<R> {
  let timer: Timer | undefined;
  const timeUp = new Promise<never>((_resolve, reject) => {
    timer = clock.setTimer(() => reject(unanswered(operation, timeoutMs)), timeoutMs, { keepAlive: true });
  });
  try {
    return await Promise.race([answer, timeUp]);
  } finally {
    timer?.cancel();
  }
}

function unanswered(operation: string, timeoutMs: number): QueueError<'timeout'> {
  const details = { operation, timeoutMs };
  return new QueueError('timeout', `the idempotency store did not answer within ${timeoutMs} ms`, details, {
    retryable: true,
    outcome: 'unknown',
  });
}

function lost({ messageId }: Place): QueueError<'lease-lost'> {
  return new QueueError('lease-lost', 'the key was claimed by another while the handler ran', { messageId });
}
