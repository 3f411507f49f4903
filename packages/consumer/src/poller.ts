import { type Queue, QueueError, type ReceivedMessage, toQueueError } from '@sqskit/core';
import type { Clock, Timer } from '@sqskit/core/clock';
import type { Random } from '@sqskit/core/retry';
import { createIdleWaiters } from './idle-waiters.ts';
import type { Instruments } from './instruments.ts';
import type { Received } from './lease-keeper.ts';
import { nextAppetite, nextPollers, restAfterEmptyMs, restAfterFailureMs } from './poll-plan.ts';
import { createPollPulse, type PollHealth, type PollPulse } from './poll-pulse.ts';
import type { Visibility } from './visibility.ts';

export interface PollerOptions {
  readonly queue: Queue;
  readonly waitTimeMs: number;
  readonly visibility: Visibility;
  readonly maxPollers: number;
  /** Whether other queues want the room that a poll may come to need. */
  readonly sharesRoom: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly instruments: Instruments;
  /** How many of so many SQS messages may be asked for now. Never rejects. */
  readonly admit: (wanted: number) => number | Promise<number>;
  readonly onMessages: (messages: readonly ReceivedMessage[], received: Received) => void;
  readonly onError: (error: QueueError) => void;
  /** Told when it may poll again. */
  readonly onFree: () => void;
}

/** Long-polls a queue, when it is told to. */
export interface Poller {
  /** Polls under way. */
  readonly polls: number;
  readonly health: PollHealth;
  /** SQS messages asked for. */
  readonly asked: number;
  /** Whether it may poll now: it does not rest, and has fewer polls under way than it makes at a time. */
  readonly isFree: boolean;
  /** SQS messages that a poll is likely to bring: 0 where the last brought none, and while one waits for messages. */
  readonly appetite: number;
  /** Polls that it is likely to make soon, beyond those under way. */
  readonly outlook: number;
  /** Polls for up to so many SQS messages, or for fewer if only fewer are admitted. False if none are now. */
  poll(wanted: number): boolean;
  /** No new polls. Those under way still bring what they bring. */
  stop(): void;
  /** Ends the polls under way. What SQS was handing out to them comes again after the visibility timeout. */
  abort(): void;
  /** Resolves when no poll is under way, nor one waiting to be admitted. */
  idle(): Promise<void>;
}

export function createPoller(options: PollerOptions): Poller {
  return new LongPoller(options);
}

/** A poll unanswered for this long waits for messages: the queue has none. */
const quietMs = 500;

/** A poll unanswered for this long after its wait was over is given up: half-open connections never answer. */
const answerGraceMs = 15_000;

