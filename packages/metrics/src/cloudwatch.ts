import { PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { Logger } from '@sqskit/core';
import { guardedLogger } from '@sqskit/core/callbacks';
import { loggerRule, type OptionRules, resolveOptions } from '@sqskit/core/options';
import { type MetricDatum, packRequests, toMetricData } from './cloudwatch-data.ts';
import type { Sink } from './snapshot.ts';

/** What is needed of a CloudWatch client. `CloudWatchClient` of every SDK version in the peer range has it. */
export interface CloudWatchLike {
  send(command: never): Promise<unknown>;
}

export interface CloudWatchSinkOptions {
  /** A point a second instead of a point a minute; billed as high resolution. Default: false. */
  readonly highResolution?: boolean | undefined;
  /** Data kept while CloudWatch cannot be reached; beyond it the oldest is dropped and counted. Default: 10,000. */
  readonly maxBufferedData?: number | undefined;
  /** Told of dropped data. Default: silent. */
  readonly logger?: Logger | undefined;
}

export const cloudWatchSinkRules: OptionRules<CloudWatchSinkOptions> = {
  highResolution: {
    kind: 'boolean',
    default: false,
    doc: 'A point a second instead of a point a minute; billed as high resolution.',
  },
  maxBufferedData: {
    kind: 'number',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    doc: 'Data kept while CloudWatch cannot be reached; beyond it the oldest is dropped, counted and warned of.',
  },
  logger: loggerRule('Told of dropped data.'),
};

export interface CloudWatchSink extends Sink {
  /** Data that CloudWatch never got, because it refused it or could not be reached for too long. */
  readonly dropped: number;
}

/**
 * Publishes snapshots with PutMetricData, in as few requests as its limits allow. Retries within a call are the
 * client's; what still fails is kept and goes out with the next snapshot, oldest first.
 *
 * Needs the permission `cloudwatch:PutMetricData`.
 */
export function createCloudWatchSink(
  client: CloudWatchLike,
  options?: CloudWatchSinkOptions,
): CloudWatchSink {
  const settings = resolveOptions('createCloudWatchSink', cloudWatchSinkRules, options);
  const { highResolution, maxBufferedData } = settings;
  const logger = guardedLogger(settings.logger);
  let waiting: WaitingDatum[] = [];
  let dropped = 0;

  const drop = (count: number, reason: string, error: unknown): void => {
    dropped += count;
    logger.warn(`metrics: ${reason}`, { data: count, error });
  };

  /** One request. Throws if it is worth sending again. */
  const send = async (Namespace: string, MetricData: MetricDatum[]): Promise<void> => {
    try {
      // The client's own type of `send` differs between SDK versions; `never` accepts them all.
      await client.send(new PutMetricDataCommand({ Namespace, MetricData }) as never);
    } catch (error) {
      if (!isRefusal(error)) {
        throw error;
      }
      drop(MetricData.length, 'CloudWatch refused metric data', error);
    }
  };

  const publish = async (): Promise<void> => {
    const gone = new Set<MetricDatum>();
    try {
      for (const [namespace, data] of byNamespace(waiting)) {
        for (const request of packRequests(data)) {
          await send(namespace, request);
          for (const datum of request) {
            gone.add(datum);
          }
        }
      }
    } finally {
      waiting = waiting.filter(({ datum }) => !gone.has(datum));
    }
  };

  return {
    get dropped() {
      return dropped;
    },
    async write(snapshot) {
      for (const datum of toMetricData(snapshot, highResolution ? 1 : 60)) {
        waiting.push({ namespace: snapshot.namespace, datum });
      }
      try {
        await publish();
      } finally {
        const excess = waiting.length - maxBufferedData;
        if (excess > 0) {
          waiting = waiting.slice(excess);
          drop(
            excess,
            'CloudWatch could not be reached for too long; the oldest data was dropped',
            undefined,
          );
        }
      }
    },
    close: publish,
  };
}

interface WaitingDatum {
  readonly namespace: string;
  readonly datum: MetricDatum;
}

function byNamespace(waiting: readonly WaitingDatum[]): Map<string, MetricDatum[]> {
  const groups = new Map<string, MetricDatum[]>();
  for (const { namespace, datum } of waiting) {
    const group = groups.get(namespace);
    if (group === undefined) {
      groups.set(namespace, [datum]);
    } else {
      group.push(datum);
    }
  }
  return groups;
}

/** Whether the same request would be refused again: a 4xx that is neither a throttle nor about credentials. */
function isRefusal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) {
    return false;
  }
  const { name } = error as { readonly name?: unknown };
  return (
    typeof name === 'string' &&
    /^(InvalidParameter|MissingRequiredParameter|InvalidFormat|Validation)/.test(name)
  );
}
