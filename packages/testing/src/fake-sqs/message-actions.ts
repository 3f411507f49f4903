import type { SendEntry, SendOutcome, SettleOutcome, VisibilityChange } from '@sqskit/core';
import { type FakeQueue, insideOf } from '../fake-queue/fake-queue.ts';
import type { HostedQueue } from './hosted-queue.ts';
import { batchEntries, batchOutput } from './wire-batch.ts';
import type { WireInput } from './wire-input.ts';
import { digestsOf, sendEntryOf, wantedAttributesOf, wireMessage } from './wire-message.ts';

/**
 * The actions that carry messages. Each gives the output of its action, or rejects with the `QueueError` that the call
 * as a whole is answered with.
 */

export async function sendMessage(input: WireInput, queue: FakeQueue): Promise<object> {
  const entry = sendEntryOf(input);
  const [outcome] = await queue.sendBatch([entry]);
  return sentOutput(entry, outcome) ?? refuse(outcome);
}

export async function sendMessageBatch(input: WireInput, queue: FakeQueue): Promise<object> {
  const entries = batchEntries(input);
  const messages = entries.map((entry) => sendEntryOf(entry.input));
  const outcomes = await queue.sendBatch(messages);
  return batchOutput(entries, outcomes, (outcome, position) => sentOutput(messages[position], outcome));
}

/** What a message that was accepted is answered with; `undefined` for one that was not. */
function sentOutput(entry: SendEntry | undefined, outcome: SendOutcome | undefined): object | undefined {
  if (entry === undefined || outcome === undefined) {
    return undefined;
  }
  if (outcome.ok) {
    const { messageId, sequenceNumber } = outcome;
    return { MessageId: messageId, ...digestsOf(entry), SequenceNumber: sequenceNumber };
  }
  // Accepted, with another MD5 in the answer: a fault of the plan. Nobody gets to see the id.
  return outcome.error.code === 'response-invalid'
    ? { MessageId: '00000000-0000-4000-8000-000000000000', MD5OfMessageBody: '0'.repeat(32) }
    : undefined;
}

export async function receiveMessage(
  input: WireInput,
  { queue, kept }: HostedQueue,
  signal: AbortSignal,
): Promise<object> {
  const waitSeconds =
    input.optionalNumber('WaitTimeSeconds') ?? Number(kept['ReceiveMessageWaitTimeSeconds'] ?? 0);
  const visibilitySeconds = input.optionalNumber('VisibilityTimeout');
  const wanted = wantedAttributesOf(input);
  const messages = await queue.receive(
    {
      maxMessages: input.optionalNumber('MaxNumberOfMessages') ?? 1,
      waitTimeMs: waitSeconds * 1_000,
      visibilityTimeoutMs: visibilitySeconds === undefined ? undefined : visibilitySeconds * 1_000,
    },
    { signal },
  );
  if (messages.length === 0) {
    return {};
  }
  const { store } = insideOf(queue);
  return {
    Messages: messages.map((message) =>
      wireMessage(message, wanted, store.firstReceivedAtMs(message.receiptHandle)),
    ),
  };
}

export async function deleteMessage(input: WireInput, queue: FakeQueue): Promise<object> {
  const [outcome] = await queue.deleteBatch([handleOf(input)]);
  return settledOutput(outcome) ?? refuse(outcome);
}

export async function deleteMessageBatch(input: WireInput, queue: FakeQueue): Promise<object> {
  const entries = batchEntries(input);
  const outcomes = await queue.deleteBatch(entries.map((entry) => handleOf(entry.input)));
  return batchOutput(entries, outcomes, settledOutput);
}

export async function changeMessageVisibility(input: WireInput, queue: FakeQueue): Promise<object> {
  const [outcome] = await queue.changeVisibilityBatch([changeOf(input)]);
  return settledOutput(outcome) ?? refuse(outcome);
}

export async function changeMessageVisibilityBatch(input: WireInput, queue: FakeQueue): Promise<object> {
  const entries = batchEntries(input);
  const outcomes = await queue.changeVisibilityBatch(entries.map((entry) => changeOf(entry.input)));
  return batchOutput(entries, outcomes, settledOutput);
}

function handleOf(input: WireInput): string {
  return input.text('ReceiptHandle');
}

function changeOf(input: WireInput): VisibilityChange {
  return { receiptHandle: handleOf(input), visibilityTimeoutMs: input.number('VisibilityTimeout') * 1_000 };
}

function settledOutput(outcome: SettleOutcome | undefined): object | undefined {
  return outcome?.ok === true ? {} : undefined;
}

function refuse(outcome: SendOutcome | SettleOutcome | undefined): never {
  throw outcome?.ok === false ? outcome.error : new TypeError('a batch of one has one outcome');
}
