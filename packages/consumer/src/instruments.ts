import type { Gauge, Recorder } from '@sqskit/core';
import { callGuarded } from '@sqskit/core/callbacks';
import type { Clock } from '@sqskit/core/clock';

/** What the consumer counts. All totals since it was made. */
export interface Totals {
  /** SQS messages received, each time counted. */
  received: number;
  /** Of these, messages that were in hand already. */
  duplicates: number;
  /** Of these, packs: SQS messages that were opened, and held several messages. */
  packs: number;
  /** Messages in those packs. */
  unpacked: number;
  /** Done: their SQS message was deleted after their handler had returned. */
  acked: number;
  /** To come again after a back-off: made invisible for it, or sent again alone. */
  retried: number;
  /** Made visible at once or, of a pack, sent again: unstarted, or on a verdict. A pack that was not opened counts as one. */
  released: number;
  /** Sent to the dead-letter queue and deleted. */
  deadLettered: number;
  /** Handlers that ran for longer than `handlerTimeoutMs`. */
  handlerTimeouts: number;
  /** How often the breaker opened on a run of this queue's. */
  breakerOpenings: number;
  /** Leases that were renewed, each time counted: ten to a call. */
  renewals: number;
  /** SQS messages whose lease ended while they waited or ran. */
  leasesLost: number;
  /** Messages of which SQS did not confirm that they were settled: they come again. */
  unsettled: number;
  emptyReceives: number;
  failedReceives: number;
  receiveCalls: number;
  deleteCalls: number;
  changeVisibilityCalls: number;
  /** To the dead-letter queue, and to the queue itself with messages of packs that are sent again. */
  sendCalls: number;
}

function createTotals(): Totals {
  return {
    received: 0,
    duplicates: 0,
    packs: 0,
    unpacked: 0,
    acked: 0,
    retried: 0,
    released: 0,
    deadLettered: 0,
    handlerTimeouts: 0,
    breakerOpenings: 0,
    renewals: 0,
    leasesLost: 0,
    unsettled: 0,
    emptyReceives: 0,
    failedReceives: 0,
    receiveCalls: 0,
    deleteCalls: 0,
    changeVisibilityCalls: 0,
    sendCalls: 0,
  };
}

export function sumOfTotals(all: readonly Readonly<Totals>[]): Totals {
  const sum = createTotals();
  for (const totals of all) {
    for (const what of Object.keys(sum) as (keyof Totals)[]) {
      sum[what] += totals[what];
    }
  }
  return sum;
}

/** API calls for each message that was settled; `undefined` before the first. */
export function callsPerMessage(totals: Readonly<Totals>): number | undefined {
  const { receiveCalls, deleteCalls, changeVisibilityCalls, sendCalls } = totals;
  const { acked, retried, released, deadLettered } = totals;
  const settled = acked + retried + released + deadLettered;
  return settled === 0
    ? undefined
    : (receiveCalls + deleteCalls + changeVisibilityCalls + sendCalls) / settled;
}

const ignore = (): void => undefined;

/** The consumer's totals, and the instruments of its recorder: what they throw goes no further. */
export interface Instruments {
  readonly totals: Readonly<Totals>;
  count(what: keyof Totals, by?: number): void;
  /** Returns what to call when the handler has ended; `undefined` where nothing records. */
  handlerStarted(sentAtMs: number | undefined): (() => void) | undefined;
  /** An SQS message, received then, is opened now. */
  opened(receivedAt: number, now: number): void;
  /** So many handlers may run now. */
  slots(max: number): void;
  /** How long what waits in the queue is expected to take; `undefined` where nobody knows. */
  drain(ms: number | undefined): void;
  /** An SQS message is being settled. Returns what to call when it is; `undefined` where nothing records. */
  settling(): (() => void) | undefined;
}

/** The instruments' names: totals that are worth a metric of their own. */
const metricNames: Partial<Record<keyof Totals, string>> = {
  received: 'MessagesReceived',
  duplicates: 'DuplicateReceives',
  packs: 'PacksOpened',
  unpacked: 'MessagesUnpacked',
  acked: 'MessagesAcked',
  retried: 'MessagesRetried',
  released: 'MessagesReleased',
  deadLettered: 'MessagesDeadLettered',
  handlerTimeouts: 'HandlerTimeouts',
  breakerOpenings: 'BreakerOpenings',
  renewals: 'LeaseRenewals',
  leasesLost: 'LeasesLost',
  unsettled: 'MessagesUnsettled',
  emptyReceives: 'EmptyReceives',
  failedReceives: 'FailedReceives',
  receiveCalls: 'ReceiveCalls',
  deleteCalls: 'DeleteCalls',
  changeVisibilityCalls: 'ChangeVisibilityCalls',
  sendCalls: 'SendCalls',
};

export function createInstruments(recorder: Recorder, queueName: string, clock: Clock): Instruments {
  const totals = createTotals();
  if (!recorder.enabled) {
    return {
      totals,
      count(what, by = 1) {
        totals[what] += by;
      },
      handlerStarted: () => undefined,
      opened: ignore,
      slots: ignore,
      drain: ignore,
      settling: () => undefined,
    };
  }
  const dimensions = { QueueName: queueName };
  const counters = new Map(
    Object.entries(metricNames).map(([what, name]) => [what, recorder.counter(name, dimensions)]),
  );
  const handlers = recorder.gauge('RunningHandlers', 'Count', dimensions);
  const processingTime = recorder.histogram('ProcessingTime', 'Milliseconds', dimensions);
  const queueTime = recorder.histogram('QueueTime', 'Milliseconds', dimensions);
  const localWaitTime = recorder.histogram('LocalWaitTime', 'Milliseconds', dimensions);
  const settleTime = recorder.histogram('SettleTime', 'Milliseconds', dimensions);
  let slots: Gauge | undefined; // there is none to be seen where slots do not adapt
  let running = 0;
  return {
    totals,
    count(what, by = 1) {
      if (by === 0) {
        return;
      }
      totals[what] += by;
      callGuarded(() => counters.get(what)?.add(by), ignore);
    },
    handlerStarted(sentAtMs) {
      const startedAt = clock.monotonic();
      running++;
      callGuarded(() => handlers.set(running), ignore);
      if (sentAtMs !== undefined) {
        callGuarded(() => queueTime.record(Math.max(0, clock.now() - sentAtMs)), ignore);
      }
      return () => {
        running--;
        callGuarded(() => handlers.set(running), ignore);
        callGuarded(() => processingTime.record(clock.monotonic() - startedAt), ignore);
      };
    },
    opened(receivedAt, now) {
      callGuarded(() => localWaitTime.record(Math.max(0, now - receivedAt)), ignore);
    },
    slots(max) {
      callGuarded(() => {
        slots ??= recorder.gauge('HandlerSlots', 'Count', dimensions);
        slots.set(max);
      }, ignore);
    },
    drain(ms) {
      if (ms !== undefined) {
        callGuarded(() => recorder.gauge('EstimatedDrainTime', 'Milliseconds', dimensions).set(ms), ignore);
      }
    },
    settling() {
      const startedAt = clock.monotonic();
      return () => callGuarded(() => settleTime.record(clock.monotonic() - startedAt), ignore);
    },
  };
}
