// What must be true of leases: held while anything is done, kept as long as they can be. Each check tells what is not.
import { sqsLimits } from '@sqskit/core';
import type { Moment } from '../moments.ts';
import { type Attempt, blockedMs, type Evidence, type Handled, isBefore } from './evidence.ts';
import type { History, Instance, SettleCall } from './history.ts';

/** When the lease ends, as far as its holder knows: counted from the answer, or from when a renewal was asked for. */
export function leaseEndAt({ delivery, attempts }: Handled, moment: Moment): number {
  return leaseStart({ delivery, attempts }, moment).ms + lengthAt({ delivery, attempts }, moment);
}

function lengthAt({ delivery, attempts }: Handled, moment: Moment): number {
  return lastRenewal(attempts, moment)?.visibilityTimeoutMs ?? delivery.visibilityTimeoutMs;
}

function leaseStart({ delivery, attempts }: Handled, moment: Moment): Moment {
  return lastRenewal(attempts, moment)?.call.began ?? delivery.at;
}

function lastRenewal(attempts: readonly Attempt[], moment: Moment): Attempt | undefined {
  return attempts.findLast(
    ({ isRenewal, ok, call }) => isRenewal && ok === true && isBefore(call.ended, moment),
  );
}

/** The longest time for which what failed is left alone before it is called again. */
export function patienceMs({ choice }: Instance): number {
  const { visibilityTimeoutMs, settleLingerMs } = choice;
  return Math.min(5_000, visibilityTimeoutMs / 4) + settleLingerMs + 100;
}

/** Nobody settles or renews a message whose lease is over by its own reckoning. */
export function* leasesAreHeldWhenSettled({ handled }: Evidence): Iterable<string> {
  for (const one of handled.values()) {
    for (const { call } of one.attempts) {
      const lateMs = call.began.ms - leaseEndAt(one, call.began);
      if (lateMs > 0) {
        const { messageId } = one.delivery;
        yield `${messageId} was settled at ${call.began.ms} ms, ${lateMs} ms after the end of its lease`;
      }
    }
  }
}

/**
 * Nobody gives back or deletes a message while its handler runs, unless that was told that it is of no use. One whose time
 * is up is waited for all the same, until its consumer stops.
 */
export function* nothingIsSettledWhileItRuns({ history, handled, runsOf }: Evidence): Iterable<string> {
  for (const { delivery, attempts } of handled.values()) {
    const { by, messageId } = delivery;
    const runs = runsOf(by, messageId);
    for (const { isRenewal, call } of attempts) {
      const live = runs.find(
        ({ began, ended, aborted }) =>
          isBefore(began, call.began) &&
          !isBefore(ended, call.began) &&
          (!isBefore(aborted?.at, call.began) ||
            (aborted?.code === 'handler-timeout' && !isStopped(history, by, began, call.began))),
      );
      if (!isRenewal && live !== undefined) {
        yield `${live.name} was settled at ${call.began.ms} ms while its handler ran`;
      }
    }
  }
}

/** The lease operations of a message, whatever its receipt handle, are under way one at a time. */
export function* leaseOperationsTakeTurns({ history, handled }: Evidence): Iterable<string> {
  const underWay = new Map<Instance, Map<string, SettleCall>>();
  for (const call of history.settles) {
    const ofInstance = underWay.get(call.by) ?? new Map<string, SettleCall>();
    underWay.set(call.by, ofInstance);
    for (const { handle } of call.entries) {
      const messageId = handled.get(handle)?.delivery.messageId ?? handle;
      const before = ofInstance.get(messageId);
      if (before !== undefined && !isBefore(before.ended, call.began)) {
        yield `${messageId} was called at ${call.began.ms} ms beside the call of ${before.began.ms} ms`;
      }
      ofInstance.set(messageId, call);
    }
  }
}

/** What settles a message has the last word. */
export function* renewalsEnd({ handled }: Evidence): Iterable<string> {
  for (const { delivery, attempts } of handled.values()) {
    const last = attempts.find(
      ({ isRenewal, visibilityTimeoutMs, ok }) =>
        !isRenewal && (visibilityTimeoutMs !== undefined || ok === true),
    );
    if (last === undefined) {
      continue;
    }
    const late = attempts.find(({ isRenewal, call }) => isRenewal && isBefore(last.call.began, call.began));
    if (late !== undefined) {
      yield `${delivery.messageId} was renewed at ${late.call.began.ms} ms, after it had been settled`;
    }
  }
}

