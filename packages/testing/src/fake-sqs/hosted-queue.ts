import { sqsLimits } from '@sqskit/core';
import { type FakeQueue, insideOf } from '../fake-queue/fake-queue.ts';
import type { FakeQueueOptions } from '../fake-queue/fake-queue-options.ts';
import { refusal } from './wire-error.ts';

/** Whose queues they all are, and where: the server asks nobody who they are. */
export const accountId = '000000000000';
const arnPrefix = `arn:aws:sqs:us-east-1:${accountId}:`;

/** A queue of the server, and what SQS would know of it besides. */
export interface HostedQueue {
  readonly name: string;
  readonly queue: FakeQueue;
  /** Attributes that the queue itself has no use for, as they were given. */
  readonly kept: QueueAttributes;
  readonly createdAtMs: number;
}

/** Attributes of a queue as the wire has them: all of them texts. */
export type QueueAttributes = Readonly<Record<string, string>>;

/** What `CreateQueue` asks for. */
export interface QueueRequest {
  readonly options: FakeQueueOptions;
  readonly kept: QueueAttributes;
}

type FindQueue = (name: string) => FakeQueue | undefined;

// Sources of ranges and defaults: API_CreateQueue.
const ranges: Readonly<Record<string, readonly [min: number, max: number]>> = {
  DelaySeconds: [0, 900],
  MaximumMessageSize: [sqsLimits.minMaxMessageBytes, sqsLimits.maxMessageBytes],
  MessageRetentionPeriod: [60, 1_209_600],
  ReceiveMessageWaitTimeSeconds: [0, 20],
  VisibilityTimeout: [0, 43_200],
};
const keptDefaults: QueueAttributes = {
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  SqsManagedSseEnabled: 'true',
};
const keptNames = new Set([
  ...Object.keys(keptDefaults),
  'Policy',
  'RedriveAllowPolicy',
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
  'DeduplicationScope',
  'FifoThroughputLimit',
]);

/** Reads the attributes of `CreateQueue`. Throws what SQS answers to those that it does not take. */
export function queueRequestOf(name: string, given: QueueAttributes, find: FindQueue): QueueRequest {
  const kept: Record<string, string> = {};
  const options: { -readonly [K in keyof FakeQueueOptions]: FakeQueueOptions[K] } = {};
  for (const [attribute, value] of Object.entries(given)) {
    const range = ranges[attribute];
    const number = Number(value);
    if (range !== undefined && !(/^\d+$/.test(value) && number >= range[0] && number <= range[1])) {
      throw invalidValue(attribute);
    }
    switch (attribute) {
      case 'DelaySeconds':
        options.delayMs = number * 1_000;
        break;
      case 'VisibilityTimeout':
        options.visibilityTimeoutMs = number * 1_000;
        break;
      case 'MaximumMessageSize':
        options.maxMessageBytes = number;
        break;
      case 'ContentBasedDeduplication':
        options.contentBasedDeduplication = value === 'true';
        break;
      case 'RedrivePolicy':
        Object.assign(options, redriveOf(value, find));
        break;
      case 'FifoQueue':
        if (value !== 'true' || !name.endsWith('.fifo')) {
          throw refusal('CreateQueue', 'InvalidAttributeName', 'Unknown Attribute FifoQueue.');
        }
        break;
      default:
        if (!keptNames.has(attribute)) {
          throw refusal('CreateQueue', 'InvalidAttributeName', `Unknown Attribute ${attribute}.`);
        }
        kept[attribute] = value;
    }
  }
  return { options, kept };
}

function redriveOf(policy: string, find: FindQueue): FakeQueueOptions {
  if (policy === '') {
    return {};
  }
  const { deadLetterTargetArn, maxReceiveCount } = parsedPolicy(policy);
  const isCount = Number.isInteger(Number(maxReceiveCount)) && Number(maxReceiveCount) >= 1;
  if (typeof deadLetterTargetArn !== 'string' || !isCount) {
    throw invalidValue('RedrivePolicy');
  }
  const deadLetterQueue = find(deadLetterTargetArn.slice(deadLetterTargetArn.lastIndexOf(':') + 1));
  if (deadLetterQueue === undefined) {
    const message = `Value ${policy} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.`;
    throw refusal('CreateQueue', 'InvalidParameterValue', message);
  }
  return { deadLetterQueue, maxReceiveCount: Number(maxReceiveCount) };
}

function parsedPolicy(policy: string): { deadLetterTargetArn?: unknown; maxReceiveCount?: unknown } {
  try {
    return Object(JSON.parse(policy));
  } catch {
    throw invalidValue('RedrivePolicy');
  }
}

function invalidValue(attribute: string): Error {
  return refusal('CreateQueue', 'InvalidAttributeValue', `Invalid value for the parameter ${attribute}.`);
}

/** Every attribute of a queue, as `GetQueueAttributes` gives them. */
export function attributesOf({ name, queue, kept, createdAtMs }: HostedQueue): QueueAttributes {
  const { settings, store } = insideOf(queue);
  const { visible, inFlight, delayed } = store.depth(settings.clock.monotonic());
  const created = String(Math.floor(createdAtMs / 1_000));
  const { deadLetterQueue, maxReceiveCount, fifo } = settings;
  const attributes: Record<string, string> = {
    QueueArn: `${arnPrefix}${name}`,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    CreatedTimestamp: created,
    LastModifiedTimestamp: created,
    DelaySeconds: seconds(settings.delayMs),
    VisibilityTimeout: seconds(settings.visibilityTimeoutMs),
    MaximumMessageSize: String(settings.maxMessageBytes),
    ...keptDefaults,
    ...kept,
  };
  if (deadLetterQueue !== undefined) {
    const deadLetterTargetArn = `${arnPrefix}${nameIn(deadLetterQueue.url)}`;
    attributes['RedrivePolicy'] = JSON.stringify({ deadLetterTargetArn, maxReceiveCount });
  }
  if (fifo) {
    attributes['FifoQueue'] = 'true';
    attributes['ContentBasedDeduplication'] = String(settings.contentBasedDeduplication);
    attributes['DeduplicationScope'] ??= 'queue';
    attributes['FifoThroughputLimit'] ??= 'perQueue';
  }
  return attributes;
}

function seconds(ms: number): string {
  return String(Math.ceil(ms / 1_000));
}

/** The name in a queue URL: what comes last. */
export function nameIn(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

// Not answers of GetQueueAttributes for a queue that has them not, but names that SQS knows.
const optionalNames = new Set(['All', 'RedrivePolicy', ...keptNames]);

/** Of all attributes those that were asked for. Throws what SQS answers to a name that it does not know. */
export function pickAttributes(all: QueueAttributes, names: readonly string[]): QueueAttributes {
  const unknown = names.find((name) => all[name] === undefined && !optionalNames.has(name));
  if (unknown !== undefined) {
    throw refusal('GetQueueAttributes', 'InvalidAttributeName', `Unknown Attribute ${unknown}.`);
  }
  return names.includes('All')
    ? all
    : Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}
