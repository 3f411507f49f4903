import { QueueError } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { clockRule, type OptionRules, type Resolved, resolveOptions } from '@sqskit/core/options';

export interface PooledHandlerOptions {
  /** Most connections to one origin, kept alive between requests. Default: 50, as the SDK's own handler. */
  readonly maxConnections?: number | undefined;
  /** Most of those connections that long polls may hold. Default: four fifths, so that sends and deletes never starve. */
  readonly maxLongPolls?: number | undefined;
  /** Most requests that wait for a connection, for each origin; as many long polls again. Default: 1,000. */
  readonly maxWaiting?: number | undefined;
  /** Milliseconds for DNS, TCP and TLS together. Default: 5,000, which survives two lost SYN packets (1 s and 3 s). */
  readonly connectTimeoutMs?: number | undefined;
  /** Milliseconds for a whole request, the wait for a connection included; a long poll's wait comes on top. Default: 10,000. */
  readonly requestTimeoutMs?: number | undefined;
  /** Milliseconds an idle connection is kept. Default: 20,000, below what load balancers and NAT gateways allow. */
  readonly keepAliveMs?: number | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
}

const longestTimerMs = 2_147_483_647;

export const pooledHandlerRules: OptionRules<PooledHandlerOptions, 'maxLongPolls'> = {
  maxConnections: {
    kind: 'number',
    default: 50,
    min: 2,
    max: 10_000,
    doc: 'Most connections to one origin, kept alive between requests.',
  },
  maxLongPolls: {
    kind: 'number',
    min: 1,
    max: 9_999,
    doc: 'Most of those connections that long polls may hold; fewer than all, so that sends and deletes never starve. Unset: four fifths.',
  },
  maxWaiting: {
    kind: 'number',
    default: 1_000,
    min: 0,
    max: 1_000_000,
    doc: 'Most requests that wait for a connection to one origin, and as many long polls again; beyond it a request fails at once with `pool-exhausted`.',
  },
  connectTimeoutMs: {
    kind: 'number',
    default: 5_000,
    min: 1,
    max: longestTimerMs,
    unit: 'ms',
    doc: 'For DNS, TCP and TLS together. The default survives two lost SYN packets.',
  },
  requestTimeoutMs: {
    kind: 'number',
    default: 10_000,
    min: 1,
    max: longestTimerMs,
    unit: 'ms',
    doc: 'For a whole request, from the wait for a connection to the last byte of the answer; the wait time of a long poll comes on top. The default leaves time to repeat a delete within the default visibility timeout.',
  },
  keepAliveMs: {
    kind: 'number',
    default: 20_000,
    min: 1,
    max: longestTimerMs,
    unit: 'ms',
    doc: 'How long an idle connection is kept, or less if the server says so. Below what load balancers (60 s) and NAT gateways (350 s) allow.',
  },
  clock: clockRule('Where time comes from.'),
};

/** What a handler is doing now, all origins together. */
export interface PoolStats {
  /** Requests under way, long polls included. */
  readonly active: number;
  /** Long polls under way. */
  readonly longPolls: number;
  /** Requests that wait for a connection. */
  readonly waiting: number;
  /** Open connections, idle ones included. */
  readonly connections: number;
}

/** Options with their defaults. */
export type PoolSettings = Resolved<PooledHandlerOptions, 'maxLongPolls'>;

/** Throws `option-invalid`. */
export function resolvePoolOptions(options: PooledHandlerOptions): PoolSettings {
  const settings = resolveOptions<PooledHandlerOptions, 'maxLongPolls'>(
    'pooledHandler',
    pooledHandlerRules,
    options,
  );
  const { maxConnections, maxLongPolls } = settings;
  if (maxLongPolls !== undefined && maxLongPolls >= maxConnections) {
    const expected = `less than maxConnections (${maxConnections})`;
    throw new QueueError(
      'option-invalid',
      `pooledHandler: expected \`maxLongPolls\` to be ${expected}, received ${maxLongPolls}`,
      { option: 'maxLongPolls', received: maxLongPolls, expected },
    );
  }
  return settings;
}

const handlerOptionNames = Object.keys(pooledHandlerRules) as (keyof PooledHandlerOptions)[];

/** Those of a client's options that are meant for its handler. */
export function handlerOptions(options: PooledHandlerOptions): PooledHandlerOptions {
  return Object.fromEntries(handlerOptionNames.map((name) => [name, options[name]]));
}

/** Throws `option-invalid`: beside a handler that was given, its options have no meaning. */
export function refuseHandlerOptions(owner: string, options: PooledHandlerOptions): void {
  for (const option of handlerOptionNames) {
    const received = options[option];
    if (received !== undefined) {
      const expected = 'given to the pooledHandler itself, since `handler` was given';
      throw new QueueError('option-invalid', `${owner}: expected \`${option}\` to be ${expected}`, {
        option,
        received,
        expected,
      });
    }
  }
}
