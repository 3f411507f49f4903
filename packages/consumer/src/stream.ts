import {
  ack,
  deadLetter,
  type IncomingMessage,
  type Queue,
  release,
  retry,
  type Verdict,
} from '@sqskit/core';
import { guardedLogger } from '@sqskit/core/callbacks';
import { resolveOptions } from '@sqskit/core/options';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { assertOtherQueue, assertQueue } from './arguments.ts';
import { createInstruments } from './instruments.ts';
import { type ResolvedStreamOptions, type StreamOptions, streamRules } from './options.ts';
import { createReport } from './report.ts';
import { createRun } from './run.ts';
import { createVisibility, type Visibility } from './visibility.ts';

/**
 * A message of a stream. It is acknowledged when the next is asked for, unless one of its methods has said something
 * else before: the first word counts. One that the loop is left with, by `break` or a throw, is retried.
 */
export interface StreamMessage<T> extends IncomingMessage<T> {
  /** Aborts when the lease is lost: what is said of the message then settles nothing. */
  readonly signal: AbortSignal;
  ack(): void;
  retry(options?: { readonly delayMs?: number | undefined }): void;
  release(): void;
  deadLetter(reason: string): void;
}

/**
 * The messages of a queue, one after the other, for `for await`. Receives only while the loop waits for a message;
 * leaving the loop gives back what was fetched and stops. Throws `option-invalid` and `queue-url-invalid` at once.
 */
export function stream<T>(
  queue: Queue,
  options?: StreamOptions<T>,
): AsyncGenerator<StreamMessage<T>, void, undefined> {
  assertQueue('stream', queue);
  const settings = resolveOptions('stream', streamRules<T>(), options);
  assertOtherQueue('stream', queue, settings.deadLetterQueue);
  parseQueueUrl(queue.url);
  return iterate(queue, { ...settings, logger: guardedLogger(settings.logger) }, createVisibility(settings));
}

async function* iterate<T>(
  queue: Queue,
  settings: ResolvedStreamOptions<T>,
  visibility: Visibility,
): AsyncGenerator<StreamMessage<T>, void, undefined> {
  const { deadLetterQueue, signal, stopTimeoutMs, recorder, clock, onError, logger } = settings;
  const instruments = createInstruments(recorder, parseQueueUrl(queue.url).name, clock);
  const handover = createHandover<T>();
  const run = createRun<T>({
    queues: [{ queue, deadLetterQueue, visibility, instruments }],
    handler: (message, context) => handover.offer(message, context.signal),
    settings: { ...settings, maxConcurrency: 1, maxConcurrencyPerGroup: undefined, maxPollers: 1 },
    report: createReport(onError, logger),
    // While the body of the loop runs nothing is fetched, so leaving it has no poll to wait for.
    gates: [{ admit: (wanted, inHand) => (handover.isAwaited && inHand === 0 ? wanted : 0) }],
  });
  signal?.addEventListener('abort', handover.close);
  try {
    for (;;) {
      const next = signal?.aborted === true ? undefined : handover.take();
      run.update();
      const turn = await next;
      if (turn === undefined) {
        return;
      }
      try {
        yield turn.message;
        turn.decide(ack());
      } finally {
        turn.decide(retry());
      }
    }
  } finally {
    signal?.removeEventListener('abort', handover.close);
    handover.close();
    await run.stop(stopTimeoutMs, 'finish');
  }
}

/** A message on the counter between its handler and the loop. */
interface Turn<T> {
  readonly message: StreamMessage<T>;
  /** The first decision counts. */
  readonly decide: (verdict: Verdict) => void;
}

/** Where the one handler that runs hands its message to the loop and waits for the loop's decision. */
interface Handover<T> {
  /** Whether the loop waits for a message. */
  readonly isAwaited: boolean;
  /** The handler: resolves with the loop's decision. */
  offer(message: IncomingMessage<T>, signal: AbortSignal): Promise<Verdict>;
  /** The loop: the next message, `undefined` if it is closed first. */
  take(): Promise<Turn<T> | undefined>;
  /** What is offered is released, and the loop waits no longer. */
  readonly close: () => void;
}

function createHandover<T>(): Handover<T> {
  let offered: Turn<T> | undefined;
  let awaiting: ((turn: Turn<T> | undefined) => void) | undefined;
  return {
    get isAwaited() {
      return awaiting !== undefined;
    },
    offer(message, signal) {
      return new Promise((decide) => {
        const turn: Turn<T> = { message: streamMessage(message, signal, decide), decide };
        if (awaiting === undefined) {
          offered = turn;
        } else {
          awaiting(turn);
          awaiting = undefined;
        }
      });
    },
    take() {
      const turn = offered;
      offered = undefined;
      if (turn?.message.signal.aborted === true) {
        turn.decide(release()); // its lease was lost before the loop came to it
      } else if (turn !== undefined) {
        return Promise.resolve(turn);
      }
      return new Promise((resolve) => {
        awaiting = resolve;
      });
    },
    close() {
      offered?.decide(release());
      awaiting?.(undefined);
      offered = undefined;
      awaiting = undefined;
    },
  };
}

function streamMessage<T>(
  message: IncomingMessage<T>,
  signal: AbortSignal,
  decide: (verdict: Verdict) => void,
): StreamMessage<T> {
  return {
    ...message,
    signal,
    ack: () => decide(ack()),
    retry: (options) => decide(retry(options)),
    release: () => decide(release()),
    deadLetter: (reason) => decide(deadLetter(reason)),
  };
}
