import { describe, expect, test } from 'vitest';
import { bodies, setUp } from './queue-set-up.ts';

/** A queue with `count` messages of one tenant, `noisy-0` and on, in order. */
async function withBacklog(count: number) {
  const queue = setUp();
  for (let from = 0; from < count; from += 10) {
    const tens = Array.from({ length: Math.min(10, count - from) }, (_, index) => index + from);
    await queue.send(...tens.map((n) => ({ body: `noisy-${n}`, groupId: 'noisy' })));
  }
  /** Receives `count` messages. */
  const take = async (wanted: number): Promise<Awaited<ReturnType<typeof queue.receive>>[number][]> => {
    const taken = [];
    while (taken.length < wanted) {
      const messages = await queue.receive(Math.min(10, wanted - taken.length));
      expect(messages.length).toBeGreaterThan(0);
      taken.push(...messages);
    }
    return taken;
  };
  return { ...queue, take };
}

describe('a standard queue with message groups is fair', () => {
  test('a group with 30 messages in flight and more than a tenth of all comes after the others', async () => {
    const { send, take } = await withBacklog(100);
    await take(30);
    await send({ body: 'quiet', groupId: 'quiet' }, { body: 'of nobody' });
    expect(bodies(await take(4))).toEqual(['quiet', 'of nobody', 'noisy-30', 'noisy-31']);
  });

  test('with 29 in flight it is in order', async () => {
    const { send, take } = await withBacklog(30);
    await take(29);
    await send({ body: 'quiet', groupId: 'quiet' });
    expect(bodies(await take(2))).toEqual(['noisy-29', 'quiet']);
  });

  test('with a tenth of all in flight it is in order, however many that are', async () => {
    const { send, take } = await withBacklog(31);
    await take(30);
    for (let tens = 0; tens < 27; tens++) {
      await send(...Array.from({ length: 10 }, () => ({ body: 'of nobody' })));
    }
    await take(270);
    await send({ body: 'quiet', groupId: 'quiet' });
    expect(bodies(await take(2))).toEqual(['noisy-30', 'quiet']);
  });

  test('a group that is quiet again has its turn before those that came after it', async () => {
    const { delete: remove, receive, send, take } = await withBacklog(35);
    const held = await take(30);
    await send(...['a', 'b', 'c'].map((groupId) => ({ body: groupId, groupId })));
    expect(bodies(await receive(1))).toEqual(['a']);
    await remove(held[0]?.receiptHandle ?? '');
    expect(bodies(await receive(3))).toEqual(['noisy-30', 'b', 'c']);
    expect(bodies(await receive(10))).toEqual(['noisy-31', 'noisy-32', 'noisy-33', 'noisy-34']);
  });
});
