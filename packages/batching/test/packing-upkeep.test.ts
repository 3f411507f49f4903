import { createFakeClock } from '@sqskit/testing';
import { expect, test } from 'vitest';
import { packingEnvelope } from './packing-envelope.ts';
import { setUp } from './set-up.ts';
import { slowEnvelope } from './slow-envelope.ts';

// Found by the fault runs in tests/faults.

test.each([
  ['a standard queue', undefined],
  ['a FIFO queue', 'g'],
])('once all of its packs are settled, a producer of %s keeps no timer', async (_, groupId) => {
  const { clock, producer, timers } = setUp({ envelope: packingEnvelope() }, { fifo: groupId !== undefined });
  await clock.settle(Promise.all(['a', 'b', 'c'].map((body) => producer.send({ body, groupId }))));
  expect(timers()).toBe(0);
});

test('a message that is taken in while another of its group cannot be sealed is given up at its deadline', async () => {
  const envelope = packingEnvelope({
    fillBytes: 100,
    check({ content }) {
      if (content.length === 200) {
        throw new Error('not this one');
      }
    },
  });
  const { clock, producer, errorOf } = setUp(
    { envelope, maxConcurrency: 1, maxBufferedMessages: 2 },
    { latencyMs: 10_000 },
  );
  const slow = producer.send({ body: 'slow', groupId: 'a' });
  await clock.advance(10);
  const brief = errorOf(producer.send({ body: 'brief', groupId: 'b' }, { deadlineMs: 100 }));
  const bad = errorOf(producer.send({ body: 'x'.repeat(200), groupId: 'c' }));
  const late = errorOf(producer.send({ body: 'late', groupId: 'c' }, { deadlineMs: 1_000 }));
  expect(await Promise.all([brief, bad, late])).toMatchObject([
    { code: 'deadline-exceeded' },
    { code: 'encode-failed' },
    { code: 'deadline-exceeded' },
  ]);
  expect(clock.monotonic()).toBeLessThan(1_200);
  await clock.settle(slow);
});

test('a message that is aborted while it is sealed leaves no timer, though the seal goes on', async () => {
  const clock = createFakeClock();
  const envelope = slowEnvelope(clock, () => 1_000, packingEnvelope());
  const { producer, timers, errorOf } = setUp({ envelope }, {}, clock);
  const stop = new AbortController();
  const receipt = producer.send({ body: 'a' }, { signal: stop.signal });
  await clock.advance(100);
  stop.abort();
  expect(await errorOf(receipt)).toMatchObject({ code: 'aborted', outcome: 'rejected' });
  expect(timers()).toBe(0);
});
