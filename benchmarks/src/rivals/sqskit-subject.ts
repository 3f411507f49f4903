import { createConsumer } from '@sqskit/consumer';
import { retry } from '@sqskit/core';
import { overSdk } from '../contenders/sdk-connection.ts';
import type { Target } from '../server/start-load-server.ts';
import type { Handle, Settings, Subject } from './library.ts';

export function openSqskit(target: Target, handle: Handle, settings: Settings): Subject {
  const { slots, waitS, leaseS, handlerTimeoutMs, retryDelayS } = settings;
  const consumer = createConsumer<unknown>(overSdk(target).queue, ({ id, body }) => handle({ id, body }), {
    maxConcurrency: slots,
    waitTimeMs: waitS && waitS * 1_000,
    visibilityTimeoutMs: leaseS && leaseS * 1_000,
    handlerTimeoutMs,
    failurePolicy: retryDelayS === undefined ? undefined : () => retry({ delayMs: retryDelayS * 1_000 }),
  });
  const stop = async (): Promise<void> => {
    await consumer.stop();
  };
  return { start: () => consumer.start(), stop, stopSoon: stop };
}
