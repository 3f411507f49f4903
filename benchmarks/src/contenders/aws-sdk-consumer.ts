import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { ConsumingSetup } from './consuming.ts';
import { assertNoneFailed, clientSettings } from './contender.ts';

/** Loops, each of which receives ten messages, handles them together, and deletes them in one call. */
export function openLoops(
  { target: { endpoint, queueUrl: QueueUrl }, handle }: ConsumingSetup,
  loops: number,
): AsyncDisposable {
  const client = new SQSClient({ ...clientSettings, endpoint });
  let isStopped = false;
  const handled = async ({ Body = '' }: Message): Promise<void> => handle(JSON.parse(Body));
  const loop = async (): Promise<void> => {
    while (!isStopped) {
      const receive = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 };
      const { Messages = [] } = await client.send(new ReceiveMessageCommand(receive));
      if (Messages.length > 0) {
        await Promise.all(Messages.map(handled));
        const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
        const { Failed } = await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
        assertNoneFailed(Failed);
      }
    }
  };
  const ended = Promise.all(Array.from({ length: loops }, loop));
  return {
    async [Symbol.asyncDispose]() {
      isStopped = true;
      await ended;
      client.destroy();
    },
  };
}
