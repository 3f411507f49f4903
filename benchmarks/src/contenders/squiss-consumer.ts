import { Squiss } from 'squiss-ts';
import type { ConsumingSetup } from './consuming.ts';
import { clientSettings } from './contender.ts';

export async function openSquissConsumer({
  target: { endpoint, queueUrl },
  handle,
  slots,
}: ConsumingSetup): Promise<AsyncDisposable> {
  const squiss = new Squiss({
    awsConfig: { ...clientSettings, endpoint },
    queueUrl,
    bodyFormat: 'json',
    maxInFlight: slots,
  });
  squiss.on('message', (message) => {
    void handle(message.body).then(() => message.del());
  });
  await squiss.start();
  return {
    async [Symbol.asyncDispose]() {
      await squiss.stop();
      squiss.sqs.destroy();
    },
  };
}
