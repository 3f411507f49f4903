// What must be true of the calls that consumers make. Each check tells what is not.
import { sqsLimits } from '@sqskit/core';
import { blockedMs, type Evidence, type Handled, isBefore } from './evidence.ts';
import type { History, Instance, ReceiveCall, Stopping } from './history.ts';
import { leaseEndAt, patienceMs } from './lease-checks.ts';

/** No call that SQS would refuse, no more polls at a time than allowed, and none while paused. */
export function* callsAreLegal({ history, queues }: Evidence): Iterable<string> {
  for (const { entries } of history.settles) {
    const handles = new Set(entries.map(({ handle }) => handle));
    if (entries.length > sqsLimits.maxBatchEntries || handles.size !== entries.length) {
      yield `a batch has ${entries.length} entries, of ${handles.size} messages`;
    }
  }
  for (const instance of history.instances) {
    for (const { queue } of queues) {
      yield* pollsAreLegal(instance, pollsOf(history, instance, queue.url));
    }
  }
}

function* pollsAreLegal(
  { choice, mostSlots, pauses }: Instance,
  polls: readonly ReceiveCall[],
): Iterable<string> {
  const open = new Set<ReceiveCall>();
  for (const poll of polls) {
    const { asked, began, isOpen, isTooMuch } = poll;
    for (const other of open) {
      if (isBefore(other.ended, began)) {
        open.delete(other);
      }
    }
    open.add(poll);
    if (open.size > choice.maxPollers) {
      yield `${open.size} polls were under way at ${began.ms} ms, of ${choice.maxPollers}`;
    }
    if (asked < 1 || asked > Math.min(sqsLimits.maxBatchEntries, mostSlots + choice.prefetch)) {
      yield `a poll asked for ${asked} messages at ${began.ms} ms`;
    }
    if (isOpen || isTooMuch) {
      yield `a poll began at ${began.ms} ms ${isOpen ? 'though the breaker was open' : 'that was not let through'}`;
    }
    if (pauses.some(({ from, to }) => isBefore(from, began) && !isBefore(to, began))) {
      yield `a poll began at ${began.ms} ms while the consumer was paused`;
    }
  }
}

function pollsOf({ receives }: History, instance: Instance, url: string): readonly ReceiveCall[] {
  return receives.filter(({ by, queueUrl }) => by === instance && queueUrl === url);
}

/** Everything is settled at the queue that it came from. */
export function* originsAreKept({ history, handled, planned, queues }: Evidence): Iterable<string> {
  for (const { delivery, attempts } of handled.values()) {
    if (attempts.some(({ call }) => call.queueUrl !== delivery.queueUrl)) {
      yield `${delivery.messageId} was settled at another queue than its own`;
    }
  }
  const queueOf = new Map(planned.flatMap(({ names, queue }) => names.map((name) => [name, queues[queue]])));
  for (const { queueUrl, to, contents } of history.sends) {
    for (const { name } of contents.flat()) {
      if (queueOf.get(name)?.[to].url !== queueUrl) {
        yield `${name} was sent to ${queueUrl}, which is not its own`;
      }
    }
  }
}

/** Who polls alone rests after a poll that failed. */
export function* failedPollsRest({ history, queues }: Evidence): Iterable<string> {
  const lone = history.instances.filter(({ choice }) => choice.maxPollers === 1);
  for (const [instance, url] of lone.flatMap((one) => queues.map(({ queue }) => [one, queue.url] as const))) {
    const polls = pollsOf(history, instance, url);
    for (const [index, { began }] of polls.entries()) {
      const before = polls[index - 1];
      if (before?.isFailed !== true || before.isAborted || before.ended === undefined) {
        continue;
      }
      const restedMs = began.ms - before.ended.ms;
      if (restedMs < 499 && !isStoppedBetween(history, instance, before.began.order, began.order)) {
        yield `a poll began at ${began.ms} ms, ${restedMs} ms after one that failed`;
      }
    }
  }
}

function isStoppedBetween(history: History, instance: Instance, from: number, to: number): boolean {
  return stopsOf(history, instance).some(
    ({ began, ended }) => began.order < to && (ended?.order ?? Number.POSITIVE_INFINITY) > from,
  );
}

