import { type OutgoingMessage, QueueError } from '@sqskit/core';
import { createFakeClock, type FakeClock } from '@sqskit/testing';
import {
  createRegionalSender,
  type RegionalSender,
  type RegionalSenderOptions,
  type RegionId,
} from '../src/index.ts';
import {
  type Answer,
  createSimpleSender,
  type SimpleSender,
  type SimpleSenderOptions,
} from './simple-sender.ts';

export interface Order {
  readonly from?: string;
  readonly number?: number;
}

type Regions<R extends RegionId> = Readonly<Record<R, SimpleSender<Order>>>;

export interface World<R extends RegionId> {
  readonly clock: FakeClock;
  readonly regions: Regions<R>;
  readonly sender: RegionalSender<Order>;
  /** What each region accepted, by the id of the message. */
  readonly accepted: () => Record<string, string[]>;
}

export type SimpleRegion = Partial<SimpleSenderOptions<Order>>;

/** A regional sender over simple ones, in virtual time. Orders come from the place they name. */
export function createWorld<R extends RegionId>(
  simple: Readonly<Record<R, SimpleRegion>>,
  options: RegionalSenderOptions<Order> = {},
): World<R> {
  const clock = createFakeClock();
  const entries = Object.entries<SimpleRegion>(simple).map(
    ([id, region]) =>
      [id, createSimpleSender<Order>({ clock, queueUrl: queueUrlOf(id), ...region })] as const,
  );
  const regions = Object.fromEntries(entries) as Regions<R>; // it forgets that the keys are those of `simple`
  const locate = ({ body }: OutgoingMessage<Order>) => body.from;
  const sender = createRegionalSender<Order>(regions, { clock, random: () => 0.5, locate, ...options });
  const accepted = () => {
    const named = Object.entries<SimpleSender<Order>>(regions);
    return Object.fromEntries(
      named.map(([id, { accepted }]) => [id, accepted.map((message) => message.id ?? '')]),
    );
  };
  return { clock, regions, sender, accepted };
}

export function queueUrlOf(region: string): string {
  return `https://sqs.${region}.amazonaws.com/123456789012/orders`;
}

/** What a region answers that refuses connections. */
export const refused: Answer = new QueueError(
  'network-error',
  'connection refused',
  { operation: 'SendMessageBatch', reason: 'ECONNREFUSED' },
  { retryable: true },
);

/** A failure that is certain, and that a region's sender does not retry. */
export const denied: Answer = new QueueError('access-denied', 'denied', {
  operation: 'SendMessageBatch',
  awsCode: 'KmsDisabled',
  httpStatus: 400,
  requestId: undefined,
});

/** The message was accepted, and nobody learns of it. */
export const lost: Answer = new QueueError(
  'timeout',
  'no answer',
  { operation: 'SendMessageBatch', timeoutMs: 10 },
  { outcome: 'unknown' },
);

/** A failure that is the message's own. */
export const invalid: Answer = new QueueError('message-invalid', 'invalid', {
  field: 'delayMs',
  received: '-1',
  expected: '0 or more',
});
