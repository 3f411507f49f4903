import { type Handler, type Queue, QueueError } from '@sqskit/core';
import { guardedLogger } from '@sqskit/core/callbacks';
import { resolveOptions } from '@sqskit/core/options';
import { parseQueueUrl, type QueueAddress } from '@sqskit/core/queue-url';
import { assertHandler, assertOtherQueue } from './arguments.ts';
import { type Completed, createCompleted } from './completed.ts';
import type { Origin } from './delivery.ts';
import { createInstruments } from './instruments.ts';
import { type LambdaContext, readEvent, type SqsBatchResponse, type SqsEvent } from './lambda-event.ts';
import { type EventSource, runInvocation } from './lambda-invocation.ts';
import {
  type LambdaHandlerOptions,
  lambdaRules,
  type ResolvedLambdaHandlerOptions,
} from './lambda-options.ts';
import { createLoad } from './load.ts';
import { createPackSize } from './pack-size.ts';
import { createPoisonRule } from './poison.ts';
import { createReport } from './report.ts';

/** What Lambda calls. Rejects where all of the event is to come again. */
export type LambdaHandler = (event: SqsEvent, context?: LambdaContext) => Promise<SqsBatchResponse>;

/** Messages that are remembered, with what was done of them, for as long as the process is kept warm. */
const maxCompleted = 10_000;

/**
 * A function for Lambda that calls `handler` with each message of an event, and answers which of them failed. Throws
 * `option-invalid` and `queue-url-invalid`.
 */
export function createLambdaHandler<T>(
  handler: Handler<T>,
  options?: LambdaHandlerOptions<T>,
): LambdaHandler {
  assertHandler('createLambdaHandler', handler);
  const resolved = resolveOptions('createLambdaHandler', lambdaRules<T>(), options);
  const settings = { ...resolved, logger: guardedLogger(resolved.logger) };
  const { queue, partialResponses, clock, onError, logger } = settings;
  const report = createReport(onError, logger);
  const completed = createCompleted(maxCompleted);
  const known = new Map<string, EventSource>();
  const own = queue && parseQueueUrl(queue.url);
  if (queue !== undefined) {
    assertOtherQueue('createLambdaHandler', queue, settings.deadLetterQueue);
  }
  const sourceOf = (url: string): EventSource => {
    const found =
      known.get(url) ??
      createEventSource(url, own && isSame(own, parseQueueUrl(url)) ? queue : undefined, settings, completed);
    known.set(url, found);
    return found;
  };
  return async (event, context) => {
    const endsAt = clock.monotonic() + remainingMs(context);
    const records = readEvent(event);
    const failed = await runInvocation({ records, handler, settings, endsAt, sourceOf, completed, report });
    if (failed.length > 0 && !partialResponses) {
      const details = { failed: failed.length, messages: records.length };
      const message = `${details.failed} of ${details.messages} messages failed, and all of them come again`;
      throw new QueueError('invocation-failed', message, details, { retryable: true, outcome: 'unknown' });
    }
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

/** Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const longestInvocationMs = 900_000;

/** Callers that are not Lambda, unit tests above all, often give a context that says nothing: `{}`. */
function remainingMs(context: Partial<LambdaContext> | undefined): number {
  return context?.getRemainingTimeInMillis?.() ?? longestInvocationMs;
}

/** Whether two URLs are of one queue, whatever endpoints they name; as far as both tell. */
function isSame(one: QueueAddress, other: QueueAddress): boolean {
  const agree = (a: string | undefined, b: string | undefined): boolean =>
    a === b || a === undefined || b === undefined;
  return one.name === other.name && agree(one.accountId, other.accountId) && agree(one.region, other.region);
}

function createEventSource<T>(
  url: string,
  queue: Queue | undefined,
  settings: ResolvedLambdaHandlerOptions<T>,
  completed: Completed,
): EventSource {
  const { recorder, clock, deadLetterQueue, maxReceiveCount, logger } = settings;
  assertOtherQueue('createLambdaHandler', { url }, deadLetterQueue);
  const { name, fifo } = parseQueueUrl(url);
  const origin: Origin = {
    queueUrl: url,
    poison: createPoisonRule({ queue, deadLetterQueue, maxReceiveCount, clock, logger }),
    instruments: createInstruments(recorder, name, clock),
    packSize: createPackSize(1),
    load: createLoad(),
    memory: { bytes: 0 }, // Lambda bounds what comes in an event
    earlier: ({ message }) => completed.find(message.messageId),
    holds: () => true, // the queue's visibility timeout is longer than an invocation may last
  };
  return { origin, fifo, queue };
}