function stopsOf({ stops }: History, instance: Instance): readonly Stopping[] {
  return stops.filter(({ by }) => by === instance);
}

/** A handle that is settled is left alone. */
export function* nothingIsRepeated({ handled }: Evidence): Iterable<string> {
  for (const { delivery, attempts } of handled.values()) {
    const done = attempts.find(({ isRenewal, ok }) => !isRenewal && ok === true);
    const again = attempts.find(
      ({ isRenewal, call }) => !isRenewal && done !== undefined && isBefore(done.call.ended, call.began),
    );
    if (again !== undefined) {
      yield `${delivery.messageId} was settled again at ${again.call.began.ms} ms though it had been`;
    }
  }
}

/** What may yet be settled is tried for as long as the lease is held. */
export function* retriesGoOn({ history, handled }: Evidence): Iterable<string> {
  for (const one of handled.values()) {
    const last = one.attempts.findLast(({ isRenewal }) => !isRenewal);
    const ended = last?.call.ended;
    if (last === undefined || ended === undefined || last.ok !== false || !last.retryable) {
      continue;
    }
    const { by, messageId } = one.delivery;
    const endMs = leaseEndAt(last.visibilityTimeoutMs === undefined ? one : asLetGo(one), ended);
    const leftMs = endMs - ended.ms - blockedMs(by, ended.ms, endMs);
    const isOver =
      (by.crashed !== undefined && by.crashed.ms <= endMs) ||
      stopsOf(history, by).some(
        (stop) => stop.ended !== undefined && stop.ended.order > ended.order && stop.ended.ms <= endMs,
      );
    if (leftMs > patienceMs(by) && !isOver) {
      yield `${messageId} was given up at ${ended.ms} ms though its lease went on for ${leftMs} ms`;
    }
  }
}

/** A lease as it was when it was let go, for a change of visibility that may have waited for a renewal under way. */
function asLetGo({ delivery, attempts }: Handled): Handled {
  const first = attempts.find(({ isRenewal }) => !isRenewal);
  const letGoMs = (first?.call.began.ms ?? 0) - delivery.by.choice.settleLingerMs - 1;
  return { delivery, attempts: attempts.filter(({ call }) => (call.ended?.ms ?? letGoMs) < letGoMs) };
}

/** What failed comes again after a back-off, and no sooner than its handler asked. */
export function* backOffIsKept({ handled, runsOf, deliveriesOf, history }: Evidence): Iterable<string> {
  for (const { delivery, attempts } of handled.values()) {
    const { by, messageId, handle, contents } = delivery;
    const given = attempts.find(
      ({ isRenewal, visibilityTimeoutMs }) => !isRenewal && visibilityTimeoutMs !== undefined,
    );
    if (given?.visibilityTimeoutMs === undefined || contents.length > 1) {
      continue;
    }
    const { began } = given.call;
    const run = runsOf(by, messageId).findLast((one) => isBefore(one.ended, began));
    const failedAt =
      run === undefined
        ? history.failures.findLast(
            (failure) =>
              failure.by === by &&
              failure.messageId === messageId &&
              failure.during === 'decode' &&
              isBefore(failure.at, began),
          )?.at
        : run.ended;
    // Of a message that was delivered twice, one may be given back that never started.
    const isOnlyOne = deliveriesOf(by, messageId).every(
      (other) => other.handle === handle || (failedAt !== undefined && !isBefore(other.at, began)),
    );
    const isOurs =
      run === undefined ||
      (run.result !== 'ack' && run.result !== 'release' && !isBefore(run.aborted?.at, began));
    if (failedAt === undefined || !isOnlyOne || !isOurs) {
      continue;
    }
    const leastMs = run?.result === 'retry' ? (run.delayMs ?? 1_000) : 1_000;
    if (given.visibilityTimeoutMs < leastMs) {
      yield `${messageId} was made visible in ${given.visibilityTimeoutMs} ms at ${began.ms} ms, though it had failed`;
    }
  }
}
