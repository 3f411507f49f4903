import { isQueueError, sendAll } from '@sqskit/core';
import type { Linked } from '@sqskit/core/linked-list';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Admission, memoryOf } from '../src/admission.ts';
import { bodies, sendCalls, settled, setUp, thrownBy } from './set-up.ts';

const aSecond = { latencyMs: 1_000 } as const;

describe('a full buffer', () => {
  test('makes send wait, and lets those that wait in when there is room', async () => {
    const { clock, queue, producer } = setUp({ maxBufferedMessages: 20 }, aSecond);
    const sent = bodies('m', 50).map((body) => producer.send({ body }));
    expect(producer.stats()).toMatchObject({ bufferedMessages: 20, waitingMessages: 30 });
    await clock.advance(1_100);
    expect(producer.stats()).toMatchObject({ bufferedMessages: 20, waitingMessages: 10, sent: 20 });
    await clock.settle(Promise.all(sent));
    expect(queue.accepted.map(({ body }) => body)).toEqual(bodies('m', 50));
    expect(producer.stats()).toMatchObject({
      bufferedMessages: 0,
      bufferedBytes: 0,
      waitingMessages: 0,
      waitingBytes: 0,
    });
  });

  test('makes trySend return undefined; what it says does not count, and is not sent', async () => {
    const { clock, queue, producer } = setUp({ maxBufferedMessages: 2 }, aSecond);
    const taken = ['a', 'b'].map(async (body) => producer.trySend({ body }));
    expect(producer.trySend({ body: 'c' })).toBeUndefined();
    expect(producer.stats()).toMatchObject({ bufferedMessages: 2, waitingMessages: 0, failed: 0 });
    await clock.settle(Promise.all(taken));
    expect(producer.trySend({ body: 'd' })).toBeInstanceOf(Promise);
    await clock.settle(producer.flush());
    expect(queue.accepted.map(({ body }) => body)).toEqual(['a', 'b', 'd']);
  });

  test('counts bytes in memory: attributes included, and 1 KiB for each message', async () => {
    const { clock, producer } = setUp({ maxBufferedBytes: 2 * 1_024 + 100 }, aSecond);
    const attributes = { a: { type: 'String', value: 'x'.repeat(33) } } as const; // 40 bytes
    const taken = producer.trySend({ body: 'x'.repeat(20), attributes });
    expect(producer.stats()).toMatchObject({ bufferedBytes: 1_024 + 60 });
    expect(producer.trySend({ body: 'x', attributes })).toBeUndefined();
    const more = producer.trySend({ body: 'x'.repeat(40) });
    expect(producer.stats()).toMatchObject({ bufferedBytes: 2 * 1_024 + 100 });
    await clock.settle(Promise.all([taken, more]));
  });

  test('takes a message larger than itself when it is empty, and only then', async () => {
    const { clock, producer } = setUp({ maxBufferedBytes: memoryOf(2, 100) }, aSecond);
    const large = producer.trySend({ body: 'x'.repeat(5_000) });
    expect(large).toBeInstanceOf(Promise);
    expect(producer.trySend({ body: 'x' })).toBeUndefined();
    await clock.settle(Promise.all([large]));
    const small = producer.trySend({ body: 'x' });
    expect(producer.trySend({ body: 'x'.repeat(5_000) })).toBeUndefined();
    await clock.settle(Promise.all([small]));
  });

  test('lets nobody overtake: neither a small message that waits, nor a new one, nor trySend', async () => {
    const { clock, queue, producer } = setUp(
      { maxBufferedBytes: memoryOf(2, 100), maxConcurrency: 1 },
      aSecond,
    );
    const sent = [
      producer.send({ body: 'a'.repeat(60) }),
      producer.send({ body: 'b'.repeat(90) }),
      producer.send({ body: 'c' }),
    ];
    expect(producer.trySend({ body: 'd' })).toBeUndefined();
    expect(producer.stats()).toMatchObject({
      bufferedMessages: 1,
      waitingMessages: 2,
      waitingBytes: memoryOf(2, 91),
    });
    await clock.settle(Promise.all(sent));
    expect(queue.accepted.map(({ body }) => body.charAt(0))).toEqual(['a', 'b', 'c']);
  });

  test('lets groups in by turns: one that sends much keeps no other out', async () => {
    const { clock, queue, producer } = setUp({ maxBufferedMessages: 10 }, aSecond);
    const much = bodies('noisy', 40).map((body) => producer.send({ body, groupId: 'noisy' }));
    const little = bodies('quiet', 5).map((body) => producer.send({ body, groupId: 'quiet' }));
    await clock.settle(Promise.all(little));
    expect(clock.monotonic()).toBeLessThan(2_100);
    expect(queue.accepted.length).toBeLessThanOrEqual(20);
    await clock.settle(Promise.all(much));
    for (const [group, count] of [
      ['noisy', 40],
      ['quiet', 5],
    ] as const) {
      const accepted = queue.accepted.filter(({ groupId }) => groupId === group);
      expect(accepted.map(({ body }) => body)).toEqual(bodies(group, count));
    }
  });

  test('does not linger: what it holds leaves at once when others wait', async () => {
    const { clock, queue, producer } = setUp({
      maxBufferedMessages: 2,
      lingerMs: 60_000,
      lingerWhenIdle: true,
    });
    const sent = bodies('m', 5).map((body) => producer.send({ body }));
    await clock.settle(Promise.all(sent.slice(0, 4)));
    expect(clock.monotonic()).toBeLessThan(100);
    expect(sendCalls(queue).map(({ given }) => given.length)).toEqual([2, 2]);
    await clock.settle(producer.flush());
  });

  test('sendAll keeps to it, and memory stays flat', async () => {
    const { clock, producer } = setUp({ maxBufferedMessages: 30 });
    let most = 0;
    let taken = 0;
    function* messages(): Generator<{ body: string }> {
      for (let n = 0; n < 2_000; n++) {
        taken++;
        most = Math.max(most, taken - producer.stats().sent);
        yield { body: `${n}` };
      }
    }
    const summary = await clock.settle(sendAll(producer, messages()));
    expect(summary).toMatchObject({ sent: 2_000, failed: 0 });
    expect(most).toBeLessThanOrEqual(31);
  });
});

