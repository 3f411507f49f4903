// What must be true of the messages: none lost, none deleted unearned, groups in order. Each check tells what is not.
import type { Moment } from '../moments.ts';
import { type Evidence, isBefore, isDoneBy, mayBeDoneBy } from './evidence.ts';
import type { HandlerRun, Instance } from './history.ts';

const end: Moment = { order: Number.POSITIVE_INFINITY, ms: Number.POSITIVE_INFINITY };

/** Every message was handled, moved, or is still in the queue. */
export function* nothingLost({ planned, history, queues, contentsOf }: Evidence): Iterable<string> {
  const found = new Set([
    ...history.runs.filter((run) => mayBeDoneBy(run, end)).map(({ name }) => name),
    ...queues
      .flatMap(({ queue, dead }) => [...dead.accepted, ...queue.messages()])
      .flatMap((message) => namesOf(contentsOf(message))),
  ]);
  for (const name of planned.flatMap(({ names }) => names)) {
    if (!found.has(name)) {
      yield `${name} was neither handled nor moved, and is not in the queue`;
    }
  }
}

/** Nobody deletes an SQS message before all in it is done by its own handlers, or was accepted elsewhere. */
export function* deletesAreEarned({ history, handled, runsOf }: Evidence): Iterable<string> {
  const accepted = new Map<Instance, { readonly name: string; readonly at: Moment }[]>();
  for (const { by, contents, outcomes, ended } of history.sends) {
    const list = accepted.get(by) ?? [];
    accepted.set(by, list);
    for (const [position, one] of contents.entries()) {
      if (outcomes?.[position]?.ok === true && ended !== undefined) {
        list.push(...one.map(({ name }) => ({ name, at: ended })));
      }
    }
  }
  for (const { delivery, attempts } of handled.values()) {
    const { by, messageId, contents } = delivery;
    const first = attempts.find(({ visibilityTimeoutMs }) => visibilityTimeoutMs === undefined);
    if (first === undefined) {
      continue;
    }
    const { began } = first.call;
    for (const { name } of contents) {
      const isDone = runsOf(by, messageId).some((run) => run.name === name && mayBeDoneBy(run, began));
      const isMoved = accepted.get(by)?.some((one) => one.name === name && isBefore(one.at, began));
      if (!isDone && isMoved !== true) {
        yield `${name} was deleted at ${began.ms} ms without a completed handler`;
      }
    }
  }
}

/** On a FIFO queue none starts before all that is ahead of it in its group was handled or moved. */
export function* nothingReordered({
  scenario,
  planned,
  history,
  queues,
  contentsOf,
}: Evidence): Iterable<string> {
  const movedAt = new Map(
    queues
      .flatMap(({ dead }) => dead.accepted.toReversed())
      .flatMap((message) => namesOf(contentsOf(message)).map((name) => [name, message.atMs])),
  );
  const completedAt = new Map<string, number>();
  for (const run of history.runs) {
    const { name, ended } = run;
    if (ended !== undefined && mayBeDoneBy(run, end)) {
      completedAt.set(name, Math.min(completedAt.get(name) ?? Number.POSITIVE_INFINITY, ended.order));
    }
  }
  const previousOf = new Map<string, string>();
  const lastOf = new Map<string, string>();
  for (const { names, queue, groupId } of planned.filter(
    (one) => scenario.queues[one.queue]?.fifo === true,
  )) {
    const group = `${queue} ${groupId}`;
    for (const name of names) {
      const previous = lastOf.get(group);
      if (previous !== undefined) {
        previousOf.set(name, previous);
      }
      lastOf.set(group, name);
    }
  }
  const isDone = (name: string, { order, ms }: Moment): boolean =>
    (completedAt.get(name) ?? Number.POSITIVE_INFINITY) < order || (movedAt.get(name) ?? ms + 1) <= ms;
  for (const { name, began } of history.runs) {
    for (let ahead = previousOf.get(name); ahead !== undefined; ahead = previousOf.get(ahead)) {
      if (!isDone(ahead, began)) {
        yield `${name} was started at ${began.ms} ms, before ${ahead} of its group was done`;
      }
    }
  }
}

/** A process never runs a message beside itself, unless an earlier handler goes on although its consumer was stopped. */
export function* nothingRunsTwiceAtOnce({ history }: Evidence): Iterable<string> {
  const live = new Map<Instance, Map<string, HandlerRun[]>>();
  for (const run of history.runs) {
    const { by, messageId, name, began } = run;
    const ofInstance = live.get(by) ?? new Map<string, HandlerRun[]>();
    live.set(by, ofInstance);
    const key = `${messageId} ${name}`;
    const others = (ofInstance.get(key) ?? []).filter(({ ended }) => !isBefore(ended, began));
    ofInstance.set(key, [...others, run]);
    for (const { aborted, stretch } of others) {
      if (stretch === run.stretch || !isBefore(aborted?.at, began)) {
        yield `${name} ran twice at once in one process at ${began.ms} ms`;
      }
    }
  }
}

/** What a process has done, and SQS has not confirmed that it is deleted, it does not do again. */
export function* whatIsDoneIsRemembered({
  history,
  handled,
  runsOf,
  deliveriesOf,
}: Evidence): Iterable<string> {
  for (const run of history.runs) {
    const { by, messageId, name, began, stretch } = run;
    const before = runsOf(by, messageId).filter(
      (other) => other.name === name && other.stretch === stretch && isDoneBy(other, began),
    );
    const isConfirmed = deliveriesOf(by, messageId).some(({ handle }) =>
      handled
        .get(handle)
        ?.attempts.some(
          ({ visibilityTimeoutMs, ok, call }) =>
            visibilityTimeoutMs === undefined && ok === true && isBefore(call.ended, began),
        ),
    );
    if (before.length > 0 && !isConfirmed) {
      yield `${name} was run again at ${began.ms} ms though it was done`;
    }
  }
}

/** A handler is told how often its message was received: by SQS's count, and what it carried. So is who gets it next. */
export function* receivesAreCounted({ history, handled, deliveriesOf }: Evidence): Iterable<string> {
  for (const { by, messageId, name, receiveCount, began } of history.runs) {
    const counts = deliveriesOf(by, messageId).map(
      (delivery) =>
        delivery.receiveCount + (delivery.contents.find((one) => one.name === name)?.attempt ?? 0),
    );
    if (!counts.includes(receiveCount)) {
      yield `${name} was run at ${began.ms} ms as received ${receiveCount} times; it was ${counts.join(' or ')}`;
    }
  }
  const counted = new Set<string>();
  for (const { delivery } of handled.values()) {
    for (const { name, attempt } of delivery.contents) {
      counted.add(`${name} ${delivery.receiveCount + attempt}`);
    }
  }
  for (const { to, began, contents } of history.sends) {
    for (const { name, attempt } of contents.flat()) {
      if (to === 'queue' && !counted.has(`${name} ${attempt}`)) {
        yield `${name} was sent again at ${began.ms} ms as received ${attempt} times`;
      }
    }
  }
}

function namesOf(contents: readonly { readonly name: string }[]): string[] {
  return contents.map(({ name }) => name);
}
