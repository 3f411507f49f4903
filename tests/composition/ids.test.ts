import { createProducer } from '@sqskit/batching';
import { compressed, packed } from '@sqskit/compression';
import { createConsumer } from '@sqskit/consumer';
import { withIdempotency } from '@sqskit/consumer/idempotency';
import { type Envelope, idAttribute, plain, withIds } from '@sqskit/core';
import { createFakeClock, createFakeQueue, scriptedFaults } from '@sqskit/testing';
import { expect, test } from 'vitest';

const envelopes: Readonly<Record<string, () => Envelope>> = { plain, compressed, packed };

test.for(Object.entries(envelopes))(
  'a message that a repeated send put into the queue twice has one id, %s',
  async ([, envelope]) => {
    const clock = createFakeClock();
    const faults = scriptedFaults().failNext('sendBatch', { kind: 'lost-reply' });
    const queue = createFakeQueue({ clock, faults });
    const ids: string[] = [];
    const attributes: string[] = [];
    const options = { clock, envelope: withIds(envelope()) };
    const producer = createProducer<string>(queue, options);
    const consumer = createConsumer<string>(
      queue,
      (message) => {
        ids.push(message.id);
        attributes.push(...Object.keys(message.attributes));
      },
      options,
    );
    const { id } = await clock.settle(producer.send({ body: 'once' }));
    consumer.start();
    await clock.advance(1_000);
    await clock.settle(consumer.stop());

    expect(queue.accepted).toHaveLength(2);
    expect(ids).toEqual([id, id]);
    expect(attributes).not.toContain(idAttribute);
  },
);

test.for(Object.entries(envelopes))(
  'a message that a repeated send put into the queue twice runs once, %s',
  async ([, envelope]) => {
    const clock = createFakeClock();
    const faults = scriptedFaults().failNext('sendBatch', { kind: 'lost-reply' });
    const queue = createFakeQueue({ clock, faults });
    const options = { clock, envelope: withIds(envelope()) };
    const once = withIdempotency<string>();
    const bodies: string[] = [];
    const producer = createProducer<string>(queue, options);
    const consumer = createConsumer<string>(
      queue,
      once(({ body }) => bodies.push(body)),
      options,
    );
    await clock.settle(producer.send({ body: 'once' }));
    consumer.start();
    await clock.advance(60_000);
    await clock.settle(consumer.stop());

    expect(queue.accepted).toHaveLength(2);
    expect(queue.messages()).toEqual([]);
    expect(bodies).toEqual(['once']);
  },
);
