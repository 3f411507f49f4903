import {
  type Accumulator,
  type AccumulatorEntry,
  type AccumulatorOptions,
  createAccumulator,
} from '../src/accumulator.ts';
import { systemClock } from '../src/clock.ts';
import type { Failure } from '../src/queue.ts';
import { QueueError } from '../src/queue-error.ts';

export interface Thing extends AccumulatorEntry {
  readonly name: string;
}

export interface Done {
  readonly ok: true;
  readonly by: string;
}

export type Outcome = Done | Failure;

/** A batch call that the test answers when it likes. */
export interface Call {
  readonly things: readonly Thing[];
  readonly names: readonly string[];
  /** On the monotonic clock. */
  readonly atMs: number;
  readonly signal: AbortSignal;
  /** When it began. */
  readonly pausedLanes: readonly string[];
  isOver: boolean;
  /** `undefined` until it is answered, and where it was rejected. */
  answer: readonly Outcome[] | undefined;
  resolve(outcomes: readonly Outcome[]): void;
  reject(reason: unknown): void;
  /** Every entry succeeds. */
  succeed(): void;
}

interface Settlement {
  readonly name: string;
  readonly outcome: Outcome;
  readonly attempts: number;
}

export interface Harness {
  readonly accumulator: Accumulator<Thing>;
  /** In the order in which they began. */
  readonly calls: readonly Call[];
  readonly settlements: readonly Settlement[];
  /** The one settlement of this thing; `undefined` while it is unsettled. Throws if there are several. */
  settlementOf(name: string): Settlement | undefined;
}

export const done: Done = { ok: true, by: 'the call' };

export function failure(
  code: 'service-error' | 'throttled' | 'batch-too-large' | 'access-denied',
  options: {
    readonly retryable?: boolean;
    readonly outcome?: 'rejected' | 'unknown';
    readonly throttled?: boolean;
  } = {},
): Failure {
  const details = { operation: 'test', awsCode: code, httpStatus: undefined, requestId: undefined };
  return { ok: false, error: new QueueError(code, `a ${code}`, details, options) };
}

export const retryableFailure: Failure = failure('service-error', { retryable: true });
export const finalFailure: Failure = failure('access-denied');

const defaults = {
  clock: systemClock,
  maxEntries: 10,
  maxBytes: 1_000,
  lingerMs: 50,
  lingerWhenIdle: false,
  maxInFlight: 2,
  backoff: () => 100,
  callTimeoutMs: 30_000,
};

export interface HarnessOptions extends Partial<AccumulatorOptions<Thing, Done>> {
  /** Whether a lane pauses when one of its things has failed, other than by being cancelled. */
  readonly pauseFailedLanes?: boolean;
}

export function harness(options: HarnessOptions = {}): Harness {
  const { pauseFailedLanes = false, ...overrides } = options;
  const calls: Call[] = [];
  const settlements: Settlement[] = [];
  const accumulator = createAccumulator<Thing, Done>({
    ...defaults,
    call: (things, signal) =>
      new Promise((resolve, reject) => {
        const call: Call = {
          things,
          names: things.map(({ name }) => name),
          atMs: systemClock.monotonic(),
          signal,
          pausedLanes: accumulator.pausedLanes(),
          isOver: false,
          answer: undefined,
          resolve: (outcomes) => {
            call.isOver = true;
            call.answer = outcomes;
            resolve(outcomes);
          },
          reject: (reason) => {
            call.isOver = true;
            reject(reason);
          },
          succeed: () => call.resolve(things.map(() => done)),
        };
        calls.push(call);
        signal.addEventListener('abort', () => {
          call.isOver = true;
        });
      }),
    onSettled({ name, lane }, outcome, attempts) {
      settlements.push({ name, outcome, attempts });
      if (pauseFailedLanes && lane !== undefined && !outcome.ok && outcome.error.code !== 'aborted') {
        accumulator.pauseLane(lane);
      }
    },
    ...overrides,
  });
  return {
    accumulator,
    calls,
    settlements,
    settlementOf: (name) => {
      const own = settlements.filter((settlement) => settlement.name === name);
      if (own.length > 1) {
        throw new Error(`${name} was settled ${own.length} times`);
      }
      return own[0];
    },
  };
}

export interface ThingOptions {
  readonly bytes?: number;
  readonly lane?: string | undefined;
  readonly flow?: string | undefined;
  readonly deadlineMs?: number;
}

export function thing(name: string, options: ThingOptions = {}): Thing {
  const { bytes = 1, lane, flow, deadlineMs = 60_000 } = options;
  return { name, bytes, lane, flow, deadlineAt: systemClock.monotonic() + deadlineMs };
}
