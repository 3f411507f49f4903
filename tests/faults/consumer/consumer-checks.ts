// What must be true of what consumers promise and report. Each check tells what is not.
import { blockedMs, type Evidence, isBefore } from './evidence.ts';
import type { Delivery, HandlerRun, History, Stopping } from './history.ts';
import { leaseEndAt } from './lease-checks.ts';

/** Never more handlers than slots, nor more in hand than there is room for. */
export function* slotsAreKept({ scenario, history }: Evidence): Iterable<string> {
  for (const { by, name, queueUrl, groupId, running, runningOfGroup, slots, began } of history.runs) {
    // What runs goes on with fewer slots: also what is being opened or waits for the breaker, and the messages of a FIFO
    // queue's pack, one after the other.
    const isInOrder = isFifo(queueUrl) && scenario.isPacked;
    const goesOn = scenario.openMs > 0 || by.choice.breaker !== undefined || isInOrder;
    const most = goesOn ? by.mostSlots : slots;
    const { maxConcurrencyPerGroup = most } = by.choice;
    if (running > most) {
      yield `${name} was started at ${began.ms} ms as the handler ${running} of ${most}`;
    }
    if (groupId !== undefined && runningOfGroup > (isFifo(queueUrl) ? 1 : maxConcurrencyPerGroup)) {
      yield `${name} was started at ${began.ms} ms as the handler ${runningOfGroup} of group ${groupId}`;
    }
  }
  for (const { choice, mostInHand, mostSlots } of history.instances) {
    // Seen once in 10,000 runs: with a breaker that has just closed, one more was asked for than there was room for.
    const room = mostSlots + choice.prefetch + (choice.breaker === undefined ? 0 : 1);
    // Those that wait for others of their group take no room, one queue may take a little of another's, and of packs nobody knows how large they are.
    const isSimple = scenario.queues.length === 1 && !scenario.queues[0].fifo;
    const isBound = isSimple && choice.maxConcurrencyPerGroup === undefined && !scenario.isPacked;
    if (isBound && mostInHand > room) {
      yield `${mostInHand} messages were in hand, with room for ${room}`;
    }
  }
}

function isFifo(queueUrl: string): boolean {
  return queueUrl.endsWith('.fifo');
}

/** What is in hand, and what may come, is never more than there is memory for. */
export function* memoryIsBounded({ scenario, history, deliveriesOf }: Evidence): Iterable<string> {
  for (const instance of history.instances) {
    const { maxBytes, maxMessageBytes } = instance.choice;
    // Packs are larger than they are expected to be.
    if (maxBytes === undefined || maxMessageBytes === undefined || scenario.isPacked) {
      continue;
    }
    // A breaker may have a message run again without another receive.
    const lastRuns = new Map<Delivery, HandlerRun>();
    for (const run of history.runs.filter(({ by }) => by === instance)) {
      const delivery = deliveriesOf(instance, run.messageId).findLast(({ at }) => isBefore(at, run.began));
      if (delivery !== undefined) {
        lastRuns.set(delivery, run);
      }
    }
    const polls = history.receives.filter(({ by }) => by === instance);
    for (const { began, stretch } of polls) {
      const heldBytes = [...lastRuns]
        .filter(([{ at }, run]) => {
          const isHeld = isBefore(at, began) && !isBefore(run.ended, began);
          // What goes on though its consumer has stopped is nobody's.
          const isLeft = run.aborted?.code === 'stopped' && isBefore(run.aborted.at, began);
          return isHeld && !isLeft && run.stretch === stretch;
        })
        .reduce((sum, [{ bytes }]) => sum + bytes, 0);
      const asked = polls
        .filter((poll) => poll.began.order <= began.order && !isBefore(poll.ended, began))
        .reduce((sum, poll) => sum + poll.asked, 0);
      const bytes = heldBytes + asked * maxMessageBytes;
      if (bytes > maxBytes) {
        yield `${heldBytes} bytes were in hand at ${began.ms} ms and ${asked} messages asked for, of ${maxBytes} bytes`;
      }
    }
  }
}

