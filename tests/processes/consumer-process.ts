// One consumer in a process of its own. It writes the body of each message that it has handled to a file, where it stays
// whatever becomes of the process, and tells its parent how many that are. It ends when its parent does.
import { appendFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { createPooledClient, createSqsQueue } from '@sqskit/client';
import { createLeanClient, createLeanQueue } from '@sqskit/client/lean';
import { createConsumer, type StopReport } from '@sqskit/consumer';
import { closeOnSignal } from '@sqskit/core';

export interface ConsumerProcessOptions {
  readonly endpoint: string;
  readonly queueUrl: string;
  /** Whether its calls go through the AWS SDK. */
  readonly sdk: boolean;
  readonly visibilityTimeoutMs: number;
  /** Where the bodies go, one a line. */
  readonly handledPath: string;
}

/** What the process tells its parent: it polls, it has handled so many messages, it has stopped. */
export type Told = { readonly handled: number } | { readonly report: StopReport };

const { endpoint, queueUrl, sdk, visibilityTimeoutMs, handledPath }: ConsumerProcessOptions = JSON.parse(
  process.argv[2] ?? '',
);
process.on('disconnect', () => process.exit(1));

const settings = {
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
};
const queue = sdk
  ? createSqsQueue(createPooledClient(settings), queueUrl)
  : createLeanQueue(createLeanClient(settings), queueUrl);

let handled = 0;
const consumer = createConsumer<string>(
  queue,
  async ({ body }) => {
    await setTimeout(10); // what a handler waits for elsewhere
    appendFileSync(handledPath, `${body}\n`);
    handled++;
    void tell({ handled });
  },
  { maxConcurrency: 20, prefetch: 20, waitTimeMs: 1_000, visibilityTimeoutMs },
);
closeOnSignal(async () => tell({ report: await consumer.stop({ timeoutMs: 10_000 }) }));
consumer.start();
void tell({ handled });

/** Resolves when the parent can read it. */
function tell(told: Told): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(told, () => resolve());
  });
}
