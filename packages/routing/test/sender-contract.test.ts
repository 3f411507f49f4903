import { type SenderParts, senderContract } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';
import { createRegionalSender } from '../src/index.ts';
import { createQueueSender } from './queue-sender.ts';

const regional = (
  parts: SenderParts,
  ...regions: readonly ('us-east-1' | 'eu-west-1' | 'eu-central-1')[]
) => {
  const { clock, random } = parts;
  // Where there are others, the first region has half of the deadline.
  const deadlineMs = parts.deadlineMs * (regions.length > 1 ? 2 : 1);
  const senders = Object.fromEntries(regions.map((region) => [region, createQueueSender(parts)]));
  return createRegionalSender<string>(senders, { clock, random, deadlineMs });
};

describe.each([
  ['the sender that it is tried over', createQueueSender],
  ['one region', (parts: SenderParts) => regional(parts, 'us-east-1')],
  ['three regions', (parts: SenderParts) => regional(parts, 'eu-west-1', 'us-east-1', 'eu-central-1')],
])('%s', (_name, createSender) => {
  test.each(senderContract({ createSender }))('$name', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
