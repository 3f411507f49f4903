import { attributesOf, type HostedQueue, pickAttributes } from './hosted-queue.ts';
import {
  changeMessageVisibility,
  changeMessageVisibilityBatch,
  deleteMessage,
  deleteMessageBatch,
  receiveMessage,
  sendMessage,
  sendMessageBatch,
} from './message-actions.ts';
import type { QueueDirectory } from './queue-directory.ts';
import { refusal } from './wire-error.ts';
import type { WireInput } from './wire-input.ts';

/**
 * Carries out an action of SQS, by its name. Gives its output; throws or rejects with the `QueueError` that it is
 * answered with. `signal` gives one that aborts when nobody waits for the answer any more.
 */
export function carryOut(
  input: WireInput,
  queues: QueueDirectory,
  signal: () => AbortSignal,
): object | Promise<object> {
  const { operation } = input;
  const target = (): HostedQueue => queues.at(operation, input.text('QueueUrl'));
  switch (operation) {
    case 'SendMessage':
      return sendMessage(input, target().queue);
    case 'SendMessageBatch':
      return sendMessageBatch(input, target().queue);
    case 'ReceiveMessage':
      return receiveMessage(input, target(), signal());
    case 'DeleteMessage':
      return deleteMessage(input, target().queue);
    case 'DeleteMessageBatch':
      return deleteMessageBatch(input, target().queue);
    case 'ChangeMessageVisibility':
      return changeMessageVisibility(input, target().queue);
    case 'ChangeMessageVisibilityBatch':
      return changeMessageVisibilityBatch(input, target().queue);
    case 'CreateQueue':
      return { QueueUrl: queues.create(input.text('QueueName'), input.textMap('Attributes')).url };
    case 'GetQueueUrl':
      return { QueueUrl: queues.named(operation, input.text('QueueName')).queue.url };
    case 'GetQueueAttributes':
      return getQueueAttributes(input, target());
    case 'ListQueues':
      return listQueues(input, queues);
    case 'PurgeQueue':
      target().queue.purge();
      return {};
    case 'DeleteQueue':
      queues.remove(target());
      return {};
    default:
      throw refusal(operation, 'UnknownOperationException', `There is no ${operation} here.`);
  }
}

async function getQueueAttributes(input: WireInput, hosted: HostedQueue): Promise<object> {
  const { queue } = hosted;
  const names = input.texts('AttributeNames');
  const isDepth = names.length > 0 && names.every((name) => name.startsWith('ApproximateNumberOf'));
  await (isDepth ? queue.depth() : queue.describe()); // for the books, and for what may befall the call
  const Attributes = pickAttributes(attributesOf(hosted), names);
  return names.length === 0 ? {} : { Attributes };
}

function listQueues(input: WireInput, queues: QueueDirectory): object {
  const prefix = input.optionalText('QueueNamePrefix') ?? '';
  const max = input.optionalNumber('MaxResults');
  const from = Number(input.optionalText('NextToken') ?? 0);
  const to = from + (max ?? 1_000);
  const found = queues.list().filter(({ name }) => name.startsWith(prefix));
  return {
    QueueUrls: found.slice(from, to).map(({ queue }) => queue.url),
    ...(max !== undefined && to < found.length && { NextToken: String(to) }),
  };
}
