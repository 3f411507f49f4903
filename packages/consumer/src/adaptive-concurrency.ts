import { isQueueError } from '@sqskit/core';
import { callGuarded } from '@sqskit/core/callbacks';
import type { Clock, Timer } from '@sqskit/core/clock';
import { invalidOption, type OptionRules, type Resolved, resolveOptions } from '@sqskit/core/options';
import { type AdaptiveSlots, createAdaptiveSlots, type SlotRun } from './adaptive-slots.ts';
import type { Slots } from './runner.ts';

export interface HandlerConcurrencyOptions {
  /** Fewest handlers that may run at a time. Default: 1. The most is `maxConcurrency`. */
  readonly minConcurrency?: number | undefined;
  /** Where it begins. Not outside `minConcurrency` and `maxConcurrency`. Default: 10, or the nearest to it that is not. */
  readonly initialConcurrency?: number | undefined;
  /** With more delay of the event loop than this, on average over a second, slots are taken away. Default: 50 ms. */
  readonly maxLoopDelayMs?: number | undefined;
  /**
   * Whether an error that a handler threw says that what it called is overloaded. Default: those that say so of themselves:
   * throttled `QueueError`s, and HTTP's 429 and 503 as AWS SDKs and most clients have them.
   */
  readonly isOverload?: ((error: unknown) => boolean) | undefined;
}

type Unset = 'initialConcurrency';

export type ResolvedAdaptiveConcurrency = Resolved<HandlerConcurrencyOptions, Unset>;

const most = 100_000;
const defaultInitial = 10;

export const adaptiveConcurrencyRules: OptionRules<HandlerConcurrencyOptions, Unset> = {
  minConcurrency: {
    kind: 'number',
    default: 1,
    min: 1,
    max: most,
    atMost: 'initialConcurrency',
    doc: 'Fewest handlers that may run at a time. The most is `maxConcurrency`.',
  },
  initialConcurrency: {
    kind: 'number',
    min: 1,
    max: most,
    shown: '10, within the bounds',
    doc: 'Where it begins: from `minConcurrency` to `maxConcurrency`.',
  },
  maxLoopDelayMs: {
    kind: 'number',
    default: 50,
    min: 1,
    max: 60_000,
    unit: 'ms',
    doc: 'With more delay of the event loop than this, on average over a second, slots are taken away.',
  },
  isOverload: {
    kind: 'function',
    default: saysOverloaded,
    shown: 'those that say so',
    doc: '`(error) => boolean`: whether an error that a handler threw says that what it called is overloaded. By default throttled `QueueError`s, and errors with the HTTP status 429 or 503, as AWS SDKs and most clients have it.',
  },
};

/** Throws `option-invalid`. */
export function resolveAdaptiveConcurrency(
  options: HandlerConcurrencyOptions,
  maxConcurrency: number,
): ResolvedAdaptiveConcurrency {
  const resolved = resolveOptions<HandlerConcurrencyOptions, Unset>(
    'adaptiveConcurrency',
    adaptiveConcurrencyRules,
    options,
  );
  for (const name of ['minConcurrency', 'initialConcurrency'] as const) {
    const value = resolved[name];
    if (value !== undefined && value > maxConcurrency) {
      const wanted = `at most \`maxConcurrency\`, which is ${maxConcurrency}`;
      throw invalidOption('adaptiveConcurrency', name, value, wanted);
    }
  }
  return resolved;
}

/** The slots of a run that adapts them, and what it goes by. */
export interface SlotGovernor extends Slots {
  /** Most slots from now on; fewer than the fewest, if so it is said. */
  setMax(max: number): void;
  /** A handler starts. It ends by one of the three. */
  begin(): SlotRun;
  done(run: SlotRun): void;
  failed(run: SlotRun, error: unknown): void;
  /** It ended in a way that says nothing of how long such a handler takes. */
  ended(run: SlotRun): void;
  /** Leaves no timer. */
  close(): void;
}

export interface SlotGovernorOptions extends ResolvedAdaptiveConcurrency {
  readonly maxConcurrency: number;
  readonly clock: Clock;
  /** Told when there are more slots than before while no handler ends. */
  readonly onMore: () => void;
}

export function createSlotGovernor(options: SlotGovernorOptions): SlotGovernor {
  return new WatchingGovernor(options);
}

/** How often the event loop is looked at while handlers run. */
const lookMs = 100;

class WatchingGovernor implements SlotGovernor {
  readonly #options: SlotGovernorOptions;
  readonly #slots: AdaptiveSlots;
  #running = 0;
  #look: Timer | undefined;
  #isClosed = false;

  constructor(options: SlotGovernorOptions) {
    const {
      maxConcurrency: max,
      minConcurrency: min,
      initialConcurrency: initial = defaultInitial,
    } = options;
    this.#options = options;
    this.#slots = createAdaptiveSlots({ ...options, min, max, initial });
  }

  get max(): number {
    return this.#slots.limit;
  }

  setMax(max: number): void {
    this.#slots.setMax(max);
  }

  begin(): SlotRun {
    this.#running++;
    if (this.#look === undefined && !this.#isClosed) {
      this.#lookLater();
    }
    return this.#slots.begin();
  }

  done(run: SlotRun): void {
    this.#end(run, 'done');
  }

  failed(run: SlotRun, error: unknown): void {
    let isOverload = false;
    callGuarded(
      () => {
        isOverload = this.#options.isOverload(error);
      },
      () => undefined,
    );
    this.#end(run, isOverload ? 'overloaded' : 'other');
  }

  ended(run: SlotRun): void {
    this.#end(run, 'other');
  }

  close(): void {
    this.#isClosed = true;
    this.#look?.cancel();
    this.#look = undefined;
  }

  #end(run: SlotRun, how: 'done' | 'overloaded' | 'other'): void {
    this.#running--;
    this.#slots.end(run, how);
  }

  #lookLater(): void {
    const { clock, onMore } = this.#options;
    const dueAt = clock.monotonic() + lookMs;
    const look = (): void => {
      const before = this.max;
      this.#slots.delayed(Math.max(0, clock.monotonic() - dueAt));
      this.#look = undefined;
      if (this.#running > 0) {
        this.#lookLater();
      }
      if (this.max > before) {
        onMore();
      }
    };
    this.#look = clock.setTimer(look, lookMs);
  }
}

function saysOverloaded(error: unknown): boolean {
  if (isQueueError(error)) {
    return error.throttled;
  }
  if (typeof error !== 'object' || error === null) {
    return false;
  }
  const { status, statusCode, $metadata, $retryable } = error as {
    readonly status?: unknown;
    readonly statusCode?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: unknown } | null;
    readonly $retryable?: { readonly throttling?: unknown } | null;
  };
  return (
    [status, statusCode, $metadata?.httpStatusCode].some((code) => code === 429 || code === 503) ||
    $retryable?.throttling === true
  );
}
