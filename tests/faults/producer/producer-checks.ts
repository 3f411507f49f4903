// What must be true of what the producer promises and reports. Each check tells what is not.
import { payloadBytes, type SendOutcome, sqsLimits } from '@sqskit/core';
import { type Evidence, isAmbiguous, payloadKey } from './evidence.ts';
import type { Offering } from './history.ts';

/** Longer than its deadline by more than this, a promise is late: a call under way has 1 s more, a sweep takes 50 ms. */
const latenessMs = 1_100;

/** A promise settles by its deadline, and says how many calls its message was in. */
export function* promisesAreTrue({ history, appearances }: Evidence): Iterable<string> {
  for (const [name, { deadlineMs, began, settled, receipt }] of history.offerings) {
    if (settled !== undefined && settled.ms > began.ms + deadlineMs + latenessMs) {
      yield `${name} settled ${Math.round(settled.ms - began.ms - deadlineMs)} ms after its deadline`;
    }
    const calls = appearances.get(name)?.length ?? 0;
    if (receipt !== undefined && receipt.attempts !== calls) {
      yield `${name} was in ${calls} calls; its receipt says ${receipt.attempts}`;
    }
  }
}

/** The bounds of the buffer hold, but for one message. */
export function* memoryIsBounded({ scenario, history }: Evidence): Iterable<string> {
  const { maxBufferedMessages, maxBufferedBytes, maxWaitingMessages, maxWaitingBytes } = scenario.producer;
  const { bufferedMessages, bufferedBytes, waitingMessages, waitingBytes } = history.peaks;
  const largest = Math.max(...[...history.offerings.values()].map(({ body }) => plainBytes(body)));
  const bounds: readonly (readonly [string, number, number])[] = [
    ['messages were buffered', bufferedMessages, maxBufferedMessages],
    ['bytes were buffered', bufferedBytes, maxBufferedBytes + largest],
    ['messages waited', waitingMessages, maxWaitingMessages],
    ['bytes waited', waitingBytes, maxWaitingBytes + largest],
  ];
  for (const [what, peak, bound] of bounds) {
    if (peak > bound) {
      yield `${peak} ${what}, more than ${bound}`;
    }
  }
  const unsettled = mostUnsettled(history.offerings.values());
  // Those of an answered batch are free some turns before we hear of it.
  if (unsettled > maxBufferedMessages + maxWaitingMessages + sqsLimits.maxBatchEntries) {
    yield `${unsettled} messages were unsettled at a time`;
  }
}

/** What a message takes at most: its bytes in base64, and its attributes. */
function plainBytes(body: string): number {
  return 200 + (Buffer.byteLength(body) * 4) / 3;
}

function mostUnsettled(offerings: Iterable<Offering>): number {
  const changes = [...offerings]
    .filter(({ isTakenIn }) => isTakenIn)
    .flatMap(({ began, settled }) => [
      { order: began.order, by: 1 },
      { order: settled?.order ?? Number.POSITIVE_INFINITY, by: -1 },
    ])
    .sort((a, b) => a.order - b.order);
  let [now, most] = [0, 0];
  for (const { by } of changes) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}

/** `close` ends in time, lists what was not delivered, and leaves nothing behind. */
export function* closeIsFinal({ history, stats }: Evidence): Iterable<string> {
  const { closing, offerings, calls } = history;
  if (closing?.ended === undefined || closing.report === undefined) {
    return; // the ledger or the run has complained
  }
  const { began, ended, timeoutMs, failedBefore, report } = closing;
  if (ended.ms > began.ms + timeoutMs + 50) {
    yield `close took ${Math.round(ended.ms - began.ms)} ms, though it had ${timeoutMs}`;
  }
  const after = calls.filter((call) => call.began.order > ended.order).length;
  if (after > 0) {
    yield `${after} calls were made after close`;
  }
  const expected = stats.failed - failedBefore;
  if (report.undelivered.length !== expected) {
    yield `close lists ${report.undelivered.length} undelivered, of ${expected}`;
  }
  const listed = new Set<string>();
  for (const { message, error } of report.undelivered) {
    const name = message.body.slice(0, message.body.indexOf(':'));
    const offering = offerings.get(name);
    if (offering?.error !== error || offering.body !== message.body || listed.has(name)) {
      yield `close lists ${name}, whose promise says something else, or twice`;
    }
    listed.add(name);
  }
  if (report.sent !== stats.sent) {
    yield `close reports ${report.sent} sent, of ${stats.sent}`;
  }
}

