import {
  abortedError,
  isQueueError,
  type OutgoingMessage,
  QueueError,
  type Sender,
  type SendOptions,
  type SendReceipt,
  toQueueError,
} from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import type { Permit } from './breaker.ts';
import { callsOf, chooseNext, mayFailOver, shareOf, speaksAgainst } from './failover.ts';
import type { RegionLink } from './region-link.ts';
import type { Route } from './router.ts';

/** How a region's sender is called: by `send`, or by `trySend`, which may answer with `undefined`. */
export type SenderCall<T, Full extends undefined> = (
  sender: Sender<T>,
  message: OutgoingMessage<T>,
  options: SendOptions,
) => Promise<SendReceipt> | Full;

export interface JourneyOptions<T> {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** On the monotonic clock: for all regions together. */
  readonly deadlineAt: number;
  /** Asked before each further region. */
  readonly mayGoOn: () => boolean;
  /** Told of each further region, once the message is there. */
  readonly onFailover: (to: RegionLink<T>) => void;
  /** Told once how it ended: with an error, or delivered. */
  readonly onSettled: (error: QueueError | undefined) => void;
}

/** One message on its way through the regions of its route. */
export class Journey<T> {
  readonly #message: OutgoingMessage<T>;
  readonly #options: JourneyOptions<T>;
  readonly #route: Route<RegionLink<T>>;
  #untried: readonly RegionLink<T>[] = [];
  /** Of the regions that failed: how each did, and how many calls the message took part in there. */
  readonly #failures: string[] = [];
  #earlierCalls = 0;
  #abandon: (error: QueueError) => void = () => undefined;

  constructor(message: OutgoingMessage<T>, route: Route<RegionLink<T>>, options: JourneyOptions<T>) {
    this.#message = message;
    this.#route = route;
    this.#options = options;
  }

  /** Gives the message to its first region, unless that has no room now and `call` says so. */
  start<Full extends undefined>(call: SenderCall<T, Full>): Promise<SendReceipt> | Full {
    const turn = this.#nextTurn(this.#route);
    const answer = ask(call, turn, this.#message);
    if (answer === undefined) {
      return answer;
    }
    turn.link.started(turn.permit);
    return this.#toItsEnd(this.#carry(turn, answer));
  }

  /** Ends the journey here, whatever a region may still say; nothing if it has ended. */
  abandon(error: QueueError): void {
    this.#abandon(error);
  }

  /** However it ends, `onSettled` is told: closing waits for that. */
  async #toItsEnd(carried: Promise<SendReceipt>): Promise<SendReceipt> {
    let error: QueueError | undefined;
    try {
      return await new Promise<SendReceipt>((resolve, reject) => {
        this.#abandon = reject;
        carried.then(resolve, reject);
      });
    } catch (reason) {
      error = toQueueError(reason, 'send');
      throw error;
    } finally {
      this.#options.onSettled(error);
    }
  }

  async #carry(first: Turn<T>, firstAnswer: Promise<SendReceipt>): Promise<SendReceipt> {
    let turn = first;
    let answer = firstAnswer;
    for (;;) {
      let receipt: SendReceipt;
      try {
        receipt = await answer;
      } catch (reason) {
        turn = this.#afterFailure(turn, toQueueError(reason, 'send'));
        answer = ask<T, never>(sendThrough, turn, this.#message);
        turn.link.started(turn.permit);
        this.#options.onFailover(turn.link);
        continue;
      }
      return this.#delivered(turn, receipt);
    }
  }

  #nextTurn(untried: Route<RegionLink<T>>): Turn<T> {
    const { clock, signal, deadlineAt } = this.#options;
    const now = clock.monotonic();
    const { chosen, others, othersRemain } = chooseNext(untried, (link) => link.availability(now));
    this.#untried = others;
    const deadlineMs = shareOf(deadlineAt - now, othersRemain);
    return { link: chosen, permit: chosen.permit(now), options: { signal, deadlineMs } };
  }

  #delivered({ link, permit }: Turn<T>, receipt: SendReceipt): SendReceipt {
    link.ended(permit, 'succeeded', this.#options.clock.monotonic());
    link.countSent();
    // The common case, one region, keeps the receipt as it is.
    return this.#earlierCalls === 0
      ? receipt
      : { ...receipt, attempts: receipt.attempts + this.#earlierCalls };
  }

  /** The turn of the next region, or the error that the journey ends with, thrown. */
  #afterFailure({ link, permit }: Turn<T>, error: QueueError): Turn<T> {
    const { clock, signal, deadlineAt, mayGoOn } = this.#options;
    const now = clock.monotonic();
    link.ended(permit, speaksAgainst(error) ? 'failed' : 'inconclusive', now);
    this.#failures.push(`${link.region.id} (${error.code})`);
    this.#earlierCalls += callsOf(error);
    const [next, ...others] = this.#untried;
    if (next === undefined || !mayFailOver(error) || now >= deadlineAt || !mayGoOn()) {
      throw this.#failed(link, this.#summary(error));
    }
    if (signal?.aborted === true) {
      throw this.#failed(link, abortedError(signal));
    }
    const turn = this.#nextTurn([next, ...others]);
    link.countFailover(turn.link.region, error);
    return turn;
  }

  #failed(link: RegionLink<T>, error: QueueError): QueueError {
    link.countFailed();
    return error;
  }

  /** The last region's error; where there were several regions, with what happened in each. */
  #summary(error: QueueError): QueueError {
    if (this.#failures.length === 1) {
      return error;
    }
    const { code, retryable, throttled, outcome } = error;
    const details = isQueueError(error, 'deadline-exceeded')
      ? { attempts: this.#earlierCalls }
      : error.details;
    const message = `failed in ${this.#failures.join(', then ')}`;
    return new QueueError(code, message, details, { retryable, throttled, outcome, cause: error });
  }
}

/** One region's turn with the message. */
interface Turn<T> {
  readonly link: RegionLink<T>;
  readonly permit: Permit;
  readonly options: SendOptions;
}

/** A sender that throws, against its contract, has failed like any other. */
function ask<T, Full extends undefined>(
  call: SenderCall<T, Full>,
  { link, options }: Turn<T>,
  message: OutgoingMessage<T>,
): Promise<SendReceipt> | Full {
  try {
    return call(link.sender, message, options);
  } catch (reason) {
    return Promise.reject(reason);
  }
}

export const sendThrough = <T>(
  sender: Sender<T>,
  message: OutgoingMessage<T>,
  options: SendOptions,
): Promise<SendReceipt> => sender.send(message, options);
