import { type OutgoingMessage, type Sender, sendAll } from '@sqskit/core';
import type { Round } from './round.ts';

/**
 * The sending stage: gives the producer the round's messages at the pace it takes them. The producer batches them, retries
 * what failed and holds back when the queue is slower; each message has one outcome, and a failure is booked.
 */
export async function produce(producer: Sender<string>, round: Round, stop: AbortSignal): Promise<void> {
  await sendAll(producer, messagesOf(round, stop), {
    onFailure: ({ index, error }) => round.sendFailed(index, error),
  });
}

function* messagesOf(round: Round, stop: AbortSignal): Generator<OutgoingMessage<string>> {
  for (const { body, groupId, deduplicationId } of round.outgoing(stop)) {
    yield { body, groupId, deduplicationId };
  }
}
