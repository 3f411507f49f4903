import { createFakeClock, createFakeQueue } from '@sqskit/testing';

const clock = createFakeClock();
const queue = createFakeQueue({ clock, visibilityTimeoutMs: 30_000 });
await clock.settle(queue.sendBatch([{ body: 'hello' }]));
const first = await clock.settle(queue.receive({ maxMessages: 10, waitTimeMs: 0 }));
const again = await clock.settle(queue.receive({ maxMessages: 10, waitTimeMs: 20_000 }));
await clock.advance(30_000);
const third = await clock.settle(queue.receive({ maxMessages: 10, waitTimeMs: 20_000 }));
console.log(
  JSON.stringify({
    received: [first, again, third].map((messages) => messages.length),
    count: third[0].receiveCount,
  }),
);
