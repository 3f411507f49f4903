import { createProducer, type Producer } from '@sqskit/batching';
import { createPooledClient, createSqsQueue, type PooledClient } from '@sqskit/client';
import { compressed } from '@sqskit/compression';
import { type Consumer, createConsumer } from '@sqskit/consumer';
import { noopRecorder, plain, type Recorder, type Sender, text } from '@sqskit/core';
import { createRegionalSender } from '@sqskit/routing';
import { consume } from './consume.ts';
import { produce } from './produce.ts';
import { type DemoRegion, locationOf } from './regions.ts';
import { openStageMetrics } from './stage-metrics.ts';
import type { OpenWay } from './way.ts';

/** What the pipeline does beyond batching. Each can be switched off. */
export interface Features {
  readonly compression: boolean;
  readonly routing: boolean;
  readonly metrics: boolean;
}

/** As long as the naive loop waits for messages; short, because to stop is to wait for the polls under way. */
const waitTimeMs = 1_000;
/** An event is a few hundred bytes. */
const compressFromBytes = 512;
/**
 * Enough to fill 16 batches in flight and the next ones. The naive loop hands a message over when it can be sent; what
 * waits in a large buffer would count as handed over long before, and would all be sent after a Ctrl-C.
 */
const maxBufferedMessages = 500;
/** Shorter than usual: someone is watching. */
const deadlineMs = 30_000;
/** Half of it is for the nearest region, before a message goes on to the next. */
const routedDeadlineMs = 6_000;

/** The part of the pipeline that each region has of its own. */
interface Lane {
  readonly region: DemoRegion;
  readonly client: PooledClient;
  readonly producer: Producer<string>;
  readonly consumer: Consumer;
}

/** The sqskit way: pooled connections, a producer that batches, a consumer that leases, runs and settles in batches. */
export function openPipeline(features: Features): OpenWay {
  return async ({ places, isEmulator, desk, meter, concurrency }) => {
    const { region } = places[0].clientConfig;
    const aws = isEmulator ? undefined : { ...(region !== undefined && { region }) };
    const metrics = features.metrics ? await openStageMetrics(aws) : undefined;
    const recorder = metrics?.recorder ?? noopRecorder;
    const envelope = features.compression
      ? compressed({ thresholdBytes: compressFromBytes, recorder })
      : plain();

    const lanes = places.map(({ region, clientConfig, queue: { url } }): Lane => {
      const client = createPooledClient(clientConfig);
      const queue = createSqsQueue(meter.watch(client), url, { recorder });
      const producer = createProducer(queue, {
        codec: text(),
        envelope,
        recorder,
        deadlineMs,
        maxBufferedMessages,
      });
      const handler = consume(desk);
      const maxConcurrency = concurrency;
      const options = { codec: text(), envelope, recorder, maxConcurrency, waitTimeMs };
      return { region, client, producer, consumer: createConsumer(queue, handler, options) };
    });
    const sender = features.routing ? routed(lanes, recorder) : lanes[0]?.producer;
    if (sender === undefined) {
      throw new TypeError('a pipeline needs a queue');
    }
    for (const { consumer } of lanes) {
      consumer.start();
    }

    return {
      send: (round, stop) => produce(sender, round, stop),
      ...(metrics !== undefined && { begin: () => metrics.begin() }),
      isSettled: () =>
        lanes.every(({ consumer }) => {
          const { running, waiting, settling } = consumer.stats();
          return running + waiting + settling === 0;
        }),
      broken: new Promise(() => undefined), // it retries, and reports what fails
      async close() {
        await sender.close();
        await Promise.all(lanes.map(({ consumer }) => consumer.stop()));
        await Promise.all(lanes.map(({ client }) => client.close()));
        return await metrics?.close();
      },
    };
  };
}

/** Each event to the region nearest to where it happened; what a region does not take goes to the next. */
function routed(lanes: readonly Lane[], recorder: Recorder): Sender<string> {
  const senders = Object.fromEntries(lanes.map(({ region, producer }) => [region, producer]));
  return createRegionalSender<string>(senders, {
    locate: ({ body }) => locationOf(body),
    deadlineMs: routedDeadlineMs,
    recorder,
  });
}
