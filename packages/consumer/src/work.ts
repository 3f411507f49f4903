import {
  ack,
  type BrokenItem,
  type Codec,
  type Envelope,
  type Handler,
  type HandlerContext,
  type IncomingMessage,
  isVerdict,
  type Opened,
  type OpenedItem,
  QueueError,
  release,
  retry,
  toQueueError,
  type Verdict,
} from '@sqskit/core';
import { isThenable } from '@sqskit/core/callbacks';
import type { Clock, Timer } from '@sqskit/core/clock';
import type { SlotGovernor } from './adaptive-concurrency.ts';
import type { SlotRun } from './adaptive-slots.ts';
import { type BreakerGate, freePass, type Pass } from './breaker-gate.ts';
import type { Delivery } from './delivery.ts';
import { type FailedMessage, type FailurePolicy, isKnown } from './failure-policy.ts';
import {
  createHandlerTimeouts,
  type HandlerTimeouts,
  type TimedRun,
  timeoutError,
} from './handler-timeouts.ts';
import { Pack } from './pack.ts';
import type { ErrorContext, ReportError } from './report.ts';

/** What there is to do with an SQS message. Nothing of it throws or rejects. */
export interface Work {
  /** What cannot be opened is a pack of one message that cannot be read. */
  open(delivery: Delivery): Promise<Pack>;
  /** Runs one message of a pack; at once, if its handler is not asynchronous. */
  run(delivery: Delivery, pack: Pack, position: number): Verdict | Promise<Verdict>;
  /** No handler is told any more that its time is up. */
  close(): void;
}

export interface WorkOptions<T> {
  readonly handler: Handler<T>;
  readonly codec: Codec<T>;
  readonly envelope: Envelope;
  readonly handlerTimeoutMs: number | undefined;
  readonly breaker: BreakerGate | undefined;
  readonly governor: SlotGovernor | undefined;
  readonly failurePolicy: FailurePolicy<T>;
  readonly clock: Clock;
  readonly report: ReportError;
}

/** What an envelope removes elsewhere, when its message is deleted, is waited for no longer. */
const longestCleanUpMs = 15_000;

const acked = ack();
const released = release();

export function createWork<T>(options: WorkOptions<T>): Work {
  return new HandlerWork(options);
}

/** A message that is to run. */
interface Entry {
  readonly delivery: Delivery;
  readonly pack: Pack;
  readonly position: number;
  /** Runs of it that failed, and after which it waited for a turn of the breaker's. */
  readonly failedRuns: number;
}

/** A message whose handler runs. */
interface Turn<T> extends Entry {
  readonly pass: Pass;
  /** Where the slots adapt. */
  readonly slot: SlotRun | undefined;
  readonly item: OpenedItem;
  readonly message: IncomingMessage<T>;
  /** Where handlers have a time of their own. */
  readonly timed: TimedRun | undefined;
  /** To be called when the handler has ended. */
  readonly ended: (() => void) | undefined;
}

/** A message that failed. */
interface Failed<T> {
  readonly delivery: Delivery;
  readonly pack: Pack;
  readonly item: OpenedItem | BrokenItem;
  readonly message: FailedMessage<T>;
}

class HandlerWork<T> implements Work {
  readonly #options: WorkOptions<T>;
  readonly #timeouts: HandlerTimeouts | undefined;

