// What must be true of the queue at the end of a run. Each check tells what is not.
import { type Appearance, attributesKey, type Evidence, isAmbiguous } from './evidence.ts';
import type { Offering } from './history.ts';

/** Every promise settled, truly: what was sent is in the queue, what was rejected is not. */
export function* nothingLost({ ledger, held, history }: Evidence): Iterable<string> {
  const found = new Set<string>();
  const ids = new Set<string>();
  for (const [{ deduplicationId }, items] of held) {
    for (const { name } of items) {
      found.add(name);
      ledger.left(name);
    }
    if (deduplicationId !== undefined) {
      ids.add(deduplicationId);
    }
  }
  // Of messages that share a deduplication id, SQS answers all with success and keeps the first.
  for (const [name, { planned, receipt }] of history.offerings) {
    const { deduplicationId } = planned;
    if (
      receipt !== undefined &&
      deduplicationId !== undefined &&
      !found.has(name) &&
      ids.has(deduplicationId)
    ) {
      ledger.left(name);
    }
  }
  const { pending, lost, unaccountable, sent, rejected, unknown } = ledger.report();
  yield* complainOf('never settled', pending);
  yield* complainOf('lost', lost);
  yield* complainOf('in the queue though rejected or never offered', unaccountable);
  const settled = sent.length + rejected.length + unknown.length;
  if (settled + pending.length !== history.offerings.size) {
    yield `${history.offerings.size} were offered, ${settled} are accounted for`;
  }
}

/** What is in the queue is what was offered, with all that came with it. */
export function* nothingChanged({ held, history }: Evidence): Iterable<string> {
  for (const [message, items] of held) {
    for (const { name, id, body, attributes, traceHeader } of items) {
      const offering = history.offerings.get(name);
      if (offering === undefined) {
        continue; // the ledger has complained
      }
      const { planned } = offering;
      const differs = {
        body: body !== offering.body,
        'group id': message.groupId !== planned.groupId,
        'deduplication id':
          planned.deduplicationId !== undefined && message.deduplicationId !== planned.deduplicationId,
        attributes: attributesKey(attributes) !== attributesKey(planned.attributes ?? {}),
        'trace header': (traceHeader ?? message.traceHeader) !== planned.traceHeader,
        id: id !== undefined && id !== (planned.id ?? offering.receipt?.id ?? id),
      };
      for (const [what, is] of Object.entries(differs)) {
        if (is) {
          yield `the ${what} of ${name} is not what was offered`;
        }
      }
    }
  }
}

/** On a FIFO queue none is there twice; on a standard queue only what may have been accepted was sent again. */
export function* nothingRepeated({ held, scenario, appearances }: Evidence): Iterable<string> {
  const copies = new Map<string, number>();
  for (const { name } of held.flatMap(([, items]) => items)) {
    copies.set(name, (copies.get(name) ?? 0) + 1);
  }
  for (const [name, count] of copies) {
    const ambiguous = appearances.get(name)?.filter(({ outcome }) => isAmbiguous(outcome)).length ?? 0;
    if (count > (scenario.fifo ? 1 : 1 + ambiguous)) {
      yield `${name} is in the queue ${count} times, after ${ambiguous} answers that were lost`;
    }
  }
  for (const [name, list] of appearances) {
    const acceptedAt = list.findIndex(({ outcome }) => outcome?.ok === true);
    if (acceptedAt >= 0 && acceptedAt < list.length - 1) {
      yield `${name} was sent again after it was accepted`;
    }
  }
}

/** Groups of a FIFO queue whose order is strict are in the order of `send`, and none overtakes another on the way. */
export function* nothingReordered({ held, scenario, history, appearances }: Evidence): Iterable<string> {
  if (!scenario.fifo || scenario.producer.order === 'throughput') {
    return;
  }
  const lastOf = new Map<string | undefined, Offering>();
  for (const [{ groupId }, items] of held) {
    for (const { name } of items) {
      const offering = history.offerings.get(name);
      const last = lastOf.get(groupId);
      if (offering !== undefined && last !== undefined && offering.began.order < last.began.order) {
        yield `${name} is after ${last.planned.name} in the queue, though it was sent before it`;
      }
      if (offering !== undefined) {
        lastOf.set(groupId, offering);
      }
    }
  }
  const previousOf = new Map<string | undefined, string>();
  for (const [name, { planned }] of history.offerings) {
    const list = appearances.get(name);
    if (list === undefined) {
      continue; // it never left
    }
    const previous = previousOf.get(planned.groupId);
    const before = previous === undefined ? [] : (appearances.get(previous) ?? []);
    const isAhead = (one: Appearance): boolean =>
      // In one pack they keep their order.
      !before.some(({ entry }) => entry === one.entry) && before.some((other) => overtakes(one, other));
    if (list.some(isAhead)) {
      yield `${name} left before ${previous}, the one before it in its group, was answered for the last time`;
    }
    previousOf.set(planned.groupId, name);
  }
}

/** Whether a message's call began while the one before it was under way, or may have come before a later call of that. */
function overtakes(one: Appearance, before: Appearance): boolean {
  const beganAt = one.call.began.order;
  const isUnderWay =
    before.call.began.order <= beganAt && beganAt < (before.call.ended?.order ?? Number.POSITIVE_INFINITY);
  const mayBeAccepted = one.outcome?.ok === true || isAmbiguous(one.outcome);
  return isUnderWay || (mayBeAccepted && beganAt < before.call.began.order);
}

function* complainOf(what: string, names: readonly string[]): Iterable<string> {
  if (names.length > 0) {
    yield `${what}: ${names.join()}`;
  }
}