/** The producer's books agree with what was seen from outside. */
export function* booksAddUp({ history, stats, ledger }: Evidence): Iterable<string> {
  const { calls, offerings } = history;
  const entries = calls.reduce((sum, call) => sum + call.entries.length, 0);
  const firsts = new Set(calls.flatMap((call) => call.entries.map(payloadKey))).size;
  const billed = calls.reduce((sum, call) => {
    const bytes = call.entries.reduce((total, entry) => total + payloadBytes(entry), 0);
    return sum + Math.max(1, Math.ceil(bytes / sqsLimits.billedUnitBytes));
  }, 0);
  const takenIn = [...offerings.values()].filter(({ isTakenIn }) => isTakenIn).length;
  const sent = ledger.report().sent.length;
  const books: readonly (readonly [string, number, number])[] = [
    ['bufferedMessages', stats.bufferedMessages, 0],
    ['bufferedBytes', stats.bufferedBytes, 0],
    ['waitingMessages', stats.waitingMessages, 0],
    ['waitingBytes', stats.waitingBytes, 0],
    ['batchesInFlight', stats.batchesInFlight, 0],
    ['sent', stats.sent, sent],
    ['failed', stats.failed, takenIn - sent],
    ['batches', stats.batches, calls.length],
    ['entries', Math.round(stats.batches * stats.meanFill), entries],
    ['attempts', stats.attempts, entries],
    ['retriedEntries', stats.retriedEntries, entries - firsts],
    ['flushes', Object.values(stats.flushes).reduce((sum, count) => sum + count, 0), calls.length],
    ['billedRequests', stats.billedRequests, billed],
  ];
  for (const [name, value, expected] of books) {
    if (value !== expected) {
      yield `stats().${name} is ${value}, not ${expected}`;
    }
  }
}

/** What sealing left elsewhere is removed exactly where it was certainly not accepted. */
export function* sealsAreDiscarded({ history, namesOf }: Evidence): Iterable<string> {
  const outcomesOf = new Map<string, (SendOutcome | undefined)[]>();
  for (const { entries, outcomes } of history.calls) {
    for (const [position, entry] of entries.entries()) {
      const key = payloadKey(entry);
      outcomesOf.set(key, [...(outcomesOf.get(key) ?? []), outcomes?.[position]]);
    }
  }
  const isLeftOpen = (name: string): boolean => history.offerings.get(name)?.error?.outcome === 'unknown';
  // A message that trySend refused is sealed again when it is offered again.
  for (const [key, seals] of Map.groupBy(history.seals, ({ sealed }) => payloadKey(sealed.payload))) {
    const outcomes = outcomesOf.get(key) ?? [];
    const names = seals[0] === undefined ? [] : namesOf(seals[0].sealed.payload);
    const isKept = outcomes.some((outcome) => outcome?.ok === true || isAmbiguous(outcome));
    // Given up during a call that failed afterwards: the producer could not know.
    const mayBeKept = isKept || (outcomes.length > 0 && names.some(isLeftOpen));
    const discards = seals.reduce((sum, seal) => sum + seal.discards, 0);
    const isRight = (discards === seals.length && !isKept) || (discards === seals.length - 1 && mayBeKept);
    if (!isRight || seals.some((seal) => seal.discards > 1)) {
      yield `of ${seals.length} seals of ${names.join()}, ${isKept ? 'one' : 'none'} accepted, ${discards} were discarded`;
    }
  }
}
