import type { Dimensions, Logger } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { clockRule, loggerRule, type OptionRules } from '@sqskit/core/options';

export interface MetricsOptions {
  /** CloudWatch namespace. Default: `Messaging/Performance`, as the guide has it. */
  readonly namespace?: string | undefined;
  /** Dimensions added to every series, such as a service name. Default: none. Each distinct value is a series that costs money. */
  readonly dimensions?: Dimensions | undefined;
  /** Milliseconds between flushes. Default: 60,000, the resolution at which CloudWatch keeps a standard metric. */
  readonly flushIntervalMs?: number | undefined;
  /** Most series kept; instruments beyond it record nothing and are warned of once. Default: 1,000. */
  readonly maxSeries?: number | undefined;
  /** Longest time that `close` waits for the sinks, in milliseconds. Default: 10,000. */
  readonly closeTimeoutMs?: number | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** Told of sinks that fail. Default: silent. */
  readonly logger?: Logger | undefined;
}

export const metricsRules: OptionRules<MetricsOptions> = {
  namespace: {
    kind: 'text',
    default: 'Messaging/Performance',
    maxLength: 255,
    doc: 'CloudWatch namespace of every metric.',
  },
  dimensions: {
    kind: 'object',
    default: {},
    methods: [],
    what: 'an object of texts by name',
    shown: 'none',
    doc: 'Dimensions added to every series, such as a service name. Each distinct value is a series that costs money.',
  },
  flushIntervalMs: {
    kind: 'number',
    default: 60_000,
    min: 100,
    max: 3_600_000,
    unit: 'ms',
    doc: 'Time between flushes; 60 s is the resolution at which CloudWatch keeps a standard metric.',
  },
  maxSeries: {
    kind: 'number',
    default: 1_000,
    min: 1,
    max: 100_000,
    doc: 'Most series kept. Instruments beyond it record nothing, and are warned of once.',
  },
  closeTimeoutMs: {
    kind: 'number',
    default: 10_000,
    min: 0,
    max: 900_000,
    unit: 'ms',
    doc: 'Longest time that `close` waits for the sinks.',
  },
  clock: clockRule('Where time comes from.'),
  logger: loggerRule('Told of sinks that fail and of series that were refused.'),
};