class LongPoller implements Poller {
  readonly #options: PollerOptions;
  readonly #polls = new Set<AbortController>();
  /** Polls that wait to be admitted. */
  #pending = 0;
  asked = 0;
  appetite = 0;
  #pollers = 1;
  #isStopped = false;
  #failures = 0;
  /** Empty polls in a row. */
  #empties = 0;
  #rest: Timer | undefined;
  readonly #pulse: PollPulse;
  readonly #idleWaiters = createIdleWaiters();

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#pulse = createPollPulse(options.clock);
  }

  get health(): PollHealth {
    return this.#pulse.read();
  }

  get polls(): number {
    return this.#polls.size;
  }

  get isFree(): boolean {
    return !this.#isStopped && this.#rest === undefined && this.#polls.size + this.#pending < this.#pollers;
  }

  get outlook(): number {
    return this.#isStopped || this.#rest !== undefined ? 0 : this.#pollers;
  }

  poll(wanted: number): boolean {
    const admitted = this.#options.admit(wanted);
    if (typeof admitted !== 'number') {
      void this.#pollLater(wanted, admitted);
      return true;
    }
    if (admitted <= 0 || this.#isStopped) {
      return false;
    }
    void this.#poll(admitted);
    return true;
  }

  stop(): void {
    this.#isStopped = true;
    this.#endRest();
  }

  abort(): void {
    this.stop();
    for (const poll of this.#polls) {
      poll.abort(new QueueError('stopped', 'the consumer is stopping', { what: 'poll' }));
    }
  }

  idle(): Promise<void> {
    return this.#idleWaiters.wait(this.#isIdle);
  }

  get #isIdle(): boolean {
    return this.#polls.size + this.#pending === 0;
  }

  /** What it may come to ask for is as good as asked for. */
  async #pollLater(wanted: number, answer: Promise<number>): Promise<void> {
    this.#pending++;
    this.asked += wanted;
    this.#noteIfStill();
    const admitted = await answer;
    this.#pending--;
    this.asked -= wanted;
    if (admitted > 0 && !this.#isStopped) {
      void this.#poll(admitted);
    }
    this.#ended();
  }

  async #poll(size: number): Promise<void> {
    const { clock, visibility, onMessages } = this.#options;
    const poll = new AbortController();
    const visibilityTimeoutMs = visibility.receiveMs();
    const startedAt = clock.monotonic();
    this.#pulse.started();
    this.#polls.add(poll);
    this.asked += size;
    const answer = await this.#receive(size, visibilityTimeoutMs, poll);
    this.#polls.delete(poll);
    this.asked -= size;
    if ('error' in answer) {
      this.#failed(answer.error);
    } else {
      const receivedAt = clock.monotonic();
      this.#answered(size, answer.messages.length, receivedAt - startedAt);
      onMessages(answer.messages, { receivedAt, visibilityTimeoutMs });
    }
    this.#ended();
  }

  #ended(): void {
    this.#offer();
    if (this.#isIdle) {
      this.#idleWaiters.wake();
    }
  }

  /** It may poll again. Where it is not asked to, there is no answer to wait for. */
  #offer(): void {
    this.#options.onFree();
    this.#noteIfStill();
  }

  #noteIfStill(): void {
    if (this.#polls.size > 0 || this.#rest !== undefined) {
      return;
    }
    if (this.#pending > 0) {
      this.#pulse.held();
    } else {
      this.#pulse.rested();
    }
  }

  async #receive(maxMessages: number, visibilityTimeoutMs: number, poll: AbortController): Promise<Answer> {
    const { queue, waitTimeMs, sharesRoom, clock, instruments } = this.#options;
    const { signal } = poll;
    const timeoutMs = waitTimeMs + answerGraceMs;
    const watchdog = clock.setTimer(() => poll.abort(unanswered(timeoutMs)), timeoutMs);
    const quiet = sharesRoom ? clock.setTimer(() => this.#quiet(), quietMs) : undefined;
    instruments.count('receiveCalls');
    try {
      const receiving = queue.receive({ maxMessages, waitTimeMs, visibilityTimeoutMs }, { signal });
      return { messages: await Promise.race([receiving, rejectOnAbort(signal)]) };
    } catch (reason) {
      return { error: toQueueError(signal.aborted ? signal.reason : reason, 'receive') };
    } finally {
      watchdog.cancel();
      quiet?.cancel();
    }
  }

  #quiet(): void {
    this.appetite = 0;
    this.#options.onFree();
  }

  #answered(asked: number, received: number, tookMs: number): void {
    const { instruments, maxPollers } = this.#options;
    this.#pulse.answered();
    this.#failures = 0;
    this.#endRest();
    this.#pollers = nextPollers(this.#pollers, asked, received, maxPollers);
    this.appetite = nextAppetite(this.appetite, asked, received);
    instruments.count('received', received);
    if (received === 0) {
      instruments.count('emptyReceives');
      this.#empties++;
      this.#restFor(restAfterEmptyMs(this.#empties, tookMs));
    } else {
      this.#empties = 0;
    }
  }

  #failed(error: QueueError): void {
    if (this.#isStopped) {
      return; // ended by `abort`, or of no interest any more
    }
    const { instruments, onError, random } = this.#options;
    this.#pulse.failed(error);
    instruments.count('failedReceives');
    onError(error);
    this.#pollers = 1;
    if (this.#rest === undefined) {
      // Polls that fail together count as one failure.
      this.#failures++;
      this.#restFor(restAfterFailureMs(this.#failures, error, random));
    }
  }

  #restFor(ms: number): void {
    if (ms <= 0 || this.#isStopped) {
      return;
    }
    const end = (): void => {
      this.#rest = undefined;
      this.#offer();
    };
    // A consumer that waits out a failure is at work: it keeps the process alive.
    this.#rest = this.#options.clock.setTimer(end, ms, { keepAlive: true });
  }

  #endRest(): void {
    this.#rest?.cancel();
    this.#rest = undefined;
  }
}

type Answer = { readonly messages: readonly ReceivedMessage[] } | { readonly error: QueueError };

/** So that a queue that does not heed its signal is not waited for. */
function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function unanswered(timeoutMs: number): QueueError<'timeout'> {
  return new QueueError(
    'timeout',
    `the poll was not answered within ${timeoutMs} ms`,
    { operation: 'receive', timeoutMs },
    { retryable: true, outcome: 'unknown' },
  );
}
