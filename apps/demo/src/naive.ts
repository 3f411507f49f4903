import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Desk, Round } from './round.ts';
import type { OpenWay } from './way.ts';

/**
 * The naive way, as one writes it first: a loop that sends one message per call, and a loop that receives, processes
 * and deletes one at a time, with the AWS SDK's own defaults.
 */
export const openNaive: OpenWay = async ({ places: [{ clientConfig, queue }], desk, meter }) => {
  const QueueUrl = queue.url;
  const client = meter.watch(new SQSClient(clientConfig));
  let isClosing = false;
  let inHand = 0;

  async function receiveOneByOne(): Promise<void> {
    while (!isClosing) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1, WaitTimeSeconds: 1 }),
      );
      inHand = Messages.length;
      for (const { MessageId = '', Body = '', ReceiptHandle } of Messages) {
        if (processed(desk, MessageId, Body)) {
          await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        }
      }
      inHand = 0;
    }
  }
  const receiving = receiveOneByOne();

  return {
    send: (round, stop) => sendOneByOne(client, QueueUrl, round, stop),
    isSettled: () => inHand === 0,
    broken: receiving,
    async close() {
      isClosing = true;
      await receiving.catch(() => undefined); // told by `broken`
      client.destroy();
      return undefined;
    },
  };
};

async function sendOneByOne(
  client: SQSClient,
  QueueUrl: string,
  round: Round,
  stop: AbortSignal,
): Promise<void> {
  for (const { seq, body, groupId, deduplicationId } of round.outgoing(stop)) {
    try {
      await client.send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: body,
          MessageGroupId: groupId,
          MessageDeduplicationId: deduplicationId,
        }),
      );
    } catch (error) {
      round.sendFailed(seq, error);
    }
  }
}

/** A message that failed is left in the queue: it comes again when its visibility timeout is over. */
function processed(desk: Desk, messageId: string, body: string): boolean {
  try {
    return desk.receive(messageId, body);
  } catch {
    return false;
  }
}
