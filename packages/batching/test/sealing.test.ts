import { type Envelope, type Item, plain, type Sealed } from '@sqskit/core';
import { createFakeClock, createRandom } from '@sqskit/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryOf } from '../src/admission.ts';
import { bodies, outcomeOf, sendCalls, settled, setUp } from './set-up.ts';
import { slowEnvelope } from './slow-envelope.ts';

/** An envelope that leaves something elsewhere, and says what became of it. */
function storing(inner: Envelope = plain()): {
  readonly envelope: Envelope;
  readonly discarded: string[];
} {
  const discarded: string[] = [];
  const mark = (sealed: Sealed, item: Item): Sealed => ({
    ...sealed,
    discard: async () => {
      discarded.push(String(item.content));
    },
  });
  return {
    discarded,
    envelope: {
      ...inner,
      seal: (items, maxBytes) => {
        const sealed = inner.seal(items, maxBytes);
        return sealed instanceof Promise
          ? sealed.then((late) => mark(late, items[0]))
          : mark(sealed, items[0]);
      },
    },
  };
}

const lastDigit = ({ content }: Item): number => Number(String(content).at(-1));

describe('sealing that takes its time', () => {
  test('does not hold up messages that have no group', async () => {
    const clock = createFakeClock();
    const envelope = slowEnvelope(clock, (item) => (item.content === 'slow' ? 60_000 : 1));
    const { queue, producer } = setUp({ envelope }, {}, clock);
    const slow = producer.send({ body: 'slow' });
    await clock.settle(Promise.all(bodies('m', 5).map((body) => producer.send({ body }))));
    expect(clock.monotonic()).toBeLessThan(100);
    await clock.settle(slow);
    expect(queue.accepted.length).toBe(6);
  });

  test('does not change the order of a group, and does not hold up the others', async () => {
    const clock = createFakeClock();
    const envelope = slowEnvelope(clock, (item) =>
      String(item.content).startsWith('a') ? 1_000 - 100 * lastDigit(item) : 1,
    );
    const { queue, producer } = setUp({ envelope }, { fifo: true }, clock);
    const slow = bodies('a', 5).map((body) => producer.send({ body, groupId: 'a' }));
    await clock.settle(Promise.all(bodies('b', 5).map((body) => producer.send({ body, groupId: 'b' }))));
    expect(clock.monotonic()).toBeLessThan(200);
    await clock.settle(Promise.all(slow));
    expect(queue.accepted.map(({ body }) => body)).toEqual([...bodies('b', 5), ...bodies('a', 5)]);
  });

  test('and sealing at once: together they keep the order of a group too', async () => {
    const clock = createFakeClock();
    const [slow, quick] = [slowEnvelope(clock, () => 100), plain()];
    const envelope: Envelope = {
      ...quick,
      seal: (items, maxBytes) => (lastDigit(items[0]) % 2 === 0 ? slow : quick).seal(items, maxBytes),
    };
    const { queue, producer } = setUp({ envelope }, { fifo: true }, clock);
    await clock.settle(Promise.all(bodies('m', 9).map((body) => producer.send({ body, groupId: 'g' }))));
    expect(queue.accepted.map(({ body }) => body)).toEqual(bodies('m', 9));
  });

  test('keeps the order of every group, whatever each message takes and whoever gives up', async () => {
    const message = fc.record({
      group: fc.constantFrom('a', 'b', 'c'),
      sealMs: fc.constantFrom(0, 1, 20, 300),
      deadlineMs: fc.constantFrom(100, 100_000),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 40 }),
        fc.boolean(),
        async (messages, isSizeKnown) => {
          const clock = createFakeClock();
          const [slow, quick] = [
            slowEnvelope(clock, (item) => messages[Number(item.content)]?.sealMs ?? 0),
            plain(),
          ];
          const envelope: Envelope = {
            ...quick,
            seal: (items, maxBytes) =>
              (messages[Number(items[0].content)]?.sealMs === 0 ? quick : slow).seal(items, maxBytes),
          };
          const { queue, producer } = setUp(
            {
              clock,
              envelope,
              maxBufferedMessages: 7,
              ...(isSizeKnown ? {} : { maxMessageBytes: undefined }),
            },
            { clock, fifo: true },
          );
          const sent = messages.map(({ group, deadlineMs }, index) =>
            producer.send({ body: `${index}`, groupId: group }, { deadlineMs }),
          );
          await clock.settle(settled(sent));
          const patient = messages.filter(({ deadlineMs }) => deadlineMs > 1_000).length;
          expect(producer.stats().sent).toBeGreaterThanOrEqual(patient);
          for (const group of ['a', 'b', 'c']) {
            const indices = queue.accepted
              .filter(({ groupId }) => groupId === group)
              .map(({ body }) => Number(body));
            expect(indices).toEqual(indices.toSorted((one, other) => one - other));
          }
          expect(producer.stats()).toMatchObject({
            bufferedMessages: 0,
            bufferedBytes: 0,
            waitingMessages: 0,
            waitingBytes: 0,
          });
          await clock.advance(1_000); // late seals of messages that were given up
          expect(clock.pendingTimers).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('counts as in the buffer, by its content until it is sealed', async () => {
    const clock = createFakeClock();
    const inner = slowEnvelope(clock, () => 100);
    const envelope: Envelope = {
      ...inner,
      seal: ([item], maxBytes) =>
        inner.seal([{ ...item, content: String(item.content).slice(0, 10) }], maxBytes),
    };
    const { producer } = setUp({ envelope, maxBufferedBytes: memoryOf(2, 100) }, { latencyMs: 1_000 }, clock);
    const sent = [producer.send({ body: 'x'.repeat(90) }), producer.send({ body: 'y'.repeat(95) })];
    expect(producer.stats()).toMatchObject({
      bufferedBytes: memoryOf(1, 90),
      waitingBytes: memoryOf(1, 95),
    });
    expect(producer.trySend({ body: 'z' })).toBeUndefined();
    await clock.advance(100);
    expect(producer.stats()).toMatchObject({
      bufferedMessages: 2,
      bufferedBytes: memoryOf(2, 20),
      waitingBytes: 0,
    });
    await clock.settle(Promise.all(sent));
  });

  test('a group goes on after a message of it that could not be sealed', async () => {
    const clock = createFakeClock();
    const slow = slowEnvelope(clock, () => 100);
    const reason = new Error('no room for it');
    const envelope: Envelope = {
      ...slow,
      seal: (items, maxBytes) =>
        items[0].content === 'bad' ? Promise.reject(reason) : slow.seal(items, maxBytes),
    };
    const { queue, producer, errorOf } = setUp({ envelope }, { fifo: true }, clock);
    const bad = producer.send({ body: 'bad', groupId: 'g' });
    const good = producer.send({ body: 'good', groupId: 'g' });
    expect(await errorOf(bad)).toMatchObject({ code: 'encode-failed', outcome: 'rejected', cause: reason });
    await clock.settle(good);
    expect(queue.accepted.map(({ body }) => body)).toEqual(['good']);
  });

  test('a failure to seal that comes after the message was given up changes nothing', async () => {
    const clock = createFakeClock();
    const envelope: Envelope = {
      ...plain(),
      seal: () =>
        new Promise((_, reject) => {
          clock.setTimer(() => reject(new Error('late')), 100);
        }),
    };
    const { producer, errorOf } = setUp({ envelope }, {}, clock);
    const error = await errorOf(producer.send({ body: 'x' }, { deadlineMs: 50 }));
    await clock.advance(100);
    expect(error.code).toBe('deadline-exceeded');
    expect(producer.stats()).toMatchObject({ failed: 1, bufferedMessages: 0, bufferedBytes: 0 });
  });

  test.each([
    ['nothing but a text that is empty', '', 'message-invalid'],
    ['a character that SQS does not take', '\u0000', 'message-invalid'],
    ['more than fits', 'x'.repeat(3_000), 'message-too-large'],
  ])('an envelope that makes %s of it fails that message alone', async (_, body, code) => {
    for (const isLate of [false, true]) {
      const discarded: string[] = [];
      const envelope: Envelope = {
        ...plain(),
        seal: ([item]) => {
          const payload = { body: item.content === 'bad' ? body : 'fine' };
          const sealed = {
            payload,
            taken: 1,
            discard: async () => {
              discarded.push(String(item.content));
            },
          };
          return isLate ? Promise.resolve(sealed) : sealed;
        },
      };
      const { clock, queue, producer, errorOf } = setUp({ envelope, maxMessageBytes: 2_000 });
      const bad = producer.send({ body: 'bad' });
      const good = producer.send({ body: 'good' });
      expect(await errorOf(bad)).toMatchObject({ code, outcome: 'rejected' });
      await clock.settle(good);
      expect(queue.accepted.map((message) => message.body)).toEqual(['fine']);
      expect(discarded).toEqual(['bad']);
      expect(producer.stats().bufferedBytes).toBe(0);
    }
  });

  test.each([
    ['nothing', undefined],
    ['something without a payload', { taken: 1 }],
    ['a body that is no text', { payload: { body: 7 }, taken: 1 }],
  ])('an envelope that makes %s of it fails that message alone', async (_, sealed) => {
    for (const made of [sealed, Promise.resolve(sealed)]) {
      const envelope: Envelope = { ...plain(), seal: () => made as Sealed }; // what JavaScript may return
      const { producer, errorOf, queue } = setUp({ envelope });
      expect(await errorOf(producer.send({ body: 'x' }))).toMatchObject({
        code: 'encode-failed',
        outcome: 'rejected',
      });
      expect(queue.calls).toEqual([]);
      expect(producer.stats().bufferedMessages).toBe(0);
    }
  });

  test('an envelope that throws fails that message alone', async () => {
    const reason = new Error('no');
    const envelope: Envelope = {
      ...plain(),
      seal: () => {
        throw reason;
      },
    };
    const { producer, errorOf } = setUp({ envelope });
    expect(await errorOf(producer.send({ body: 'x' }))).toMatchObject({
      code: 'encode-failed',
      cause: reason,
    });
  });
});

describe('what sealing left elsewhere', () => {
  test('stays where the message was accepted', async () => {
    const { envelope, discarded } = storing();
    const { clock, producer } = setUp({ envelope });
    await clock.settle(producer.send({ body: 'x' }));
    expect(discarded).toEqual([]);
  });

  test('is discarded where it was certainly not', async () => {
    const { envelope, discarded } = storing();
    const { clock, faults, producer } = setUp({ envelope });
    faults.failNext('sendBatch', { kind: 'entry-rejection', positions: [1] });
    await clock.settle(settled(['a', 'b', 'c'].map((body) => producer.send({ body }))));
    expect(discarded).toEqual(['b']);
  });

  test('stays where the message may have been accepted', async () => {
    const { envelope, discarded } = storing();
    const { clock, faults, producer } = setUp({ envelope });
    faults.failNext('sendBatch', { kind: 'lost-reply' });
    await clock.settle(outcomeOf(producer.send({ body: 'x' }, { deadlineMs: 5_050 })));
    await clock.settle(producer.close({ timeoutMs: 0 }));
    expect(discarded).toEqual([]);
  });

  test('is discarded where there was no room for the message', async () => {
    const { envelope, discarded } = storing();
    const limits = { maxBufferedBytes: memoryOf(2, 10), maxWaitingBytes: memoryOf(1, 5) };
    const { clock, producer, errorOf } = setUp({ envelope, ...limits });
    const sent = producer.send({ body: 'first' });
    expect(await errorOf(producer.send({ body: 'refused' }))).toMatchObject({ code: 'buffer-full' });
    await clock.settle(sent);
    const second = producer.send({ body: 'second' });
    expect(producer.trySend({ body: 'tried' })).toBeUndefined();
    await clock.settle(second);
    expect(discarded).toEqual(['refused', 'tried']);
  });

  test('is discarded where sealing ended after the message was given up', async () => {
    const clock = createFakeClock();
    const { envelope, discarded } = storing(slowEnvelope(clock, () => 50));
    const { producer, errorOf } = setUp({ envelope }, {}, clock);
    expect(await errorOf(producer.send({ body: 'x' }, { deadlineMs: 20 }))).toMatchObject({
      code: 'deadline-exceeded',
    });
    await clock.advance(100);
    expect(discarded).toEqual(['x']);
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('no such bucket'))],
    [
      'throws',
      () => {
        throw new Error('no such bucket');
      },
    ],
  ])(
    'and cannot be discarded, because that %s, is told to the logger, and harms nothing',
    async (_, discard) => {
      const warnings: unknown[] = [];
      const silent = (): void => undefined;
      const envelope: Envelope = {
        ...plain(),
        seal: (items, maxBytes) => {
          return { ...(plain().seal(items, maxBytes) as Sealed), discard }; // plain() seals at once
        },
      };
      const { clock, faults, producer, errorOf } = setUp({
        envelope,
        logger: { debug: silent, error: silent, warn: (...said) => warnings.push(said) },
      });
      faults.failNext('sendBatch', { kind: 'entry-rejection' });
      expect(await errorOf(producer.send({ body: 'x' }))).toMatchObject({ code: 'service-error' });
      await clock.flush();
      expect(warnings.length).toBe(1);
    },
  );
});

test('messages of any content travel through the plain envelope as they are', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { minLength: 1, maxLength: 20 }),
      async (contents) => {
        let next = 0;
        const codec = { encode: () => contents[next++] ?? '', decode: String };
        const { clock, queue, producer } = setUp({ codec, random: createRandom(3) });
        await clock.settle(Promise.all(contents.map(() => producer.send({ body: 'x' }))));
        const opened = await Promise.all(queue.accepted.map(async (message) => plain().open(message)));
        expect(
          opened.flatMap(({ items }) =>
            items.map((item) =>
              'content' in item ? Uint8Array.from(item.content as Uint8Array) : item.error,
            ),
          ),
        ).toEqual(contents);
        expect(sendCalls(queue).length).toBe(Math.ceil(contents.length / 10));
      },
    ),
    { numRuns: 30 },
  );
});
