import { type Handler, retry } from '@sqskit/core';
import type { Desk } from './round.ts';

/** How long a message of others stays away after it was seen: each receive brings it nearer to the dead-letter queue. */
const foreignDelayMs = 60_000;

/**
 * The receiving stage: what the consumer does with each message. Returning deletes the message; throwing, as a poisonous
 * event does, makes it come again until the queue's redrive policy ends it.
 */
export function consume(desk: Desk): Handler<string> {
  return ({ messageId, body }) =>
    desk.receive(messageId, body) ? undefined : retry({ delayMs: foreignDelayMs });
}