/** A stop ends in time and leaves nothing behind. */
export function* stopsAreFinal({ history }: Evidence): Iterable<string> {
  for (const stop of history.stops) {
    const { by, began, ended, timeoutMs, isJoining, report, after } = stop;
    if (ended === undefined || report === undefined) {
      if (by.crashed === undefined) {
        yield `a stop at ${began.ms} ms never ended`;
      }
      continue;
    }
    const tookMs = ended.ms - began.ms - blockedMs(by, began.ms, ended.ms);
    if (!isJoining && tookMs > timeoutMs + 1) {
      yield `a stop at ${began.ms} ms took ${tookMs} ms, though it had ${timeoutMs}`;
    }
    const isDirty = report.abandoned.length > 0 && !isJoining && !isReleasing(history, stop);
    if (report.isClean && (isDirty || report.unsettled > 0)) {
      yield `a stop that abandoned ${report.abandoned.length} messages and left ${report.unsettled} calls itself clean`;
    }
    if (after === undefined) {
      continue;
    }
    const { state, running, waiting, settling, polls, bytes } = after.stats;
    if (running + waiting + settling + polls + bytes > 0 && report.abandoned.length === 0) {
      yield `after a stop at ${began.ms} ms it is ${state} with ${running} running, ${waiting} waiting, ${settling} settling, ${polls} polls`;
    }
    if (after.timers > 0) {
      yield `${after.timers} timers are left after a stop at ${began.ms} ms`;
    }
  }
}

/** Between a stop and the next start nothing is called. */
export function* stoppedIsSilent({ history }: Evidence): Iterable<string> {
  const calls = [...history.receives, ...history.settles, ...history.sends];
  for (const { by, ended, after } of history.stops) {
    if (ended === undefined || after === undefined) {
      continue;
    }
    const startedAt = by.starts.find((start) => isBefore(ended, start));
    const late = calls.filter(
      (call) =>
        call.by === by &&
        isBefore(ended, call.began) &&
        (startedAt === undefined || isBefore(call.began, startedAt)),
    ).length;
    if (late > 0) {
      yield `${late} calls were made after a stop at ${ended.ms} ms`;
    }
  }
}

/** A clean stop leaves no message that nobody else can receive. */
export function* cleanStopsKeepNothing(evidence: Evidence): Iterable<string> {
  const { history, handled } = evidence;
  for (const stop of history.stops) {
    const { by, ended, report } = stop;
    if (ended === undefined || report?.isClean !== true || stop.isJoining) {
      continue;
    }
    for (const one of handled.values()) {
      const { delivery, attempts } = one;
      const isKept =
        delivery.by === by &&
        isBefore(delivery.at, ended) &&
        isSince(history, stop, delivery.at.order) &&
        leaseEndAt(one, ended) > ended.ms &&
        !attempts.some(({ isRenewal, ok, retryable }) => !isRenewal || (ok === false && !retryable)) &&
        !isSuperseded(evidence, one.delivery.messageId, one.delivery.at.order, ended.order);
      if (isKept) {
        yield `${delivery.messageId} was neither settled nor given back by a stop that ended at ${ended.ms} ms`;
      }
    }
  }
}

/** Whether the moment is after the last stop before this one. */
function isSince({ stops }: History, stop: Stopping, order: number): boolean {
  return !stops.some(
    ({ by, ended }) =>
      by === stop.by &&
      ended !== undefined &&
      stop.ended !== undefined &&
      ended.order < stop.ended.order &&
      ended.order > order,
  );
}

/** Whether the message was handed out again, to anybody, after this and before that. */
function isSuperseded({ history }: Evidence, messageId: string, from: number, to: number): boolean {
  return history.receives.some(({ deliveries }) =>
    deliveries.some(
      (delivery) => delivery.messageId === messageId && delivery.at.order > from && delivery.at.order < to,
    ),
  );
}

/** Whether this stop, or another that joined it, was to release what runs. */
function isReleasing({ stops }: History, { by, began, ended }: Stopping): boolean {
  return stops.some(
    (stop) =>
      stop.by === by &&
      stop.mode === 'release' &&
      !isBefore(stop.began, began) &&
      (ended === undefined || isBefore(stop.began, ended)),
  );
}
