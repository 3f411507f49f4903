import { type ErrorDetails, type HandlerContext, type IncomingMessage, QueueError } from '@sqskit/core';
import { createAlarm } from '@sqskit/core/alarm';
import type { Clock } from '@sqskit/core/clock';
import { createLinkedList, type Linked } from '@sqskit/core/linked-list';
import type { Delivery } from './delivery.ts';

export interface HandlerTimeoutsOptions {
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Told once of each handler that still runs when its time is up. */
  readonly onTimeout: (run: TimedRun, error: QueueError<'handler-timeout'>) => void;
}

/** Tells each handler that has run for too long to end. It goes on until it does. */
export interface HandlerTimeouts {
  /** To be called just before a handler, whose context is what it returns. */
  begin(delivery: Delivery, message: IncomingMessage<unknown>): TimedRun;
  /** To be called when the handler has ended. */
  end(run: TimedRun): void;
  /** Nobody is told from now on. */
  close(): void;
}

/** A run of a handler that has a time of its own, and the handler's context. */
export class TimedRun implements HandlerContext, Linked<TimedRun> {
  previous: TimedRun | undefined;
  next: TimedRun | undefined;
  readonly delivery: Delivery;
  readonly message: IncomingMessage<unknown>;
  readonly begunAt: number;
  /** Whether its time is not up yet. */
  isInTime = true;
  #error: QueueError<'handler-timeout'> | undefined;
  #controller: AbortController | undefined;

  constructor(delivery: Delivery, message: IncomingMessage<unknown>, begunAt: number) {
    this.delivery = delivery;
    this.message = message;
    this.begunAt = begunAt;
  }

  /** What it was told when its time was up. */
  get error(): QueueError<'handler-timeout'> | undefined {
    return this.#error;
  }

  /** Made when first asked for: it costs as much as all else that is done for a message of a pack. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#error === undefined) {
        this.delivery.follow(this.#controller);
      } else {
        this.#controller.abort(this.#error);
      }
    }
    return this.#controller.signal;
  }

  timeOut(timeoutMs: number): QueueError<'handler-timeout'> {
    const { messageId } = this.message;
    const error = timeoutError({ messageId, timeoutMs });
    this.#error = error;
    this.delivery.overdue++;
    this.#controller?.abort(error);
    return error;
  }

  end(): void {
    if (this.#error !== undefined) {
      this.delivery.overdue--;
    }
    if (this.#controller !== undefined) {
      this.delivery.unfollow(this.#controller);
    }
  }
}

export function createHandlerTimeouts(options: HandlerTimeoutsOptions): HandlerTimeouts {
  const { timeoutMs, clock, onTimeout } = options;
  // All have the same time, so it is up in the order in which they began: one timer does for all.
  const inTime = createLinkedList<TimedRun>();
  const alarm = createAlarm(clock, sweep, { keepAlive: false });

  function leave(run: TimedRun): void {
    if (run.isInTime) {
      run.isInTime = false;
      inTime.remove(run);
    }
  }

  function sweep(): void {
    const now = clock.monotonic();
    for (let run = inTime.first; run !== undefined; run = inTime.first) {
      const dueAt = run.begunAt + timeoutMs;
      if (dueAt > now) {
        alarm.ringBy(dueAt);
        return;
      }
      leave(run);
      if (run.delivery.toldToEnd === undefined) {
        onTimeout(run, run.timeOut(timeoutMs));
      }
    }
  }

  return {
    begin(delivery, message) {
      const run = new TimedRun(delivery, message, clock.monotonic());
      inTime.pushBack(run);
      alarm.ringBy(run.begunAt + timeoutMs);
      return run;
    },
    end(run) {
      leave(run);
      run.end();
    },
    close() {
      alarm.clear();
    },
  };
}

/** `cause`: what the handler threw after it had been told, where that was something else. */
export function timeoutError(
  details: ErrorDetails['handler-timeout'],
  cause?: unknown,
): QueueError<'handler-timeout'> {
  const message = `the handler had not ended after ${details.timeoutMs} ms`;
  return new QueueError('handler-timeout', message, details, { outcome: 'unknown', cause });
}