describe('too many waiting', () => {
  test('send rejects with buffer-full once as many messages wait as may; nothing else is harmed', async () => {
    const { clock, queue, producer, errorOf } = setUp(
      { maxBufferedMessages: 2, maxWaitingMessages: 3 },
      aSecond,
    );
    const sent = bodies('m', 5).map((body) => producer.send({ body }));
    const error = await errorOf(producer.send({ body: 'too many' }));
    expect(error).toMatchObject({
      code: 'buffer-full',
      retryable: true,
      outcome: 'rejected',
      details: { waitingMessages: 3, maxWaitingMessages: 3 },
    });
    await clock.settle(Promise.all(sent));
    expect(queue.accepted.length).toBe(5);
    expect(producer.stats().failed).toBe(0);
  });

  test('a million refusals cost no more than one: it is the same error for as long as nothing changes', async () => {
    const { clock, producer, errorOf } = setUp(
      { maxBufferedMessages: 2, maxWaitingMessages: 1, maxConcurrency: 1 },
      aSecond,
    );
    const sent = bodies('m', 3).map((body) => producer.send({ body }));
    const refusals = [producer.send({ body: 'x' }), producer.send({ body: 'y' })];
    const [first, second] = await Promise.all(refusals.map(errorOf));
    expect(second).toBe(first);
    await clock.settle(Promise.all(sent));
    const more = ['longer1', 'longer2', 'longer3'].map((body) => producer.send({ body }));
    const third = await errorOf(producer.send({ body: 'z' }));
    expect(third).not.toBe(first);
    expect(third).toMatchObject({ code: 'buffer-full', details: { waitingBytes: memoryOf(1, 7) } });
    await clock.settle(Promise.all(more));
  });

  test('so it does once as many bytes wait as may', async () => {
    const maxWaitingBytes = memoryOf(2, 100);
    const { clock, producer, errorOf } = setUp({ maxBufferedBytes: 10, maxWaitingBytes }, aSecond);
    const sent = [producer.send({ body: 'x'.repeat(10) }), producer.send({ body: 'x'.repeat(60) })];
    expect(await errorOf(producer.send({ body: 'x'.repeat(41) }))).toMatchObject({
      code: 'buffer-full',
      details: { waitingBytes: memoryOf(1, 60), maxWaitingBytes },
    });
    sent.push(producer.send({ body: 'x'.repeat(40) }));
    await clock.settle(Promise.all(sent));
  });

  test('with no waiting allowed, send refuses as soon as the buffer is full', async () => {
    const { clock, producer, errorOf } = setUp({ maxBufferedMessages: 1, maxWaitingMessages: 0 }, aSecond);
    const sent = producer.send({ body: 'a' });
    expect(await errorOf(producer.send({ body: 'b' }))).toMatchObject({ code: 'buffer-full' });
    await clock.settle(sent);
  });

  test('a message that cannot even wait is not encoded', async () => {
    let encoded = 0;
    const codec = {
      encode: (value: string) => {
        encoded++;
        return value;
      },
      decode: String,
    };
    const { clock, producer } = setUp({ codec, maxBufferedMessages: 1, maxWaitingMessages: 1 }, aSecond);
    const sent = bodies('m', 5).map((body) => producer.send({ body }));
    expect(producer.trySend({ body: 'x' })).toBeUndefined();
    expect(encoded).toBe(2);
    await clock.settle(settled(sent));
  });
});

