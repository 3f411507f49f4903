import type { Envelope, IncomingMessage, Queue } from '@sqskit/core';
import { guardedLogger } from '@sqskit/core/callbacks';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { createCompleted } from './completed.ts';
import { createGatherer, type StreamMessage } from './gatherer.ts';
import { createInstruments } from './instruments.ts';
import type { RunSettings } from './options.ts';
import { createReport } from './report.ts';
import { createRun } from './run.ts';
import { createVisibility } from './visibility.ts';

export interface LoopOptions<T> {
  readonly queue: Queue;
  readonly settings: RunSettings<T>;
  /** Most messages at a time. */
  readonly maxMessages: number;
  /** How long the first of them, once the loop waits, waits for others. */
  readonly maxWaitMs: number;
  readonly signal: AbortSignal | undefined;
  readonly stopTimeoutMs: number;
  /** Whether messages of one FIFO group may come together. */
  readonly keepsOrder: boolean;
}

/**
 * The messages of a queue, so many at a time, for `for await`. Receives only while the loop waits for messages; leaving it
 * gives back what was fetched and stops.
 */
export async function* iterate<T, R>(
  options: LoopOptions<T>,
  shape: (messages: readonly [StreamMessage<T>, ...StreamMessage<T>[]]) => R,
): AsyncGenerator<R, void, undefined> {
  const { queue, settings, maxMessages, maxWaitMs, signal, stopTimeoutMs, keepsOrder } = options;
  const { deadLetterQueue, recorder, clock, onError, envelope } = settings;
  const { name, fifo } = parseQueueUrl(queue.url);
  const logger = guardedLogger(settings.logger);
  const isOrdered = keepsOrder && fifo;
  const gatherer = createGatherer<T>({ maxMessages, maxWaitMs, isOrdered, clock });
  const run = createRun<T>({
    queues: [
      {
        queue,
        weight: 1,
        deadLetterQueue,
        visibility: createVisibility(settings),
        instruments: createInstruments(recorder, name, clock),
        completed: createCompleted(),
      },
    ],
    handler: (message: IncomingMessage<T>, context) => gatherer.offer(message, context.signal),
    settings: { ...settings, logger, envelope: isOrdered ? openedInOrder(envelope) : envelope },
    report: createReport(onError, logger),
    // While the body of the loop runs nothing is asked for.
    gates: [{ admit: (wanted, inHand) => (gatherer.isAwaited && inHand < maxMessages ? wanted : 0) }],
    keepsOrder: isOrdered,
  });
  signal?.addEventListener('abort', gatherer.close);
  try {
    while (signal?.aborted !== true) {
      const taking = gatherer.take();
      run.update();
      const batch = await taking;
      if (batch === undefined) {
        return;
      }
      try {
        yield shape(batch.messages);
        batch.acknowledge();
      } finally {
        batch.retry();
      }
    }
  } finally {
    signal?.removeEventListener('abort', gatherer.close);
    gatherer.close();
    await run.stop(stopTimeoutMs, 'finish');
  }
}

/** Opens one after the other, so that a message does not overtake one that takes longer to open. */
function openedInOrder(envelope: Envelope): Envelope {
  let before: Promise<unknown> = Promise.resolve();
  return {
    maxItems: envelope.maxItems,
    seal: (items, maxBytes) => envelope.seal(items, maxBytes),
    open(payload) {
      const opening = before.then(() => envelope.open(payload));
      before = opening.catch(() => undefined);
      return opening;
    },
  };
}