  constructor(options: WorkOptions<T>) {
    const { handlerTimeoutMs: timeoutMs, clock, report } = options;
    this.#options = options;
    if (timeoutMs !== undefined) {
      this.#timeouts = createHandlerTimeouts({
        timeoutMs,
        clock,
        onTimeout({ delivery, message }, error) {
          delivery.origin.instruments.count('handlerTimeouts');
          report(error, about(message, 'handle'));
        },
      });
    }
  }

  close(): void {
    this.#timeouts?.close();
  }

  async open(delivery: Delivery): Promise<Pack> {
    try {
      return this.#pack(delivery, await this.#options.envelope.open(delivery.message));
    } catch (cause) {
      const error = decodeFailed('the envelope could not open the message', cause);
      return this.#pack(delivery, { items: [{ error }] });
    }
  }

  run(delivery: Delivery, pack: Pack, position: number): Verdict | Promise<Verdict> {
    return this.#run({ delivery, pack, position, failedRuns: 0 }, undefined);
  }

  /** `given`: the pass that it has waited for. */
  #run(entry: Entry, given: Pass | undefined): Verdict | Promise<Verdict> {
    const { delivery, pack, position } = entry;
    const item = pack.item(position);
    if (item === undefined) {
      return acked; // no such position
    }
    const { codec, handler, breaker, governor } = this.#options;
    if ('error' in item) {
      return this.#unreadable(delivery, pack, position, item, item.error);
    }
    let message: IncomingMessage<T>;
    try {
      message = describe(delivery, pack, position, item, codec.decode(item.content));
    } catch (cause) {
      if (given !== undefined) {
        breaker?.ended(given);
      }
      const error = decodeFailed('the codec could not decode the content', cause);
      return this.#unreadable(delivery, pack, position, item, error);
    }
    const pass = given ?? (breaker === undefined ? freePass : breaker.pass());
    if (pass === undefined) {
      return this.#awaitTurn(entry, () => released);
    }
    const timed = this.#timeouts?.begin(delivery, message);
    if (pass.isProbe) {
      const { signal } = timed ?? pack.context;
      signal.addEventListener('abort', () => breaker?.givenUp(pass, timed?.error !== undefined), {
        once: true,
      });
    }
    const ended = delivery.origin.instruments.handlerStarted(message.sentAtMs);
    const slot = governor?.begin();
    const { failedRuns } = entry;
    // Field by field: to spread the entry costs some 5 % of what the consumer does for a message of a pack.
    const turn: Turn<T> = { delivery, pack, position, failedRuns, pass, slot, item, message, timed, ended };
    let result: unknown;
    try {
      result = handler(message, timed ?? pack.context);
    } catch (error) {
      this.#end(turn);
      return this.#threw(turn, error);
    }
    if (isThenable(result)) {
      return this.#await(turn, result);
    }
    this.#end(turn);
    return this.#returned(turn, result);
  }

  async #await(turn: Turn<T>, pending: PromiseLike<unknown>): Promise<Verdict> {
    let result: unknown;
    try {
      result = await pending;
    } catch (error) {
      return this.#threw(turn, error);
    } finally {
      this.#end(turn);
    }
    return this.#returned(turn, result);
  }

  #end({ timed, ended }: Turn<T>): void {
    ended?.();
    if (timed !== undefined) {
      this.#timeouts?.end(timed);
    }
  }

  /** What waits for its turn keeps its slot. `otherwise`: what becomes of it if it has none. */
  async #awaitTurn(entry: Entry, otherwise: () => Verdict | Promise<Verdict>): Promise<Verdict> {
    const { signal, origin } = entry.delivery;
    origin.load.held++;
    const { breaker, clock } = this.#options;
    const pass = await breaker?.enter(signal, entry.failedRuns > 0);
    origin.load.held--;
    if (pass === undefined) {
      return otherwise();
    }
    // As before any run: the lease may have ended unnoticed, in a busy process.
    if (!origin.holds(entry.delivery, clock.monotonic())) {
      breaker?.ended(pass);
      return released;
    }
    return this.#run(entry, pass);
  }

  #returned(turn: Turn<T>, result: unknown): Verdict | Promise<Verdict> {
    if (isVerdict(result)) {
      if (result.action === 'ack' || result.action === 'dead-letter') {
        this.#hasSucceeded(turn);
      } else {
        this.#saysNothing(turn);
      }
      return this.#said(turn, result);
    }
    const reason = toldToEnd(turn);
    if (reason === undefined) {
      this.#hasSucceeded(turn);
      return acked;
    }
    // It may have returned because it was told to end: only a verdict says that it is done all the same.
    return this.#gaveUp(turn, reason, reason);
  }

  #hasSucceeded({ pass, slot, delivery }: Turn<T>): void {
    const { breaker, governor } = this.#options;
    breaker?.succeeded(pass);
    if (governor !== undefined && slot !== undefined) {
      governor.done(slot);
      delivery.origin.instruments.slots(governor.max);
    }
  }

  /** Neither that what handlers need is there, nor that it is not. */
  #saysNothing({ pass, slot }: Turn<T>): void {
    const { breaker, governor } = this.#options;
    breaker?.ended(pass);
    if (slot !== undefined) {
      governor?.ended(slot);
    }
  }

  #threw(turn: Turn<T>, error: unknown): Verdict | Promise<Verdict> {
    const reason = toldToEnd(turn);
    if (reason !== undefined) {
      return this.#gaveUp(turn, reason, error);
    }
    this.#options.report(error, about(turn.message, 'handle'));
    return this.#afterFailure(turn, error);
  }

  #afterFailure(turn: Turn<T>, error: unknown): Verdict | Promise<Verdict> {
    const { breaker, governor } = this.#options;
    const { delivery, pack, position, pass, slot } = turn;
    if (governor !== undefined && slot !== undefined) {
      governor.failed(slot, error);
      delivery.origin.instruments.slots(governor.max);
    }
    if (breaker === undefined) {
      return this.#failed(turn, error);
    }
    const failedRuns = turn.failedRuns + 1;
    const before = breaker.openings;
    const runsAgain = breaker.failed(pass, error, failedRuns);
    delivery.origin.instruments.count('breakerOpenings', breaker.openings - before);
    return runsAgain
      ? this.#awaitTurn({ delivery, pack, position, failedRuns }, () => this.#failed(turn, error))
      : this.#failed(turn, error);
  }

  /** It ended, without a verdict, after it was told to. */
  #gaveUp(turn: Turn<T>, reason: QueueError, thrown: unknown): Verdict | Promise<Verdict> {
    const { delivery, timed } = turn;
    if (timed?.error === undefined || delivery.isAbandoned) {
      this.#saysNothing(turn);
    }
    if (delivery.isAbandoned) {
      return released; // whoever abandons a delivery has seen to its message
    }
    if (timed?.error === undefined) {
      return released; // the consumer is stopping
    }
    // It was reported when its time was up.
    const error = thrown === reason ? reason : timeoutError(timed.error.details, thrown);
    return this.#afterFailure(turn, error);
  }

  #said({ delivery, pack, item, message }: Turn<T>, verdict: Verdict): Verdict | Promise<Verdict> {
    const known = this.#known(message, verdict);
    // Whoever abandons a delivery has seen to its message: nothing is to be asked any more, maybe after a stop.
    return delivery.isAbandoned ? known : delivery.origin.poison.decide(known, message, carries(pack, item));
  }

  /** A verdict of another version of core may be one that this one does not know. */
  #known(message: IncomingMessage<T>, verdict: Verdict): Verdict {
    if (isKnown(verdict)) {
      return verdict;
    }
    const error = new TypeError(
      `the handler returned a verdict whose action is not known: ${verdict.action}`,
    );
    this.#options.report(error, about(message, 'handle'));
    return retry();
  }

  #unreadable(
    delivery: Delivery,
    pack: Pack,
    position: number,
    item: OpenedItem | BrokenItem,
    error: QueueError,
  ): Promise<Verdict> {
    const message = describe(delivery, pack, position, item, undefined);
    this.#options.report(error, about(message, 'decode'));
    return this.#failed({ delivery, pack, item, message }, error);
  }

  /** Asks the failure policy. */
  async #failed({ delivery, pack, item, message }: Failed<T>, error: unknown): Promise<Verdict> {
    const verdict = await this.#judge(error, message);
    return delivery.origin.poison.decide(verdict, message, carries(pack, item));
  }

  async #judge(error: unknown, message: FailedMessage<T>): Promise<Verdict> {
    try {
      const verdict: unknown = await this.#options.failurePolicy(error, message, message.receiveCount);
      if (isVerdict(verdict) && isKnown(verdict)) {
        return verdict;
      }
      throw new TypeError(`the failure policy returned ${typeof verdict}, not a verdict that is known`);
    } catch (policyError) {
      this.#options.report(policyError, about(message, 'decide'));
      return retry();
    }
  }

  #pack(delivery: Delivery, opened: Opened): Pack {
    const { origin } = delivery;
    const pack = new Pack({
      items: opened.items,
      context: new DeliveryContext(delivery),
      deleted: opened.deleted && (() => this.#cleanUp(delivery, () => opened.deleted?.())),
      earlier: origin.earlier(delivery),
    });
    if (pack.size > 1) {
      origin.instruments.count('packs');
      origin.instruments.count('unpacked', pack.size);
    }
    return pack;
  }

  /** The next of a lane, and at last all receiving, waits for it: so not for ever. */
  async #cleanUp({ message, origin }: Delivery, deleted: () => unknown): Promise<void> {
    const { clock, report } = this.#options;
    let timer: Timer | undefined;
    const timeUp = new Promise<never>((_resolve, reject) => {
      timer = clock.setTimer(() => reject(notCleanedUp()), longestCleanUpMs);
    });
    try {
      await Promise.race([deleted(), timeUp]);
    } catch (error) {
      report(toQueueError(error, 'clean-up'), {
        during: 'settle',
        queueUrl: origin.queueUrl,
        messageId: message.messageId,
      });
    } finally {
      timer?.cancel();
    }
  }
}

