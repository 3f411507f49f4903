import {
  type CallOptions,
  type Failure,
  type Layer,
  type Queue,
  type QueueDepth,
  type QueueDescription,
  type ReceivedMessage,
  type ReceiveRequest,
  type SendEntry,
  type SendOutcome,
  type SettleOutcome,
  toQueueError,
  type VisibilityChange,
} from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { createConcurrencyLimit, tellPace } from '@sqskit/core/concurrency';
import { clockRule, type OptionRules, type Resolved, resolveOptions } from '@sqskit/core/options';
import { ConcurrencyGate } from './concurrency-gate.ts';

export interface AdaptiveConcurrencyOptions {
  /** Most calls of one action that are under way at a time. Default: as many as the queue's transport carries, or 50. */
  readonly maxConcurrency?: number | undefined;
  /** Most calls of one action that wait. Default: 1,000. */
  readonly maxWaiting?: number | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
}

type Unset = 'maxConcurrency';

export const adaptiveConcurrencyRules: OptionRules<AdaptiveConcurrencyOptions, Unset> = {
  maxConcurrency: {
    kind: 'number',
    min: 1,
    max: 10_000,
    doc: "Most calls of one action that are under way at a time. Unset: as many as the queue's transport carries, or 50.",
  },
  maxWaiting: {
    kind: 'number',
    default: 1_000,
    min: 0,
    max: 1_000_000,
    doc: 'Most calls of one action that wait for their turn; beyond it a call fails at once with `pool-exhausted`.',
  },
  clock: clockRule('Where time comes from.'),
};

/**
 * A layer for a queue that is used without a producer or consumer, which have this built in: as many calls go at a time
 * as the service takes without throttling. Each queue and each batch action has a number of its own, so one that is
 * throttled leaves the others their pace, and their connections. Long polls and questions pass as they are.
 *
 * Throws `option-invalid`.
 */
export function adaptiveConcurrency(options: AdaptiveConcurrencyOptions = {}): Layer<Queue> {
  const settings = resolveOptions<AdaptiveConcurrencyOptions, Unset>(
    'adaptiveConcurrency',
    adaptiveConcurrencyRules,
    options,
  );
  return (inner) => new AdaptiveQueue(inner, settings);
}

type Outcomes<O> = Promise<readonly (O | Failure)[]>;

class AdaptiveQueue implements Queue {
  readonly url: string;
  readonly #inner: Queue;
  readonly #sends: ConcurrencyGate;
  readonly #deletes: ConcurrencyGate;
  readonly #changes: ConcurrencyGate;

  constructor(inner: Queue, settings: Resolved<AdaptiveConcurrencyOptions, Unset>) {
    const { clock, maxWaiting, maxConcurrency } = settings;
    const { maxConnections = maxConcurrency ?? 50 } = inner;
    const max = Math.min(maxConcurrency ?? maxConnections, maxConnections);
    const gate = (): ConcurrencyGate =>
      new ConcurrencyGate(createConcurrencyLimit({ clock, max }), maxWaiting);
    this.url = inner.url;
    this.#inner = inner;
    this.#sends = gate();
    this.#deletes = gate();
    this.#changes = gate();
  }

  get maxConnections(): number | undefined {
    return this.#inner.maxConnections;
  }

  sendBatch(entries: readonly SendEntry[], options?: CallOptions): Promise<readonly SendOutcome[]> {
    return paced(this.#sends, entries, options, () => this.#inner.sendBatch(entries, options));
  }

  deleteBatch(handles: readonly string[], options?: CallOptions): Promise<readonly SettleOutcome[]> {
    return paced(this.#deletes, handles, options, () => this.#inner.deleteBatch(handles, options));
  }

  changeVisibilityBatch(
    changes: readonly VisibilityChange[],
    options?: CallOptions,
  ): Promise<readonly SettleOutcome[]> {
    return paced(this.#changes, changes, options, () => this.#inner.changeVisibilityBatch(changes, options));
  }

  receive(request: ReceiveRequest, options?: CallOptions): Promise<readonly ReceivedMessage[]> {
    return this.#inner.receive(request, options);
  }

  describe(options?: CallOptions): Promise<QueueDescription> {
    return this.#inner.describe(options);
  }

  depth(options?: CallOptions): Promise<QueueDepth> {
    return this.#inner.depth(options);
  }
}

async function paced<O extends { readonly ok: true }>(
  gate: ConcurrencyGate,
  entries: readonly unknown[],
  options: CallOptions | undefined,
  call: () => Outcomes<O>,
): Outcomes<O> {
  let place: Awaited<ReturnType<ConcurrencyGate['enter']>>;
  try {
    place = await gate.enter(options?.signal);
  } catch (reason) {
    const error = toQueueError(reason, 'batch call');
    return entries.map(() => ({ ok: false, error }));
  }
  let outcomes: readonly (O | Failure)[] = [];
  try {
    outcomes = await call();
    return outcomes;
  } finally {
    tellPace(place, outcomes);
    gate.next();
  }
}
