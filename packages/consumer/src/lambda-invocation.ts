import {
  type Envelope,
  type Handler,
  type Payload,
  type Queue,
  QueueError,
  type SettleOutcome,
  sqsLimits,
} from '@sqskit/core';
import type { Completed } from './completed.ts';
import { createDelivery, type Delivery, type Origin, type Settler } from './delivery.ts';
import { createEngine } from './engine.ts';
import type { ReadRecord } from './lambda-event.ts';
import type { ResolvedLambdaHandlerOptions } from './lambda-options.ts';
import type { Pack, Unfinished } from './pack.ts';
import type { ReportError } from './report.ts';
import { createQueueSettler, type QueueSettler } from './settler.ts';
import { createVisibility } from './visibility.ts';
import { within } from './within.ts';
import { createWork } from './work.ts';

/** A queue that events come from. */
export interface EventSource {
  readonly origin: Origin;
  readonly fifo: boolean;
  /** Where it can be called. */
  readonly queue: Queue | undefined;
}

export interface InvocationOptions<T> {
  readonly records: readonly ReadRecord[];
  readonly handler: Handler<T>;
  readonly settings: ResolvedLambdaHandlerOptions<T>;
  /** On the monotonic clock. */
  readonly endsAt: number;
  readonly sourceOf: (url: string) => EventSource;
  readonly completed: Completed;
  readonly report: ReportError;
}

/**
 * Runs the messages of one event through an engine of its own. Resolves in time for an answer, with the ids of messages
 * that are to come again: all but those that are certainly done. Never rejects.
 */
export async function runInvocation<T>(options: InvocationOptions<T>): Promise<readonly string[]> {
  const { records, handler, settings, endsAt, sourceOf, report } = options;
  const { clock, maxConcurrency, marginMs } = settings;
  const problems = new Map<Payload, QueueError | undefined>(
    records.map(({ message, problem }) => [message, problem]),
  );
  const envelope = readable(settings.envelope, (payload) => problems.get(payload));
  const work = createWork({
    ...settings,
    envelope,
    handler,
    breaker: undefined,
    governor: undefined,
    report,
  });
  const engine = createEngine({
    slots: { max: maxConcurrency },
    slotsPerGroup: maxConcurrency,
    work,
    clock,
    onRoom: () => undefined,
  });
  const settlers = new Map<string, EventSettler>();
  const left = new Set<string>();
  for (const { message, queueUrl } of records) {
    const { messageId, groupId } = message;
    const source = sourceOf(queueUrl);
    const { origin, fifo } = source;
    origin.instruments.count('received');
    if (left.has(messageId)) {
      origin.instruments.count('duplicates'); // once in an event is enough: both are answered for by one id
      continue;
    }
    left.add(messageId);
    const settler = settlers.get(queueUrl) ?? new EventSettler({ ...options, source, envelope, left });
    settlers.set(queueUrl, settler);
    const isInLane = fifo && groupId !== undefined;
    const delivery = createDelivery(message, origin, isInLane ? { lane: `${queueUrl} ${groupId}` } : {});
    settler.hold(delivery);
    engine.process([delivery], settler);
  }
  const remainingMs = (): number => Math.max(0, endsAt - clock.monotonic());
  if (!(await within(clock, Math.max(0, remainingMs() - marginMs), engine.idle()))) {
    const reason = new QueueError('stopped', 'the invocation is about to end', { what: 'invocation' });
    const graceMs = Math.min(marginMs, remainingMs()) / 2;
    engine.drain();
    engine.tellToEnd(reason);
    await within(clock, graceMs, engine.idle());
    engine.giveUp(reason);
    await within(clock, graceMs / 2, engine.idle());
  }
  for (const settler of settlers.values()) {
    settler.close();
  }
  work.close();
  await within(clock, 0, engine.idle()); // what was given up just now is counted
  return [...left];
}

