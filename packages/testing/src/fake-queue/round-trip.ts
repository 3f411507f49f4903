import { abortedError, type FailureOutcome, QueueError } from '@sqskit/core';
import { type Clock, sleep } from '@sqskit/core/clock';
import { defaultTimeoutMs, type Fault, type FaultKind, type FaultPlan } from '../faults/fault.ts';
import { entryFailureAmong, faultAt, refusalAmong } from './call-faults.ts';
import { type FakeCall, operations } from './fake-call.ts';

export interface RoundTripOptions {
  readonly clock: Clock;
  readonly latencyMs: number;
  readonly faults: FaultPlan | undefined;
  readonly history: boolean;
}

/** What befalls single entries of a call that has arrived. What is answered with yes is counted as having happened. */
export interface EntryFaults {
  failureAt(position: number): QueueError | undefined;
  befalls(kind: 'md5-mismatch' | 'stale-handle' | 'duplicate', position: number): boolean;
}

/** One call: what the queue does with it, and how it can end early. */
interface Trip<R> {
  readonly signal: AbortSignal | undefined;
  /** Called when the request has arrived. */
  readonly carryOut: (faults: EntryFaults) => R | Promise<R>;
  /** What an abort now would leave behind. */
  readonly outcomeOfAbort: () => FailureOutcome;
}

/** Carries calls to the queue and their answers back: latency, faults of whole calls, cancellation, and the books. */
export interface RoundTrips {
  readonly calls: readonly FakeCall[];
  readonly injectedFaults: Readonly<Record<FaultKind, number>>;
  /** Rejects with the `QueueError` of a call that failed as a whole. An aborted call takes effect all the same. */
  make<R>(call: FakeCall, trip: Trip<R>): Promise<R>;
}

export function createRoundTrips({ clock, latencyMs, faults: plan, history }: RoundTripOptions): RoundTrips {
  const calls: FakeCall[] = [];
  const injectedFaults = noFaultsYet();
  const count = (kind: FaultKind): void => {
    injectedFaults[kind]++;
  };

  const respond = async <R>(call: FakeCall, faults: readonly Fault[], trip: Trip<R>): Promise<R> => {
    const refusal = refusalAmong(faults, call.verb);
    if (refusal !== undefined) {
      count(refusal.kind);
      throw refusal.error;
    }
    return trip.carryOut({
      failureAt(position) {
        const failure = entryFailureAmong(faults, call.verb, position);
        if (failure !== undefined) {
          count(failure.kind);
        }
        return failure?.error;
      },
      befalls(kind, position) {
        const isHit = faultAt(faults, kind, position) !== undefined;
        if (isHit) {
          count(kind);
        }
        return isHit;
      },
    });
  };
  const travel = async <R>(call: FakeCall, faults: readonly Fault[], trip: Trip<R>): Promise<R> => {
    const lost = faults.find((fault) => fault.kind === 'lost-request' || fault.kind === 'lost-reply');
    if (lost?.kind !== 'lost-request') {
      await pause(clock, latencyMs / 2);
      // A timer of the machine's is late, by up to a millisecond or two: the way back makes up for it.
      const lateMs = clock.monotonic() - (call.atMs + latencyMs / 2);
      const answer = respond(call, faults, trip);
      await Promise.allSettled([answer]);
      if (lost === undefined) {
        await pause(clock, latencyMs / 2 - lateMs + slowness(faults, count));
        return answer;
      }
    }
    count(lost.kind);
    const { timeoutMs = defaultTimeoutMs } = lost;
    const waitTimeMs = call.verb === 'receive' ? call.given.waitTimeMs : 0;
    await pause(clock, call.atMs + waitTimeMs + timeoutMs - clock.monotonic());
    throw timeoutError(call, timeoutMs);
  };

  return {
    calls,
    injectedFaults,
    async make(call, trip) {
      const { signal, outcomeOfAbort } = trip;
      if (signal?.aborted === true) {
        throw abortedError(signal);
      }
      if (history) {
        calls.push(call);
      }
      const faults = plan?.next({ verb: call.verb, entries: call.entries }) ?? [];
      const journey = travel(call, faults, trip);
      return signal === undefined ? journey : untilAborted(journey, signal, outcomeOfAbort);
    },
  };
}

function noFaultsYet(): Record<FaultKind, number> {
  return {
    throttle: 0,
    unavailable: 0,
    'service-error': 0,
    'batch-too-large': 0,
    'lost-request': 0,
    'lost-reply': 0,
    'slow-reply': 0,
    'entry-failure': 0,
    'entry-rejection': 0,
    'md5-mismatch': 0,
    'stale-handle': 0,
    duplicate: 0,
  };
}

function slowness(faults: readonly Fault[], count: (kind: FaultKind) => void): number {
  let delayMs = 0;
  for (const fault of faults) {
    if (fault.kind === 'slow-reply') {
      count(fault.kind);
      delayMs += fault.delayMs;
    }
  }
  return delayMs;
}

/** Keeps the process alive, as an open connection does. */
async function pause(clock: Clock, delayMs: number): Promise<void> {
  if (delayMs > 0) {
    await sleep(clock, delayMs, { keepAlive: true });
  }
}

function timeoutError(call: FakeCall, timeoutMs: number): QueueError<'timeout'> {
  const operation = operations[call.verb];
  return new QueueError(
    'timeout',
    `${operation} was not answered within ${timeoutMs} ms`,
    { operation, timeoutMs },
    { retryable: true, outcome: 'unknown' },
  );
}

async function untilAborted<R>(
  journey: Promise<R>,
  signal: AbortSignal,
  outcome: () => FailureOutcome,
): Promise<R> {
  let stopListening = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(abortedError(signal, outcome()));
    signal.addEventListener('abort', onAbort, { once: true });
    stopListening = () => signal.removeEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([journey, aborted]);
  } finally {
    stopListening();
  }
}
