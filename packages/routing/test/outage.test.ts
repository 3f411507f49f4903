import { describe, expect, test } from 'vitest';
import { createRecording } from './recording.ts';
import type { Answer } from './simple-sender.ts';
import { createWorld, denied, invalid, queueUrlOf } from './world.ts';

/** Two regions, of which the nearest does what the test says. */
function createOutage(options: Parameters<typeof createWorld>[1] = {}) {
  let answer: Answer = 'accept';
  const nearest = { answer: () => answer, retryAfterMs: 1_000_000 };
  const recording = createRecording();
  const { recorder, logger } = recording;
  const world = createWorld(
    { 'eu-west-1': nearest, 'eu-central-1': {} },
    { failureThreshold: 3, recorder, logger, ...options },
  );
  const send = () =>
    world.sender.send({ body: { from: 'eu-west-1' } }).then(
      ({ queueUrl }) => queueUrl,
      () => 'failed',
    );
  return {
    ...world,
    recording,
    nearestAnswers: (next: Answer) => {
      answer = next;
    },
    send: () => world.clock.settle(send()),
    sendTogether: (count: number) => world.clock.settle(Promise.all(Array.from({ length: count }, send))),
    triesOfNearest: () => world.regions['eu-west-1'].given.length,
  };
}

const near = queueUrlOf('eu-west-1');
const far = queueUrlOf('eu-central-1');

