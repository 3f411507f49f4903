import { type ConsumerOptions, createConsumer } from '@sqskit/consumer';
import type { Connection } from './connection.ts';
import type { ConsumingSetup } from './consuming.ts';
import type { Body } from './contender.ts';

/** A consumer that closes the connection when it has stopped. */
export function openSqskitConsumer(
  { queue, close }: Connection,
  { handle, slots }: Pick<ConsumingSetup, 'handle' | 'slots'>,
  options?: ConsumerOptions<Body>,
): AsyncDisposable {
  const consumer = createConsumer<Body>(queue, ({ body }) => handle(body), {
    ...options,
    maxConcurrency: slots,
  });
  consumer.start();
  return {
    async [Symbol.asyncDispose]() {
      await consumer.stop();
      await close();
    },
  };
}
