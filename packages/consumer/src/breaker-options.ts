import { type OptionRules, type Resolved, resolveOptions } from '@sqskit/core/options';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** A breaker that went from one state to another. */
export interface BreakerChange {
  readonly from: BreakerState;
  readonly to: BreakerState;
  /** Of the last runs, how many there were and how many had failed, when it opened from `closed`. */
  readonly runs: number;
  readonly failures: number;
  /** How long it stays open. 0 unless `to` is `open`. */
  readonly openMs: number;
}

export interface BreakerOptions {
  /** Opens when so large a share of the last runs has failed. Default: 0.5. */
  readonly failureRate?: number | undefined;
  /** Of how many runs the share is taken: so many at most fail before it opens. Default: the last 20. */
  readonly windowRuns?: number | undefined;
  /** Runs that ended longer ago say nothing any more. Default: 60,000 ms. */
  readonly windowMs?: number | undefined;
  /** With fewer runs there is no share to go by. At most `windowRuns`. Default: 10, or `windowRuns` if that is less. */
  readonly minRuns?: number | undefined;
  /**
   * How long it is open the first time; doubled each time a probe fails. The upper half is random. At most `maxOpenMs`.
   * Default: 5,000 ms, or `maxOpenMs` if that is less.
   */
  readonly openMs?: number | undefined;
  /** Most that it is open at a time. Default: 60,000 ms. */
  readonly maxOpenMs?: number | undefined;
  /** Runs in a row that must succeed, one at a time, before it closes. Default: 1. */
  readonly probes?: number | undefined;
  /**
   * Whether an error that a handler threw says that what it needs is down, not that its message is bad. Those that do not
   * count are neither success nor failure. Default: all count; what cannot be decoded never reaches a handler.
   */
  readonly isFailure?: ((error: unknown) => boolean) | undefined;
  /** Told of each change. What it throws is caught. Default: nobody. */
  readonly onChange?: ((change: BreakerChange) => void) | undefined;
}

export type ResolvedBreakerOptions = Resolved<BreakerOptions>;

type Unset = 'minRuns' | 'openMs';

const longestMs = 43_200_000; // twelve hours, the longest lease
const defaultMinRuns = 10;
const defaultOpenMs = 5_000;

export const breakerRules: OptionRules<BreakerOptions, Unset> = {
  failureRate: {
    kind: 'number',
    default: 0.5,
    min: 0.01,
    max: 1,
    fractional: true,
    doc: 'Opens when so large a share of the last runs has failed.',
  },
  windowRuns: {
    kind: 'number',
    default: 20,
    min: 1,
    max: 10_000,
    doc: 'Of how many runs the share is taken, the last ones: so at most about `failureRate` times as many fail before it opens.',
  },
  windowMs: {
    kind: 'number',
    default: 60_000,
    min: 1,
    max: longestMs,
    unit: 'ms',
    doc: 'Runs that ended longer ago say nothing any more.',
  },
  minRuns: {
    kind: 'number',
    min: 1,
    max: 10_000,
    atMost: 'windowRuns',
    shown: '10, or `windowRuns` if that is less',
    doc: 'With fewer runs it does not open.',
  },
  openMs: {
    kind: 'number',
    min: 1,
    max: longestMs,
    atMost: 'maxOpenMs',
    unit: 'ms',
    shown: '5,000 ms, or `maxOpenMs` if that is less',
    doc: 'How long it is open the first time, doubled each time a probe fails. Random in the upper half, so that many consumers do not probe at once.',
  },
  maxOpenMs: {
    kind: 'number',
    default: 60_000,
    min: 1,
    max: longestMs,
    unit: 'ms',
    doc: 'Most that it is open at a time.',
  },
  probes: {
    kind: 'number',
    default: 1,
    min: 1,
    max: 1_000,
    doc: 'Runs in a row that must succeed, one at a time, before it closes.',
  },
  isFailure: {
    kind: 'function',
    default: () => true,
    shown: 'all count',
    doc: '`(error) => boolean`: whether an error that a handler threw says that what it needs is down, not that its message is bad. Those that do not count are neither success nor failure.',
  },
  onChange: {
    kind: 'function',
    default: () => undefined,
    shown: 'nobody',
    doc: '`({ from, to, runs, failures, openMs }) => void`: told of each change of state. What it throws is caught.',
  },
};

/** Throws `option-invalid`. */
export function resolveBreaker(options: BreakerOptions): ResolvedBreakerOptions {
  const resolved = resolveOptions<BreakerOptions, Unset>('breaker', breakerRules, options);
  const { windowRuns, maxOpenMs } = resolved;
  const { minRuns = Math.min(defaultMinRuns, windowRuns), openMs = Math.min(defaultOpenMs, maxOpenMs) } =
    resolved;
  return { ...resolved, minRuns, openMs };
}