interface EventSettlerOptions extends Pick<InvocationOptions<never>, 'completed' | 'report'> {
  readonly settings: Omit<ResolvedLambdaHandlerOptions<unknown>, 'codec' | 'failurePolicy'>;
  readonly source: EventSource;
  readonly envelope: Envelope;
  /** Ids of messages that are not done. */
  readonly left: Set<string>;
}

/**
 * Settles as the poll loop does, but for deletes: those are Lambda's, of what the answer does not name. There is no lease to
 * keep either: the queue's visibility timeout is longer than an invocation may last.
 */
class EventSettler implements Settler {
  readonly #settler: QueueSettler;
  readonly #completed: Completed;
  readonly #left: Set<string>;
  readonly #receivedAt: number;

  constructor(options: EventSettlerOptions) {
    const { source, settings, completed, left, report } = options;
    const { queueUrl, instruments } = source.origin;
    const { clock } = settings;
    this.#completed = completed;
    this.#left = left;
    this.#receivedAt = clock.monotonic();
    this.#settler = createQueueSettler({
      ...settings,
      envelope: options.envelope,
      queue: answeredQueue(queueUrl, source.queue),
      mayDivide: source.queue !== undefined,
      visibility: createVisibility({ visibilityTimeoutMs, adaptiveVisibility: undefined, clock }),
      settleLingerMs: 0,
      instruments,
      report,
      onLeaseLost: () => undefined,
    });
  }

  hold(delivery: Delivery): void {
    this.#settler.leases.hold(delivery, { receivedAt: this.#receivedAt, visibilityTimeoutMs });
  }

  giveBack(delivery: Delivery): Promise<void> {
    return this.#settler.giveBack(delivery);
  }

  discard(delivery: Delivery): Promise<boolean> {
    return this.#settler.discard(delivery);
  }

  conclude(delivery: Delivery, pack: Pack): Promise<boolean> {
    const isKnown = this.#completed.find(delivery.message.messageId) === 'deleted';
    return isKnown ? this.discard(delivery) : this.#settler.conclude(delivery, pack);
  }

  deadLetter(delivery: Delivery, pack: Pack, unfinished: Unfinished): Promise<boolean> {
    return this.#settler.deadLetter(delivery, pack, unfinished);
  }

  over({ message: { messageId }, pack }: Delivery, gone: boolean): void {
    if (gone) {
      this.#left.delete(messageId);
      this.#completed.add(messageId, 'deleted'); // Lambda may not come to delete it
    } else if (pack?.isBegun === true) {
      this.#completed.add(messageId, pack.progress());
    }
  }

  close(): void {
    this.#settler.close();
  }
}

/** Never renewed: as long as SQS lets a message be held at all. */
const visibilityTimeoutMs = sqsLimits.maxVisibilityTimeoutMs;

/** The queue as an invocation has it: what it deletes is left out of the answer; the rest is done where that can be called. */
function answeredQueue(url: string, queue: Queue | undefined): Queue {
  const none = (): Promise<never> => Promise.reject(new TypeError('an invocation has no such call'));
  const settled = (entries: readonly unknown[]): readonly SettleOutcome[] =>
    entries.map(() => ({ ok: true }));
  return {
    url,
    deleteBatch: async (handles) => settled(handles),
    changeVisibilityBatch: async (changes, options) =>
      queue === undefined ? settled(changes) : queue.changeVisibilityBatch(changes, options),
    sendBatch: (entries, options) => (queue === undefined ? none() : queue.sendBatch(entries, options)),
    receive: none,
    describe: none,
    depth: none,
  };
}

/**
 * The envelope, but for messages with a problem. What a message points to is not removed either: that is for when it is
 * deleted, which Lambda does later, or not.
 */
function readable(envelope: Envelope, problemOf: (payload: Payload) => QueueError | undefined): Envelope {
  return {
    maxItems: envelope.maxItems,
    seal: (items, maxBytes) => envelope.seal(items, maxBytes),
    async open(payload) {
      const error = problemOf(payload);
      return { items: error === undefined ? (await envelope.open(payload)).items : [{ error }] };
    },
  };
}
