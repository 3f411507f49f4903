// What must be true of the calls that a run made. Each check tells what is not.
import { payloadBytes, type QueueError, sqsLimits } from '@sqskit/core';
import { type Evidence, isAmbiguous, payloadKey } from './evidence.ts';

/** No batch that SQS would refuse, no more at a time than allowed, and a retry is what was sent before, byte for byte. */
export function* callsAreLegal({ history, scenario, appearances }: Evidence): Iterable<string> {
  const { maxConcurrency, maxBatchEntries } = scenario.producer;
  const limit = limitOf(scenario, history);
  for (const { entries, outcomes } of history.calls) {
    const bytes = entries.reduce((sum, entry) => sum + payloadBytes(entry), 0);
    if (bytes > limit) {
      yield `a batch of ${entries.length} entries has ${bytes} bytes, ${bytes - limit} too many`;
    }
    if (entries.length < 1 || entries.length > maxBatchEntries) {
      yield `a batch has ${entries.length} entries`;
    }
    for (const outcome of outcomes ?? []) {
      if (!outcome.ok && outcome.error.code === 'service-error' && limit <= scenario.queueBytes) {
        const { message } = outcome.error;
        if (!message.includes('a fault of the plan')) {
          yield `SQS refused an entry: ${message}`;
        }
      }
    }
  }
  if (history.peaks.callsInFlight > maxConcurrency) {
    yield `${history.peaks.callsInFlight} calls were in flight`;
  }
  for (const [name, list] of appearances) {
    // What certainly had no effect may be packed anew; from the first answer that left it open on, nothing may change.
    const openedAt = list.findIndex(({ outcome }) => isAmbiguous(outcome));
    const forms = new Set(
      list
        .slice(openedAt < 0 ? list.length : openedAt)
        .map(({ entry }) => [payloadKey(entry), entry.groupId, entry.deduplicationId].join('\n')),
    );
    if (forms.size > 1) {
      yield `${name} was sent in ${forms.size} forms though one may have been accepted`;
    }
    const delayMs = history.offerings.get(name)?.planned.delayMs ?? 0;
    if (list.some(({ entry }) => (entry.delayMs ?? 0) !== delayMs)) {
      yield `the delay of ${name} is not what was offered`;
    }
  }
}

/** What may yet succeed is tried until the deadline, and not left lying. */
export function* retriesGoOn({ scenario, history, appearances }: Evidence): Iterable<string> {
  const { lingerMs, retryMaxMs, afterGroupFailure } = scenario.producer;
  for (const [name, { error, settled }] of history.offerings) {
    if (error !== undefined && isPassing(error) && limitOf(scenario, history) <= scenario.queueBytes) {
      yield `${name} was given up for a passing failure: ${error.message}`;
    }
    const list = appearances.get(name) ?? [];
    for (const [index, { call, outcome }] of list.entries()) {
      const until = list[index + 1]?.call.began.ms ?? settled?.ms ?? call.ended?.ms;
      const isRetried = outcome === undefined || (!outcome.ok && outcome.error.retryable);
      // What is behind in a paused group rightly waits.
      const isDue = isRetried && afterGroupFailure === 'continue';
      if (isDue && call.ended !== undefined && until !== undefined) {
        const idleMs = longestIdle(history, call.ended.ms, until);
        if (idleMs > lingerMs + retryMaxMs + 1_000) {
          yield `nothing was sent for ${Math.round(idleMs)} ms while ${name} was to be tried again`;
        }
      }
    }
  }
}

/** Whether the same may well succeed the next time, and the deadline has not come. */
function isPassing({ code, retryable }: QueueError): boolean {
  return code === 'batch-too-large' || (retryable && code !== 'buffer-full' && code !== 'closed');
}

/** The longest time between two moments without a call under way. */
function longestIdle({ calls }: Evidence['history'], fromMs: number, untilMs: number): number {
  let idleSince = fromMs;
  let longest = 0;
  for (const { began, ended } of calls) {
    if (began.ms >= untilMs) {
      break;
    }
    longest = Math.max(longest, began.ms - idleSince);
    idleSince = Math.max(idleSince, ended?.ms ?? Number.POSITIVE_INFINITY);
  }
  return Math.max(longest, untilMs - idleSince);
}

/** The largest message and batch, as the producer was told: SQS's own limit where it was told nothing. */
function limitOf(
  { producer, queueBytes }: Evidence['scenario'],
  { isLimitKnown }: Evidence['history'],
): number {
  return producer.maxMessageBytes ?? (isLimitKnown ? queueBytes : sqsLimits.maxMessageBytes);
}
