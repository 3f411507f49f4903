import assert from 'node:assert/strict';
import { isQueueError } from '@sqskit/core';
import { bodies, numbered, type QueueCase, succeeded } from './session.ts';

export const receivingCases: readonly QueueCase[] = [
  {
    name: 'a receive gives no more than maxMessages',
    async run(session) {
      const tested = await session.open();
      await tested.deliver(...numbered(5));
      const few = await tested.receive({ maxMessages: 2, waitTimeMs: 1_000 });
      assert.ok(few.length === 1 || few.length === 2, 'one or two of the five come');
      await tested.collect(5 - few.length);
    },
  },
  {
    name: 'a short poll of an empty queue gives nothing',
    async run(session) {
      const tested = await session.open();
      await tested.nothingComes();
    },
  },
  {
    name: 'receives at the same time never share a message',
    async run(session) {
      const tested = await session.open();
      await tested.deliver(...numbered(10));
      const receives = Array.from({ length: 4 }, () =>
        tested.queue.receive({ maxMessages: 5, waitTimeMs: 1_000 }),
      );
      const received = bodies((await session.settle(Promise.all(receives))).flat());
      assert.equal(new Set(received).size, received.length, 'no message is received twice');
      await tested.collect(10 - received.length);
    },
  },
  {
    name: 'a received message is hidden, and comes again when its visibility timeout is over',
    async run(session) {
      const tested = await session.open();
      await tested.deliver({ body: 'again' });
      const first = await tested.next({ visibilityTimeoutMs: 1_000 });
      assert.equal(first.receiveCount, 1);
      await tested.nothingComes();
      const second = await tested.next();
      assert.equal(second.messageId, first.messageId, 'it is the same message');
      assert.equal(second.receiveCount, 2, 'and knows that it was received before');
      assert.notEqual(second.receiptHandle, first.receiptHandle, 'each receive has a handle of its own');
      assert.equal(second.sentAtMs, first.sentAtMs, 'the time of sending does not change');
      assert.ok((first.sentAtMs ?? 0) > 0, 'the time of sending is told');
    },
  },
  {
    name: 'the queue’s own visibility timeout holds where the receive names none',
    async run(session) {
      const tested = await session.open({ visibilityTimeoutMs: 1_000 });
      await tested.deliver({ body: 'own' });
      await tested.next();
      await tested.nothingComes();
      const again = await tested.next();
      assert.equal(again.receiveCount, 2);
    },
  },
  {
    name: 'a long poll is answered as soon as there is a message',
    async run(session) {
      const tested = await session.open();
      const timer = await session.open();
      const first: string[] = [];
      const poll = tested.queue.receive({ maxMessages: 10, waitTimeMs: 10_000 }).then((messages) => {
        first.push(...bodies(messages));
      });
      const twoSeconds = timer.queue.receive({ maxMessages: 1, waitTimeMs: 2_000 }).then(() => {
        first.push('two seconds');
      });
      await tested.deliver({ body: 'prompt' });
      await session.settle(Promise.all([poll, twoSeconds]));
      assert.deepEqual(first, ['prompt', 'two seconds'], 'the message comes before two seconds are over');
    },
  },
  {
    name: 'a long poll that gets nothing lasts as long as it was told to',
    async run(session) {
      const tested = await session.open();
      const timer = await session.open();
      const ended: string[] = [];
      const twoSeconds = tested.queue.receive({ maxMessages: 1, waitTimeMs: 2_000 }).then((messages) => {
        ended.push(`long, with ${messages.length}`);
      });
      const oneSecond = timer.queue.receive({ maxMessages: 1, waitTimeMs: 1_000 }).then(() => {
        ended.push('short');
      });
      await session.settle(Promise.all([twoSeconds, oneSecond]));
      assert.deepEqual(ended, ['short', 'long, with 0']);
    },
  },
  {
    name: 'one message ends one long poll; the others wait on',
    needs: 'oneWakeUp',
    async run(session) {
      const tested = await session.open();
      const timer = await session.open();
      const ended: string[] = [];
      const polls = [2_000, 2_000].map((waitTimeMs) =>
        tested.queue.receive({ maxMessages: 1, waitTimeMs }).then((messages) => {
          ended.push(bodies(messages)[0] ?? 'nothing');
        }),
      );
      const oneSecond = timer.queue.receive({ maxMessages: 1, waitTimeMs: 1_000 }).then(() => {
        ended.push('one second');
      });
      await tested.deliver({ body: 'only' });
      await session.settle(Promise.all([...polls, oneSecond]));
      assert.deepEqual(ended, ['only', 'one second', 'nothing']);
    },
  },
  {
    name: 'an aborted long poll rejects with aborted and the signal’s reason',
    async run(session) {
      const tested = await session.open();
      const stop = new AbortController();
      const reason = new Error('enough');
      const poll = tested.queue
        .receive({ maxMessages: 1, waitTimeMs: 20_000 }, { signal: stop.signal })
        .then(undefined, (error: unknown) => error);
      await session.settle(tested.queue.depth()); // a round trip, in which the poll begins
      stop.abort(reason);
      const error = await session.settle(poll);
      assert.ok(isQueueError(error, 'aborted'), 'the receive rejects with aborted');
      assert.equal(error.cause, reason);
    },
  },
  {
    name: 'an aborted long poll takes no message with it',
    needs: 'abortedReceive',
    async run(session) {
      const tested = await session.open();
      const stop = new AbortController();
      const poll = tested.queue
        .receive({ maxMessages: 10, waitTimeMs: 20_000 }, { signal: stop.signal })
        .then(undefined, () => []);
      await session.settle(tested.queue.depth()); // a round trip, in which the poll begins
      stop.abort();
      await session.settle(poll);
      await tested.deliver({ body: 'kept' });
      const message = await tested.next();
      assert.equal(message.receiveCount, 1, 'nobody received it before');
    },
  },
  {
    name: 'the depth counts what is visible, in flight and delayed',
    async run(session) {
      const tested = await session.open();
      await tested.deliver(...numbered(4), { body: 'late', delayMs: 60_000 });
      const [message] = await tested.collect(1);
      assert.deepEqual(await session.settle(tested.queue.depth()), { visible: 3, inFlight: 1, delayed: 1 });
      assert.ok(message !== undefined);
      succeeded(await tested.delete(message));
      assert.deepEqual(await session.settle(tested.queue.depth()), { visible: 3, inFlight: 0, delayed: 1 });
    },
  },
  {
    name: 'the depth counts a message as visible again when its visibility timeout is over',
    needs: 'depthOfExpired',
    async run(session) {
      const tested = await session.open();
      const timer = await session.open();
      await tested.deliver({ body: 'expires' });
      await tested.next({ visibilityTimeoutMs: 1_000 });
      await timer.nothingComes(2_000);
      assert.deepEqual(await session.settle(tested.queue.depth()), { visible: 1, inFlight: 0, delayed: 0 });
    },
  },
];
