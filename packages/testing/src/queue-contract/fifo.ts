import assert from 'node:assert/strict';
import type { SendEntry } from '@sqskit/core';
import {
  accepted,
  bodies,
  patienceMs,
  type QueueCase,
  refused,
  sortedBodies,
  succeeded,
  type TestedQueue,
} from './session.ts';

/** Entries of one group, each with a deduplication id of its own. */
function ofGroup(groupId: string, ...texts: readonly string[]): SendEntry[] {
  return texts.map((body) => ({ body, groupId, deduplicationId: `${groupId}-${body}` }));
}

function letters(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String.fromCharCode(97 + index));
}

/** Receives and deletes until `count` messages have come or no more do; gives their bodies in the order in which they came. */
async function consume(tested: TestedQueue, count: number): Promise<string[]> {
  const consumed: string[] = [];
  while (consumed.length < count) {
    const messages = await tested.receive({ waitTimeMs: patienceMs });
    if (messages.length === 0) {
      break;
    }
    consumed.push(...bodies(messages));
    succeeded(await tested.delete(...messages));
  }
  return consumed;
}

export const fifoCases: readonly QueueCase[] = [
  {
    name: 'FIFO: messages of a group come in the order in which they were sent',
    async run(session) {
      const tested = await session.open({ fifo: true });
      const sent = letters(15);
      await tested.deliver(...ofGroup('g', ...sent.slice(0, 10)));
      await tested.deliver(...ofGroup('g', ...sent.slice(10)));
      assert.deepEqual(await consume(tested, 15), sent);
    },
  },
  {
    name: 'FIFO: one receive gives as many messages of a group as there are, in order',
    needs: 'groupBatchReceive',
    async run(session) {
      const tested = await session.open({ fifo: true });
      await tested.deliver(...ofGroup('g', ...letters(5)));
      assert.deepEqual(bodies(await tested.receive({ waitTimeMs: 1_000 })), letters(5));
    },
  },
  {
    name: 'FIFO: a group with a message in flight yields nothing, the others do',
    async run(session) {
      const tested = await session.open({ fifo: true });
      await tested.deliver(...ofGroup('busy', 'a', 'b'));
      const head = await tested.next({ maxMessages: 1 });
      assert.equal(head.body, 'a');
      await tested.nothingComes();
      await tested.deliver(...ofGroup('free', 'x'));
      const other = await tested.next();
      assert.equal(other.body, 'x');
      succeeded(await tested.delete(head));
      const next = await tested.next();
      assert.equal(next.body, 'b', 'the group goes on when its message is deleted');
    },
  },
  {
    name: 'FIFO: a message that comes again comes before the rest of its group',
    async run(session) {
      const tested = await session.open({ fifo: true });
      await tested.deliver(...ofGroup('g', 'a', 'b'));
      const head = await tested.next({ maxMessages: 1 });
      succeeded(await tested.extend(0, head));
      assert.deepEqual(await consume(tested, 2), ['a', 'b']);
    },
  },
  {
    name: 'FIFO: messages released in any order come again in theirs',
    needs: 'groupBatchReceive',
    async run(session) {
      const tested = await session.open({ fifo: true });
      await tested.deliver(...ofGroup('g', ...letters(5)));
      const [a, b, c] = await tested.receive({ maxMessages: 3, waitTimeMs: 1_000 });
      assert.ok(a !== undefined && b !== undefined && c !== undefined, 'three messages come together');
      succeeded(await tested.extend(0, b));
      succeeded(await tested.delete(a));
      await tested.nothingComes();
      succeeded(await tested.extend(0, c));
      assert.deepEqual(await consume(tested, 4), ['b', 'c', 'd', 'e']);
    },
  },
  {
    name: 'FIFO: a deduplication id that is known is answered with the first message and dropped',
    async run(session) {
      const tested = await session.open({ fifo: true });
      const [first] = await tested.deliver({ body: 'first', groupId: 'g', deduplicationId: 'same' });
      const again = { body: 'second', groupId: 'g', deduplicationId: 'same' };
      const [second] = await tested.deliver(again);
      assert.equal(second?.messageId, first?.messageId, 'the duplicate has the first one’s message id');
      assert.deepEqual(await consume(tested, 1), ['first']);
      await tested.deliver(again);
      await tested.nothingComes();
    },
  },
  {
    name: 'FIFO: the body is the deduplication id where the queue says so; attributes are no part of it',
    async run(session) {
      const tested = await session.open({ fifo: true, contentBasedDeduplication: true });
      const [first, second, third] = await tested.deliver(
        { body: 'same', groupId: 'g' },
        { body: 'same', groupId: 'g', attributes: { differs: { type: 'String', value: 'yes' } } },
        { body: 'other', groupId: 'g' },
      );
      assert.equal(second?.messageId, first?.messageId);
      assert.notEqual(third?.messageId, first?.messageId);
      assert.deepEqual(await consume(tested, 2), ['same', 'other']);
      await tested.nothingComes();
    },
  },
  {
    name: 'FIFO: an entry without a group, or without a deduplication id where one is needed, is refused alone',
    async run(session) {
      const tested = await session.open({ fifo: true });
      const outcomes = await tested.send(
        { body: 'no group', deduplicationId: '1' },
        { body: 'no deduplication id', groupId: 'g' },
        { body: 'complete', groupId: 'g', deduplicationId: '3' },
      );
      refused(outcomes[0]);
      refused(outcomes[1]);
      accepted(outcomes[2]);
      assert.deepEqual(await consume(tested, 1), ['complete']);
    },
  },
  {
    name: 'FIFO: a delay of a single message is refused',
    async run(session) {
      const tested = await session.open({ fifo: true });
      const [outcome] = await tested.send({
        body: 'late',
        groupId: 'g',
        deduplicationId: '1',
        delayMs: 1_000,
      });
      refused(outcome);
    },
  },
  {
    name: 'FIFO: group, deduplication id and a growing sequence number arrive',
    async run(session) {
      const tested = await session.open({ fifo: true });
      const sent = await tested.deliver(...ofGroup('g', 'a'), ...ofGroup('h', 'b'));
      const messages = await tested.collect(2);
      assert.deepEqual(sortedBodies(messages), ['a', 'b']);
      for (const message of messages) {
        const index = message.body === 'a' ? 0 : 1;
        assert.equal(message.groupId, index === 0 ? 'g' : 'h');
        assert.equal(message.deduplicationId, `${message.groupId}-${message.body}`);
        assert.equal(message.sequenceNumber, sent[index]?.sequenceNumber, 'the outcome told it already');
      }
      const [a, b] = sent.map(({ sequenceNumber }) => BigInt(sequenceNumber ?? 0));
      assert.ok(a !== undefined && b !== undefined && a > 0n && b > a, 'the sequence number grows');
    },
  },
  {
    name: 'FIFO: a delete with a handle whose visibility timeout is over is refused',
    needs: 'expiredHandleOnFifo',
    async run(session) {
      const tested = await session.open({ fifo: true });
      await tested.deliver(...ofGroup('g', 'kept'));
      const first = await tested.next();
      succeeded(await tested.extend(0, first));
      const [outcome] = await tested.delete(first);
      refused(outcome);
      assert.deepEqual(await consume(tested, 1), ['kept']);
    },
  },
];