describe('a region that keeps failing', () => {
  test('costs only the first messages their time, and is then avoided', async () => {
    const { nearestAnswers, send, triesOfNearest, sender } = createOutage();
    nearestAnswers(denied);
    for (let index = 0; index < 20; index++) {
      expect(await send()).toBe(far);
    }
    expect(triesOfNearest()).toBe(3);
    expect(sender.stats().regions).toEqual({
      'eu-west-1': { sent: 0, failedOver: 3, failed: 0, breaker: 'open' },
      'eu-central-1': { sent: 20, failedOver: 0, failed: 0, breaker: 'closed' },
    });
  });

  test('is probed by one message when its time is up, and comes back with it', async () => {
    const { nearestAnswers, send, sendTogether, triesOfNearest, clock, sender } = createOutage();
    nearestAnswers(denied);
    await sendTogether(3);
    nearestAnswers('accept');
    await clock.advance(3_729); // it was at 10 ms, and 3,750 are half of 5 s and half of the rest as jitter
    expect(clock.monotonic()).toBe(3_749);
    expect(await send()).toBe(far);
    await clock.advance(1);
    expect(await sendTogether(10)).toEqual([near, ...Array(9).fill(far)]);
    expect(triesOfNearest()).toBe(4);
    expect(await sendTogether(10)).toEqual(Array(10).fill(near));
    expect(sender.stats().regions['eu-west-1']?.breaker).toBe('closed');
  });

  test('is left alone for longer after a probe that failed', async () => {
    const { nearestAnswers, send, sendTogether, triesOfNearest, clock } = createOutage();
    nearestAnswers(denied);
    await sendTogether(3);
    await clock.advance(3_750);
    expect(await send()).toBe(far);
    expect(triesOfNearest()).toBe(4);
    await clock.advance(7_000);
    expect(await sendTogether(10)).toEqual(Array(10).fill(far));
    expect(triesOfNearest()).toBe(4);
    await clock.advance(500);
    await send();
    expect(triesOfNearest()).toBe(5);
  });

  test('gets one probe at a time of the messages that fail over to it, too', async () => {
    let isDown = true;
    const { clock, sender, regions } = createWorld(
      {
        'eu-west-1': { answer: () => denied },
        'eu-central-1': { answer: () => (isDown ? denied : 'accept') },
        'us-east-1': {},
      },
      { failureThreshold: 3, locateGroup: () => 'eu-central-1' },
    );
    const pinned = ['a', 'b', 'c'].map((groupId) => sender.send({ groupId, body: {} }).catch(() => 'failed'));
    await clock.settle(Promise.all(pinned));
    isDown = false;
    await clock.advance(3_750);
    const free = ['d', 'e'].map((id) => sender.send({ id, body: { from: 'eu-west-1' } }));
    await clock.settle(Promise.all(free));
    expect(regions['eu-central-1'].accepted.map(({ id }) => id)).toEqual(['d']);
    expect(regions['us-east-1'].accepted.map(({ id }) => id)).toEqual(['e']);
  });

  test('shows as half-open while a probe is under way', async () => {
    const { nearestAnswers, sendTogether, clock, sender } = createOutage();
    nearestAnswers(denied);
    await sendTogether(3);
    await clock.advance(3_750);
    nearestAnswers('hang');
    const probe = sender.send({ body: { from: 'eu-west-1' } }).catch(() => 'failed');
    expect(sender.stats().regions['eu-west-1']?.breaker).toBe('half-open');
    await clock.settle(probe);
    expect(sender.stats().regions['eu-west-1']?.breaker).toBe('open');
  });

  test('is probed again at once where a probe ended for a reason of its own', async () => {
    const { nearestAnswers, sendTogether, triesOfNearest, clock, sender } = createOutage();
    nearestAnswers(denied);
    await sendTogether(3);
    await clock.advance(3_750);
    const ending = new AbortController();
    nearestAnswers('hang');
    const probe = sender
      .send({ body: { from: 'eu-west-1' } }, { signal: ending.signal })
      .catch(() => 'failed');
    ending.abort();
    await clock.settle(probe);
    nearestAnswers('accept');
    expect(await sendTogether(2)).toEqual([near, far]);
    expect(triesOfNearest()).toBe(5);
  });

  test('is the last resort all the same where no other is left', async () => {
    const { nearestAnswers, send, sendTogether } = createOutage({ allow: { regions: ['eu-west-1'] } });
    nearestAnswers(denied);
    expect(await sendTogether(5)).toEqual(Array(5).fill('failed'));
    nearestAnswers('accept');
    expect(await send()).toBe(near);
    expect(await send()).toBe(near);
  });

  test('loses its place too if its answers are lost, though those messages cannot fail over', async () => {
    const { nearestAnswers, send, sendTogether, clock } = createOutage({ deadlineMs: 1_000 });
    nearestAnswers('hang');
    expect(await sendTogether(3)).toEqual(['failed', 'failed', 'failed']);
    expect(clock.monotonic()).toBe(500);
    expect(await send()).toBe(far);
  });

  test('is told to the logger and the recorder, once', async () => {
    const { nearestAnswers, sendTogether, clock, recording } = createOutage();
    nearestAnswers(denied);
    await sendTogether(5);
    nearestAnswers('accept');
    await clock.advance(60_000);
    await sendTogether(1);
    expect(recording.log.filter(({ level }) => level !== 'debug')).toEqual([
      {
        level: 'warn',
        message: 'region avoided: it kept failing',
        fields: { region: 'eu-west-1', probeInMs: 3_750 },
      },
      { level: 'warn', message: 'region back in service', fields: { region: 'eu-west-1' } },
    ]);
    expect(recording.log.find(({ level }) => level === 'debug')).toEqual({
      level: 'debug',
      message: 'failover',
      fields: { from: 'eu-west-1', to: 'eu-central-1', code: 'access-denied' },
    });
    expect(Object.fromEntries(recording.counts)).toEqual({
      'MessagesRouted eu-west-1': 1,
      'MessagesRouted eu-central-1': 5,
      'Failovers eu-west-1': 5,
      'RegionOutages eu-west-1': 1,
    });
  });

  test('is not one whose messages are at fault', async () => {
    const { nearestAnswers, send, sender } = createOutage();
    nearestAnswers(invalid);
    for (let index = 0; index < 10; index++) {
      expect(await send()).toBe('failed');
    }
    nearestAnswers('accept');
    expect(await send()).toBe(near);
    expect(sender.stats().regions['eu-west-1']).toEqual({
      sent: 1,
      failedOver: 0,
      failed: 10,
      breaker: 'closed',
    });
  });
});
