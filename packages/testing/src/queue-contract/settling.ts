import assert from 'node:assert/strict';
import { bodies, numbered, type QueueCase, refused, sortedBodies, succeeded } from './session.ts';

const malformedHandle = 'this was never a receipt handle';

export const settlingCases: readonly QueueCase[] = [
  {
    name: 'a deleted message does not come again',
    async run(session) {
      const tested = await session.open();
      await tested.deliver(...numbered(10));
      const messages = await tested.collect(10, { visibilityTimeoutMs: 1_000 });
      succeeded(await tested.delete(...messages));
      await tested.nothingComes(2_000);
    },
  },
  {
    name: 'a delete deletes the messages of its handles and no others',
    async run(session) {
      const tested = await session.open();
      await tested.deliver(...numbered(4));
      const messages = await tested.collect(4);
      succeeded(await tested.delete(...messages.slice(0, 2)));
      succeeded(await tested.extend(0, ...messages.slice(2)));
      const left = await tested.collect(2);
      assert.deepEqual(sortedBodies(left), sortedBodies(messages.slice(2)));
      await tested.nothingComes();
    },
  },
  {
    name: 'deleting a message twice succeeds twice',
    async run(session) {
      const tested = await session.open();
      await tested.deliver({ body: 'once' });
      const message = await tested.next();
      succeeded(await tested.delete(message));
      succeeded(await tested.delete(message));
    },
  },
  {
    name: 'a malformed handle is refused alone',
    needs: 'malformedHandleRefused',
    async run(session) {
      const tested = await session.open();
      await tested.deliver({ body: 'good' });
      const message = await tested.next();
      const outcomes = await tested.delete({ ...message, receiptHandle: malformedHandle }, message);
      refused(outcomes[0]);
      succeeded(outcomes.slice(1));
    },
  },
  {
    name: 'a handle goes stale when its message is received again: deleting with it deletes nothing',
    async run(session) {
      const tested = await session.open();
      await tested.deliver({ body: 'kept' });
      const first = await tested.next();
      succeeded(await tested.extend(0, first));
      const second = await tested.next();
      await tested.delete(first); // success or not, as SQS may answer either
      succeeded(await tested.extend(0, second));
      await tested.next();
    },
  },
  {
    name: 'a visibility timeout of 0 makes a message visible at once',
    async run(session) {
      const tested = await session.open();
      await tested.deliver({ body: 'back' });
      const first = await tested.next();
      succeeded(await tested.extend(0, first));
      const second = await tested.next({ waitTimeMs: 0 });
      assert.equal(second.receiveCount, 2);
    },
  },
  {
    name: 'a new visibility timeout counts from now and takes the place of the old one',
    async run(session) {
      const tested = await session.open();
      await tested.deliver({ body: 'held' });
      const message = await tested.next({ visibilityTimeoutMs: 1_000 });
      succeeded(await tested.extend(60_000, message));
      await tested.nothingComes(2_000);
      succeeded(await tested.extend(1_000, message));
      await tested.nothingComes();
      await tested.next();
    },
  },
  {
    name: 'each change is applied to the message of its handle',
    async run(session) {
      const tested = await session.open();
      await tested.deliver(...numbered(3));
      const messages = await tested.collect(3);
      const changes = messages.map(({ receiptHandle }, index) => ({
        receiptHandle,
        visibilityTimeoutMs: index === 1 ? 0 : 60_000,
      }));
      succeeded(await session.settle(tested.queue.changeVisibilityBatch(changes)));
      assert.deepEqual(bodies(await tested.collect(1)), bodies(messages.slice(1, 2)));
      await tested.nothingComes();
    },
  },
  {
    name: 'a message that was deleted cannot be kept longer',
    async run(session) {
      const tested = await session.open();
      await tested.deliver(...numbered(2));
      const [gone, held] = await tested.collect(2);
      assert.ok(gone !== undefined && held !== undefined);
      succeeded(await tested.delete(gone));
      const outcomes = await tested.extend(60_000, gone, held);
      refused(outcomes[0]);
      succeeded(outcomes.slice(1));
    },
  },
  {
    name: 'a message that is not in flight cannot be kept longer',
    async run(session) {
      const tested = await session.open();
      await tested.deliver({ body: 'visible' });
      const message = await tested.next();
      succeeded(await tested.extend(0, message));
      const [outcome] = await tested.extend(60_000, message);
      assert.equal(refused(outcome).error.code, 'receipt-handle-invalid');
    },
  },
  {
    name: 'a message that was received too often moves to the dead-letter queue as it is',
    async run(session) {
      const { deadLetters, ...tested } = await session.open({ deadLetter: { maxReceiveCount: 2 } });
      assert.ok(deadLetters !== undefined, 'the harness makes a dead-letter queue');
      const [sent] = await tested.deliver({
        body: 'poison',
        attributes: { kind: { type: 'String', value: 'bad' } },
      });
      for (const count of [1, 2]) {
        const message = await tested.next();
        assert.equal(message.receiveCount, count);
        succeeded(await tested.extend(0, message));
      }
      await tested.nothingComes();
      const dead = await deadLetters.next();
      assert.equal(dead.body, 'poison');
      assert.equal(dead.messageId, sent?.messageId, 'it keeps its message id');
      assert.equal(dead.attributes['kind']?.value, 'bad', 'and its attributes');
    },
  },
  {
    name: 'describe tells the configuration of the queue',
    async run(session) {
      const { queue } = await session.open({ visibilityTimeoutMs: 17_000, maxMessageBytes: 2_048 });
      assert.deepEqual(await session.settle(queue.describe()), {
        fifo: false,
        contentBasedDeduplication: false,
        maxMessageBytes: 2_048,
        visibilityTimeoutMs: 17_000,
        redrive: undefined,
      });
      assert.ok(!queue.url.endsWith('.fifo'), 'the url of a standard queue does not end in .fifo');
    },
  },
  {
    name: 'describe tells the redrive policy, and what kind of FIFO queue it is',
    async run(session) {
      const { queue, deadLetters } = await session.open({
        fifo: true,
        contentBasedDeduplication: true,
        deadLetter: { maxReceiveCount: 3 },
      });
      const { fifo, contentBasedDeduplication, redrive } = await session.settle(queue.describe());
      assert.deepEqual({ fifo, contentBasedDeduplication }, { fifo: true, contentBasedDeduplication: true });
      assert.equal(redrive?.maxReceiveCount, 3);
      const deadLetterName = deadLetters?.queue.url.split('/').at(-1) ?? 'missing';
      assert.equal(redrive?.deadLetterQueueArn.split(':').at(-1), deadLetterName);
      assert.ok(queue.url.endsWith('.fifo'), 'the url of a FIFO queue ends in .fifo');
    },
  },
];
