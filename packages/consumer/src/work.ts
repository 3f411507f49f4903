import {
  ack,
  type BrokenItem,
  type Codec,
  type Envelope,
  type Handler,
  type IncomingMessage,
  isVerdict,
  type OpenedItem,
  QueueError,
  release,
  type Verdict,
} from '@sqskit/core';
import { isThenable } from '@sqskit/core/callbacks';
import type { Clock } from '@sqskit/core/clock';
import type { SlotGovernor } from './adaptive-concurrency.ts';
import type { SlotRun } from './adaptive-slots.ts';
import { type BreakerGate, freePass, type Pass } from './breaker-gate.ts';
import type { Delivery } from './delivery.ts';
import type { FailurePolicy } from './failure-policy.ts';
import {
  createHandlerTimeouts,
  type HandlerTimeouts,
  type TimedRun,
  timeoutError,
} from './handler-timeouts.ts';
import { about, incomingMessage } from './incoming-message.ts';
import { createJudge, type Judge } from './judge.ts';
import { createOpener, type Opener } from './opener.ts';
import type { Pack } from './pack.ts';
import type { ReportError } from './report.ts';

/** What there is to do with an SQS message. Nothing of it throws or rejects. */
export interface Work extends Opener {
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

class HandlerWork<T> implements Work {
  readonly open: Opener['open'];
  readonly #options: WorkOptions<T>;
  readonly #judge: Judge<T>;
  readonly #timeouts: HandlerTimeouts | undefined;

  constructor(options: WorkOptions<T>) {
    const { handlerTimeoutMs: timeoutMs, clock, report } = options;
    this.open = createOpener(options).open;
    this.#options = options;
    this.#judge = createJudge(options);
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
      message = incomingMessage(delivery, pack, position, item, codec.decode(item.content));
    } catch (cause) {
      if (given !== undefined) {
        breaker?.ended(given);
      }
      const reason = 'the codec could not decode the content';
      const error = new QueueError('decode-failed', reason, {}, { cause });
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
      return this.#judge.said(turn, result);
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
      return this.#judge.failed(turn, error);
    }
    const failedRuns = turn.failedRuns + 1;
    const before = breaker.openings;
    const runsAgain = breaker.failed(pass, error, failedRuns);
    delivery.origin.instruments.count('breakerOpenings', breaker.openings - before);
    return runsAgain
      ? this.#awaitTurn({ delivery, pack, position, failedRuns }, () => this.#judge.failed(turn, error))
      : this.#judge.failed(turn, error);
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

  #unreadable(
    delivery: Delivery,
    pack: Pack,
    position: number,
    item: OpenedItem | BrokenItem,
    error: QueueError,
  ): Promise<Verdict> {
    const message = incomingMessage(delivery, pack, position, item, undefined);
    this.#options.report(error, about(message, 'decode'));
    return this.#judge.failed({ delivery, pack, item, message }, error);
  }
}

/** Why the handler of this one was told to end, if it was: its own time first, for it may have been up before. */
function toldToEnd<T>({ timed, delivery }: Turn<T>): QueueError | undefined {
  return timed?.error ?? delivery.toldToEnd;
}
