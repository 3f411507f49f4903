import type { Payload } from '@sqskit/core';
import type { FakeQueue } from '@sqskit/testing';
import type { Moment } from '../moments.ts';
import type { Contents } from './contents.ts';
import type { Delivery, HandlerRun, History, Instance, SettleCall, SettleEntry } from './history.ts';
import type { PlannedMessage, Scenario } from './scenario.ts';

/** A queue, and where its dead letters go. */
export interface QueuePair {
  readonly queue: FakeQueue;
  readonly dead: FakeQueue;
}

/** What a run leaves behind for the judge. */
export interface Facts {
  readonly scenario: Scenario;
  readonly history: History;
  /** In the order of acceptance. */
  readonly planned: readonly PlannedMessage[];
  /** Those of the scenario, by place, each with its dead-letter queue. */
  readonly queues: readonly QueuePair[];
  readonly contentsOf: (payload: Payload) => Contents;
}

/** A receipt handle's part in a call. */
export interface Attempt extends SettleEntry {
  readonly call: SettleCall;
  /** `undefined` where nobody heard the answer. */
  readonly ok: boolean | undefined;
  readonly retryable: boolean;
  /** Whether it prolongs the lease, as opposed to giving the message back. */
  readonly isRenewal: boolean;
}

/** What an instance did with a receipt handle. */
export interface Handled {
  readonly delivery: Delivery;
  readonly attempts: readonly Attempt[];
}

/** The facts, looked up from more sides. */
export interface Evidence extends Facts {
  /** By receipt handle. Handles are unique. */
  readonly handled: ReadonlyMap<string, Handled>;
  /** Starts of a handler, by instance and message: a message is an SQS message's id and its own name. */
  readonly runsOf: (by: Instance, messageId: string) => readonly HandlerRun[];
  /** What an instance was given of an SQS message, in order. */
  readonly deliveriesOf: (by: Instance, messageId: string) => readonly Delivery[];
}

export function brokenNames(planned: readonly PlannedMessage[]): ReadonlySet<string | undefined> {
  return new Set(planned.filter(({ broken }) => broken !== undefined).map(({ names }) => names[0]));
}

export function gatherEvidence(facts: Facts): Evidence {
  const { history } = facts;
  const handled = new Map<string, { readonly delivery: Delivery; readonly attempts: Attempt[] }>();
  const deliveries = createIndex<Delivery>();
  const runs = createIndex<HandlerRun>();
  for (const delivery of history.receives.flatMap((call) => call.deliveries)) {
    handled.set(delivery.handle, { delivery, attempts: [] });
    deliveries.add(delivery.by, delivery.messageId, delivery);
  }
  for (const call of history.settles) {
    for (const [position, entry] of call.entries.entries()) {
      const outcome = call.outcomes?.[position];
      handled.get(entry.handle)?.attempts.push({
        ...entry,
        call,
        ok: outcome?.ok,
        retryable: outcome?.ok === false && outcome.error.retryable,
        isRenewal: isRenewal(entry, call.by),
      });
    }
  }
  for (const run of history.runs) {
    runs.add(run.by, run.messageId, run);
  }
  return { ...facts, handled, runsOf: runs.find, deliveriesOf: deliveries.find };
}

/** Delays of retries are no whole seconds, and those of what is released are 0. */
function isRenewal({ visibilityTimeoutMs }: SettleEntry, { choice }: Instance): boolean {
  return (
    visibilityTimeoutMs !== undefined &&
    visibilityTimeoutMs > 0 &&
    visibilityTimeoutMs <= Math.max(choice.visibilityTimeoutMs, choice.adaptiveVisibility?.minMs ?? 0) &&
    visibilityTimeoutMs % 1_000 === 0 &&
    visibilityTimeoutMs !== 1_000
  );
}

interface Index<V> {
  add(by: Instance, messageId: string, value: V): void;
  readonly find: (by: Instance, messageId: string) => readonly V[];
}

function createIndex<V>(): Index<V> {
  const lists = new Map<Instance, Map<string, V[]>>();
  return {
    add(by, messageId, value) {
      const ofInstance = lists.get(by) ?? new Map<string, V[]>();
      const list = ofInstance.get(messageId) ?? [];
      list.push(value);
      ofInstance.set(messageId, list);
      lists.set(by, ofInstance);
    },
    find: (by, messageId) => lists.get(by)?.get(messageId) ?? [],
  };
}

export function isBefore(one: Moment | undefined, other: Moment): boolean {
  return one !== undefined && one.order < other.order;
}

/** Whether a handler had said by then that the message is done, before it was told that it is of no use. */
export function isDoneBy(run: HandlerRun, moment: Moment): boolean {
  return run.result === 'ack' && isBefore(run.ended, moment) && !wasTold(run);
}

/** As `isDoneBy`; or it was told to end, and said by a verdict that it is done all the same. */
export function mayBeDoneBy(run: HandlerRun, moment: Moment): boolean {
  const { ended, result, isExplicit } = run;
  return result === 'ack' && isBefore(ended, moment) && (isExplicit || !wasTold(run));
}

/** Whether it was told to end while it ran. */
function wasTold({ aborted, ended }: HandlerRun): boolean {
  return aborted !== undefined && (ended === undefined || aborted.at.order < ended.order);
}

/** How long the instance's event loop stood still between two times. */
export function blockedMs({ blocks }: Instance, fromMs: number, toMs: number): number {
  return blocks.reduce(
    (sum, block) => sum + Math.max(0, Math.min(toMs, block.toMs) - Math.max(fromMs, block.fromMs)),
    0,
  );
}
