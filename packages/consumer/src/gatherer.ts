import { ack, deadLetter, type IncomingMessage, release, retry, type Verdict } from '@sqskit/core';
import type { Clock, Timer } from '@sqskit/core/clock';

/**
 * A message of a stream or a batch. It is acknowledged when the next are asked for, unless one of its methods has said
 * something else before: the first word counts. One that the loop is left with, by `break` or a throw, is retried.
 */
export interface StreamMessage<T> extends IncomingMessage<T> {
  /**
   * Aborts when the lease is lost: what is said of the message then settles nothing. In a batch of a FIFO queue also where
   * one before it in its group has failed: it comes again unless it is acknowledged by hand.
   */
  readonly signal: AbortSignal;
  ack(): void;
  retry(options?: { readonly delayMs?: number | undefined }): void;
  release(): void;
  deadLetter(reason: string): void;
}

/** Messages that were taken together. */
export interface Batch<T> {
  readonly messages: readonly [StreamMessage<T>, ...StreamMessage<T>[]];
  /** Those of which nothing was said are done; of an ordered queue, as far as nothing before them in their group failed. */
  acknowledge(): void;
  /** Those of which nothing was said are retried; of an ordered queue, what is behind them in their group is released. */
  retry(): void;
}

/** Where handlers hand their messages to a loop, so many at a time, and wait for the loop's decisions. */
export interface Gatherer<T> {
  /** Whether the loop waits for messages. */
  readonly isAwaited: boolean;
  /** A handler: resolves with the loop's decision. */
  offer(message: IncomingMessage<T>, signal: AbortSignal): Promise<Verdict>;
  /** The loop: the next messages, in the order in which they were offered; `undefined` if it is closed first. */
  take(): Promise<Batch<T> | undefined>;
  /** What is offered is released, and the loop waits no longer. */
  readonly close: () => void;
}

export interface GathererOptions {
  /** Most messages at a time. */
  readonly maxMessages: number;
  /** How long the first message, once the loop waits, waits for others. */
  readonly maxWaitMs: number;
  /** Whether the messages of a group are in order, and may come together. */
  readonly isOrdered: boolean;
  readonly clock: Clock;
}

export function createGatherer<T>(options: GathererOptions): Gatherer<T> {
  return new WindowGatherer(options);
}

class WindowGatherer<T> implements Gatherer<T> {
  readonly #options: GathererOptions;
  /** Signals of SQS messages of which one message failed: what is left of their packs is behind it. */
  readonly #failed = new WeakSet<AbortSignal>();
  #offered: Turn<T>[] = [];
  #awaiting: ((batch: Batch<T> | undefined) => void) | undefined;
  #window: Timer | undefined;

  constructor(options: GathererOptions) {
    this.#options = options;
  }

  get isAwaited(): boolean {
    return this.#awaiting !== undefined;
  }

  offer(message: IncomingMessage<T>, signal: AbortSignal): Promise<Verdict> {
    return new Promise((resolve) => {
      this.#offered.push(new Turn(message, signal, resolve));
      this.#look();
    });
  }

  take(): Promise<Batch<T> | undefined> {
    return new Promise((resolve) => {
      this.#awaiting = resolve;
      this.#look();
    });
  }

  readonly close = (): void => {
    for (const turn of this.#offered.splice(0)) {
      turn.decide(release());
    }
    this.#handOver(undefined);
  };

  #look(): void {
    const { maxMessages, maxWaitMs, clock } = this.#options;
    if (this.#awaiting === undefined || this.#offered.length === 0) {
      return;
    }
    if (this.#offered.length >= maxMessages) {
      this.#handOut();
    } else {
      // A window of 0 ms is the next turn of the event loop: what came with one receive goes together.
      this.#window ??= clock.setTimer(() => this.#handOut(), maxWaitMs, { keepAlive: true });
    }
  }

  #handOut(): void {
    this.#endWindow();
    const offered = this.#offered.splice(0, this.#options.maxMessages);
    const [first, ...others] = offered.filter((turn) => this.#isWorthIt(turn));
    if (first === undefined) {
      this.#look();
    } else {
      this.#handOver(this.#batch([first, ...others]));
    }
  }

  /** Its lease may have been lost, or one before it may have failed, before the loop came to it. */
  #isWorthIt(turn: Turn<T>): boolean {
    if (turn.signal.aborted || this.#failed.has(turn.signal)) {
      turn.decide(release());
    }
    return !turn.isDecided;
  }

  #batch(turns: readonly [Turn<T>, ...Turn<T>[]]): Batch<T> {
    const [first, ...others] = turns;
    return {
      messages: [first.asMessage(), ...others.map((turn) => turn.asMessage())],
      acknowledge: () => this.#decide(turns, ack()),
      retry: () => this.#decide(turns, retry()),
    };
  }

  #decide(turns: readonly Turn<T>[], verdict: Verdict): void {
    const failedGroups = new Set<string>();
    for (const turn of turns) {
      const { groupId, signal } = turn;
      const isBehind = groupId !== undefined && failedGroups.has(groupId);
      // Told to end, it has only a word of the loop's to say that it is done.
      turn.decide(isBehind || signal.aborted ? release() : verdict);
      if (this.#options.isOrdered && groupId !== undefined && turn.hasFailed) {
        failedGroups.add(groupId);
        this.#failed.add(signal);
      }
    }
  }

  #handOver(batch: Batch<T> | undefined): void {
    this.#endWindow();
    const hand = this.#awaiting;
    this.#awaiting = undefined;
    hand?.(batch);
  }

  #endWindow(): void {
    this.#window?.cancel();
    this.#window = undefined;
  }
}

/** A message on the counter between its handler and the loop. */
class Turn<T> {
  readonly signal: AbortSignal;
  readonly #message: IncomingMessage<T>;
  readonly #resolve: (verdict: Verdict) => void;
  #verdict: Verdict | undefined;

  constructor(message: IncomingMessage<T>, signal: AbortSignal, resolve: (verdict: Verdict) => void) {
    this.#message = message;
    this.signal = signal;
    this.#resolve = resolve;
  }

  get groupId(): string | undefined {
    return this.#message.groupId;
  }

  get isDecided(): boolean {
    return this.#verdict !== undefined;
  }

  get hasFailed(): boolean {
    return this.#verdict?.action !== 'ack';
  }

  /** The first decision counts. */
  decide(verdict: Verdict): void {
    this.#verdict ??= verdict;
    this.#resolve(this.#verdict);
  }

  asMessage(): StreamMessage<T> {
    return {
      ...this.#message,
      signal: this.signal,
      ack: () => this.decide(ack()),
      retry: (options) => this.decide(retry(options)),
      release: () => this.decide(release()),
      deadLetter: (reason) => this.decide(deadLetter(reason)),
    };
  }
}