/** Renewals of one lease are nearly half of it apart. */
export function* renewalsAreRare({ handled }: Evidence): Iterable<string> {
  for (const { delivery, attempts } of handled.values()) {
    let since = delivery.at.ms;
    let lengthMs = delivery.visibilityTimeoutMs;
    for (const { isRenewal, visibilityTimeoutMs = 0, ok, call } of attempts) {
      if (isRenewal && ok === true) {
        if (call.began.ms - since < lengthMs * 0.39) {
          yield `${delivery.messageId} was renewed ${call.began.ms - since} ms into a lease of ${lengthMs} ms`;
        }
        since = call.began.ms;
        lengthMs = visibilityTimeoutMs;
      }
    }
  }
}

/** A lease is lost only where renewals were refused, or failed again and again, or the process stood still. */
export function* leasesAreKept({ history, deliveriesOf, handled }: Evidence): Iterable<string> {
  for (const { by, at, during, messageId } of history.failures) {
    if (during !== 'lease' || messageId === undefined) {
      continue;
    }
    const open = deliveriesOf(by, messageId)
      .filter((delivery) => isBefore(delivery.at, at))
      .flatMap(({ handle }) => handled.get(handle) ?? [])
      .filter(
        ({ attempts }) => !attempts.some(({ isRenewal, call }) => !isRenewal && isBefore(call.began, at)),
      );
    const isNeedless = open.length > 0 && !open.some((one) => isEndJustified(one, at));
    if (isNeedless) {
      yield `the lease of ${messageId} was lost at ${at.ms} ms though it could be renewed`;
    }
  }
}

/** A handler hears at once that the lease of its message is lost. */
export function* handlersAreTold({ history, runsOf }: Evidence): Iterable<string> {
  for (const { by, at, during, messageId } of history.failures) {
    const runs = during === 'lease' && messageId !== undefined ? runsOf(by, messageId) : [];
    for (const { name, began, ended, aborted } of runs) {
      const isLive = isBefore(began, at) && !isBefore(ended, at);
      if (isLive && (aborted === undefined || aborted.at.ms > at.ms)) {
        yield `the handler of ${name} was not told at ${at.ms} ms that its lease was lost`;
      }
    }
  }
}

/** A handler is told when its time is up, and no sooner. */
export function* handlersAreTimed({ history }: Evidence): Iterable<string> {
  for (const { by, name, began, ended, aborted } of history.runs) {
    const { handlerTimeoutMs } = by.choice;
    const toldMs = aborted === undefined ? undefined : aborted.at.ms - began.ms;
    if (
      aborted?.code === 'handler-timeout' &&
      (toldMs ?? 0) < (handlerTimeoutMs ?? Number.POSITIVE_INFINITY)
    ) {
      yield `the handler of ${name} was told after ${toldMs} ms that its time was up`;
    }
    const untilMs = toldMs ?? (ended === undefined ? 0 : ended.ms - began.ms);
    const blocked = blockedMs(by, began.ms, began.ms + untilMs);
    if (handlerTimeoutMs !== undefined && untilMs - blocked > handlerTimeoutMs + 100) {
      yield `the handler of ${name} was not told within ${untilMs} ms that its time was up`;
    }
  }
}

/** Whether there was nothing to be done for a lease that is over at this moment; true where it is not over, or was ended. */
function isEndJustified(one: Handled, at: Moment): boolean {
  const { delivery, attempts } = one;
  const { by } = delivery;
  const isEnded = attempts.some(
    ({ isRenewal, ok, retryable, call }) =>
      isBefore(call.ended, at) && (!isRenewal || (ok === false && !retryable)),
  );
  const from = leaseStart(one, at);
  const lengthMs = lengthAt(one, at);
  const endMs = from.ms + lengthMs;
  const isCapped = endMs + 1_000 > delivery.at.ms + sqsLimits.maxVisibilityTimeoutMs - 5_000;
  if (isEnded || isCapped || blockedMs(by, from.ms, at.ms) > 0) {
    return true;
  }
  const renewals = attempts.filter(({ isRenewal, call }) => isRenewal && from.order < call.began.order);
  let idleSince = from.ms + lengthMs / 2;
  let longestMs = 0;
  for (const { call } of renewals) {
    longestMs = Math.max(longestMs, call.began.ms - idleSince);
    idleSince = call.ended?.ms ?? Number.POSITIVE_INFINITY;
  }
  longestMs = Math.max(longestMs, Math.min(endMs, at.ms) - idleSince);
  return longestMs <= patienceMs(by);
}

/** Whether the instance was told to stop between two moments. */
function isStopped({ stops }: History, instance: Instance, from: Moment, to: Moment): boolean {
  return stops.some(({ by, began }) => by === instance && isBefore(from, began) && isBefore(began, to));
}
