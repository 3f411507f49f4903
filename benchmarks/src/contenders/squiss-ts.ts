import { Squiss } from 'squiss-ts';
import type { Target } from '../server/start-load-server.ts';
import { assertNoneFailed, clientSettings, type Sending, slices } from './contender.ts';

const arrayLength = 1_000;

export async function openSquiss({ endpoint, queueUrl }: Target): Promise<Sending> {
  const squiss = new Squiss({ awsConfig: { ...clientSettings, endpoint }, queueUrl });
  return {
    async send(bodies) {
      for (const slice of slices(bodies, arrayLength)) {
        const { Failed } = await squiss.sendMessages([...slice]);
        assertNoneFailed(Failed);
      }
    },
    [Symbol.asyncDispose]: async () => squiss.sqs.destroy(),
  };
}
