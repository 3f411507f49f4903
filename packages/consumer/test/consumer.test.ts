import { createFakeClock, createFakeQueue } from '@sqskit/testing';
import { expect, test } from 'vitest';
import { createConsumer } from '../src/index.ts';

test('handles and deletes every message', async () => {
  const clock = createFakeClock();
  const queue = createFakeQueue({ clock, latencyMs: 10 });
  for (let i = 0; i < 10; i++) {
    await clock.settle(
      queue.sendBatch(Array.from({ length: 10 }, (_, j) => ({ body: JSON.stringify({ n: i * 10 + j }) }))),
    );
  }
  const seen: number[] = [];
  const consumer = createConsumer<{ n: number }>(
    queue,
    ({ body }) => {
      seen.push(body.n);
    },
    { clock },
  );
  consumer.start();
  await clock.advance(2_000);
  expect(seen).toHaveLength(100);
  expect(queue.messages()).toHaveLength(0);
  await clock.settle(consumer.stop());
});