class Sized implements Linked<Sized> {
  previous: Sized | undefined;
  next: Sized | undefined;
  bytes: number;
  readonly flow: string | undefined;

  constructor(group: string | undefined, bytes: number) {
    this.flow = group;
    this.bytes = bytes;
  }
}

describe('admission', () => {
  const limits = {
    maxBufferedMessages: 4,
    maxBufferedBytes: memoryOf(3, 20),
    maxWaitingMessages: 5,
    maxWaitingBytes: memoryOf(4, 30),
  };
  const memoryOfAll = (elements: readonly Sized[]): number =>
    elements.reduce((sum, { bytes }) => sum + memoryOf(1, bytes), 0);
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('arrive' as const),
      group: fc.constantFrom('a', 'b', undefined),
      bytes: fc.integer({ min: 0, max: 25 }),
    }),
    fc.record({ kind: fc.constantFrom('release' as const, 'leave' as const), at: fc.nat() }),
    fc.record({ kind: fc.constant('resize' as const), at: fc.nat(), bytes: fc.integer({ min: 0, max: 25 }) }),
  );

  test('for any order of events: bounds hold, groups take turns, each in order, none waits that fits', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const buffered: Sized[] = [];
        const waiting: Sized[] = []; // in order of arrival
        let turns: (string | undefined)[] = []; // groups that wait, whose turn comes first first
        const refused: unknown[] = [];
        let hasGrown = false;
        const nextOf = (group: string | undefined) => waiting.find((each) => each.flow === group);
        const drop = (element: Sized): void => {
          waiting.splice(waiting.indexOf(element), 1);
          turns = turns.filter((group) => nextOf(group) !== undefined);
        };
        const admit = (element: Sized): void => {
          expect(element).toBe(nextOf(turns[0]));
          turns.push(...turns.splice(0, 1));
          drop(element);
          buffered.push(element);
        };
        const admission = new Admission<Sized>(limits, admit, () => 0);
        for (const each of steps) {
          if (each.kind === 'arrive') {
            const element = new Sized(each.group, each.bytes);
            if (admission.hasRoom(each.bytes)) {
              buffered.push(element);
              admission.enter(element);
            } else if (waiting.length < 5 && memoryOfAll([...waiting, element]) <= limits.maxWaitingBytes) {
              turns = [...new Set([...turns, each.group])];
              waiting.push(element);
              admission.wait(element);
            } else {
              refused.push(thrownBy(() => admission.wait(element)));
            }
          } else if (each.kind === 'release') {
            const [element] = buffered.splice(each.at % Math.max(1, buffered.length), 1);
            if (element !== undefined) {
              admission.release(1, element.bytes);
            }
          } else if (each.kind === 'leave') {
            const element = waiting[each.at % Math.max(1, waiting.length)];
            if (element !== undefined) {
              drop(element);
              admission.leave(element);
            }
          } else if (each.kind === 'resize') {
            const all = [...buffered, ...waiting];
            const element = all[each.at % Math.max(1, all.length)];
            if (element !== undefined) {
              const difference = each.bytes - element.bytes;
              hasGrown ||= difference > 0;
              element.bytes = each.bytes;
              if (buffered.includes(element)) {
                admission.resizeBuffered(difference);
              } else {
                admission.resizeWaiting(difference);
              }
            }
          }
          const bytes = memoryOfAll(buffered);
          expect([admission.bufferedMessages, admission.bufferedBytes]).toEqual([buffered.length, bytes]);
          expect(admission.waitingBytes).toBe(memoryOfAll(waiting));
          expect([...admission.waiting()]).toEqual(
            turns.flatMap((group) => waiting.filter((element) => element.flow === group)),
          );
          expect(buffered.length).toBeLessThanOrEqual(4);
          expect(hasGrown || bytes <= limits.maxBufferedBytes || buffered.length === 1).toBe(true);
          expect(refused.every((error) => isQueueError(error, 'buffer-full'))).toBe(true);
          const first = nextOf(turns[0]);
          const fits =
            buffered.length === 0 ||
            (buffered.length < 4 && bytes + memoryOf(1, first?.bytes ?? 0) <= limits.maxBufferedBytes);
          expect(first !== undefined && fits).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });
});