/** A getter on the prototype: one on each object costs a tenth of the whole run, and few handlers look at it. */
class DeliveryContext implements HandlerContext {
  readonly #delivery: Delivery;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  get signal(): AbortSignal {
    return this.#delivery.signal;
  }
}

function describe<B>(
  { message, origin }: Delivery,
  pack: Pack,
  position: number,
  item: OpenedItem | BrokenItem,
  body: B,
): FailedMessage<B> & { readonly body: B } {
  const { messageId } = message;
  const isOpened = 'content' in item;
  return {
    id: item.id ?? (pack.size === 1 ? messageId : `${messageId}#${position}`),
    body,
    attributes: isOpened ? item.attributes : message.attributes,
    receiveCount: message.receiveCount + (isOpened ? item.attempt : 0),
    sentAtMs: message.sentAtMs,
    messageId,
    queueUrl: origin.queueUrl,
    groupId: message.groupId,
    deduplicationId: message.deduplicationId,
    sequenceNumber: message.sequenceNumber,
    traceHeader: (isOpened ? item.traceHeader : undefined) ?? message.traceHeader,
  };
}

/** Why the handler of this one was told to end, if it was: its own time first, for it may have been up before. */
function toldToEnd<T>({ timed, delivery }: Turn<T>): QueueError | undefined {
  return timed?.error ?? delivery.toldToEnd;
}

/** Whether SQS's own count of receives does not, or would not after it is sent again, tell all of this message's. */
function carries({ size }: Pack, item: OpenedItem | BrokenItem): boolean {
  return size > 1 || ('content' in item && item.attempt > 0);
}

function about(
  { id, messageId, queueUrl }: FailedMessage<unknown>,
  during: 'decode' | 'handle' | 'decide',
): ErrorContext {
  return id === messageId ? { during, queueUrl, messageId } : { during, queueUrl, messageId, id };
}

function decodeFailed(message: string, cause: unknown): QueueError<'decode-failed'> {
  return new QueueError('decode-failed', message, {}, { cause });
}

function notCleanedUp(): QueueError<'timeout'> {
  const details = { operation: 'clean-up', timeoutMs: longestCleanUpMs };
  const message = `what the envelope left elsewhere was not removed within ${longestCleanUpMs} ms`;
  return new QueueError('timeout', message, details, { outcome: 'unknown' });
}
