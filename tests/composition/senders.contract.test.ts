import { createProducer } from '@sqskit/batching';
import { compressed, fflateEngine, guideEnvelope, nodeEngine } from '@sqskit/compression';
import { contentText, type Envelope, plain, type Sender, text } from '@sqskit/core';
import { createRegionalSender } from '@sqskit/routing';
import { type SenderParts, senderContract } from '@sqskit/testing';
import { describe, expect, test } from 'vitest';

// Whatever the layers and envelopes a sender is made of, it keeps what every sender promises.

const envelopes: Readonly<Record<string, () => Envelope>> = {
  plain,
  'compressed, on Node': () => compressed({ thresholdBytes: 0, engine: nodeEngine() }),
  'compressed, portably': () => compressed({ thresholdBytes: 0, engine: fflateEngine }),
  guide: () => guideEnvelope({ thresholdBytes: 0 }),
  'slow to seal': () => slow(plain()),
};

/** An envelope that seals asynchronously, as one that compresses off the thread does. */
function slow(envelope: Envelope): Envelope {
  return { ...envelope, seal: async (items, maxBytes) => await envelope.seal(items, maxBytes) };
}

type MakeSender = (parts: SenderParts, envelope: Envelope) => Sender<string>;

const producer: MakeSender = ({ queue, clock, random, maxMessages, deadlineMs }, envelope) =>
  createProducer(queue, {
    codec: text(),
    envelope,
    clock,
    random,
    deadlineMs,
    maxBufferedMessages: maxMessages,
    maxMessageBytes: 1_048_576,
  });

const senders: Readonly<Record<string, MakeSender>> = {
  'a producer': producer,
  'routing over one producer': (parts, envelope) => {
    const { clock, random, deadlineMs } = parts;
    return createRegionalSender({ 'us-east-1': producer(parts, envelope) }, { clock, random, deadlineMs });
  },
  'routing over routing over a producer': (parts, envelope) => {
    const { clock, random, deadlineMs } = parts;
    const inner = createRegionalSender(
      { 'us-east-1': producer(parts, envelope) },
      { clock, random, deadlineMs },
    );
    return createRegionalSender({ 'us-east-1': inner }, { clock, random, deadlineMs });
  },
};

for (const [senderName, createSender] of Object.entries(senders)) {
  for (const [envelopeName, createEnvelope] of Object.entries(envelopes)) {
    describe(`${senderName}, envelope ${envelopeName}`, () => {
      const cases = senderContract({
        createSender: (parts) => createSender(parts, createEnvelope()),
        async readTexts(payload) {
          const { items } = await createEnvelope().open(payload);
          return items.map((item) =>
            'error' in item ? `broken: ${item.error.message}` : contentText(item.content),
          );
        },
      });
      test.each(cases)('$name', async ({ run }) => {
        await expect(run()).resolves.toBeUndefined();
      });
    });
  }
}
