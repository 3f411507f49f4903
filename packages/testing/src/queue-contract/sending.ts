import assert from 'node:assert/strict';
import { isQueueError, type MessageAttributes, type Queue, type SendEntry } from '@sqskit/core';
import {
  accepted,
  bodies,
  numbered,
  plainAttributes,
  type QueueCase,
  refused,
  sortedBodies,
} from './session.ts';

const illegal = '\u0001';

async function deliversIntact(session: Parameters<QueueCase['run']>[0], entry: SendEntry): Promise<void> {
  const tested = await session.open();
  await tested.deliver(entry);
  const message = await tested.next();
  assert.equal(message.body, entry.body, 'the body arrives as it was sent');
  assert.deepEqual(
    plainAttributes(message.attributes),
    plainAttributes(entry.attributes ?? {}),
    'the attributes arrive as they were sent',
  );
}

const attributes: MessageAttributes = {
  text: { type: 'String', value: 'plain' },
  'text.custom': { type: 'String.json', value: '{"a":1}' },
  number: { type: 'Number', value: '12345678901234567890.123' },
  bytes: { type: 'Binary', value: Uint8Array.from([0, 1, 127, 128, 255]) },
};

export const sendingCases: readonly QueueCase[] = [
  {
    name: 'a batch of ten is accepted, each entry under the message id that it is received with',
    async run(session) {
      const tested = await session.open();
      const entries = numbered(10);
      const outcomes = await tested.deliver(...entries);
      const messages = await tested.collect(10);
      const bodyOf = new Map(messages.map(({ messageId, body }) => [messageId, body]));
      assert.deepEqual(
        outcomes.map(({ messageId }) => bodyOf.get(messageId)),
        bodies(entries),
        'the outcome at a position is that of the entry at this position',
      );
    },
  },
  {
    name: 'a batch of no entries or of eleven is the caller’s mistake, whatever the verb',
    async run(session) {
      const { queue } = await session.open();
      for (const count of [0, 11]) {
        for (const [verb, call] of batchCalls(queue, count)) {
          const rejects = session.settle(call().then(undefined, (reason: unknown) => reason));
          const reason = await rejects;
          assert.ok(
            isQueueError(reason, 'batch-invalid'),
            `${verb} of ${count} entries rejects with batch-invalid`,
          );
        }
      }
      assert.deepEqual(
        await session.settle(queue.receive({ maxMessages: 10, waitTimeMs: 0 })),
        [],
        'nothing of it was sent',
      );
    },
  },
  {
    name: 'body and attributes of every type arrive as they were sent',
    run: (session) => deliversIntact(session, { body: 'a "quoted" body\n\twith é, ß and 漢字', attributes }),
  },
  {
    name: 'characters outside the Basic Multilingual Plane arrive as they were sent',
    needs: 'astralCharacters',
    run: (session) => deliversIntact(session, { body: 'emoji 🚀 and 𝄞' }),
  },
  {
    name: 'a message without attributes is received with none',
    run: (session) => deliversIntact(session, { body: 'bare' }),
  },
  {
    name: 'an entry that is refused fails alone, at its position',
    async run(session) {
      const tested = await session.open();
      const outcomes = await tested.send({ body: 'first' }, { body: illegal }, { body: 'last' });
      accepted(outcomes[0]);
      refused(outcomes[1]);
      accepted(outcomes[2]);
      assert.deepEqual(sortedBodies(await tested.collect(2)), ['first', 'last']);
    },
  },
  {
    name: 'an empty body is refused alone',
    async run(session) {
      const tested = await session.open();
      const outcomes = await tested.send({ body: '' }, { body: 'good' });
      refused(outcomes[0]);
      accepted(outcomes[1]);
    },
  },
  {
    name: 'more than ten attributes are refused',
    needs: 'attributeLimit',
    async run(session) {
      const tested = await session.open();
      const eleven = Object.fromEntries(
        Array.from({ length: 11 }, (_, index) => [`a${index}`, { type: 'String', value: 'x' } as const]),
      );
      const outcomes = await tested.send({ body: 'many', attributes: eleven }, { body: 'good' });
      refused(outcomes[0]);
      accepted(outcomes[1]);
    },
  },
  {
    name: 'the largest message that the queue takes is accepted, one byte more is refused; attributes count',
    async run(session) {
      const tested = await session.open({ maxMessageBytes: 1_024 });
      const marked: MessageAttributes = { a: { type: 'String', value: 'b' } }; // 1 + 6 + 1 bytes
      const outcomes = await tested.send(
        { body: 'x'.repeat(1_024) },
        { body: 'x'.repeat(1_025) },
        { body: 'x'.repeat(1_016), attributes: marked },
        { body: 'x'.repeat(1_017), attributes: marked },
        { body: 'é'.repeat(513) },
      );
      accepted(outcomes[0]);
      refused(outcomes[1]);
      accepted(outcomes[2]);
      refused(outcomes[3]);
      refused(outcomes[4]);
      await tested.collect(2);
    },
  },
  {
    name: 'a batch of more than 1 MiB fails as a whole and sends nothing',
    async run(session) {
      const tested = await session.open();
      const half = { body: 'x'.repeat(600_000) };
      for (const outcome of await tested.send(half, half)) {
        const { error } = refused(outcome);
        assert.equal(error.code, 'batch-too-large');
      }
      await tested.nothingComes();
    },
  },
  {
    name: 'a single message of more than 1 MiB is refused',
    async run(session) {
      const tested = await session.open();
      const [outcome] = await tested.send({ body: 'x'.repeat(1_048_577) });
      refused(outcome);
      await tested.nothingComes();
    },
  },
  {
    name: 'a delayed message comes when its delay is over, and no other waits for it',
    async run(session) {
      const tested = await session.open();
      await tested.deliver({ body: 'late', delayMs: 1_000 }, { body: 'prompt' });
      const first = await tested.next({ waitTimeMs: 0 });
      assert.equal(first.body, 'prompt');
      await tested.nothingComes();
      const second = await tested.next();
      assert.equal(second.body, 'late');
    },
  },
  {
    name: 'a delay of more than 900 s is refused',
    needs: 'delayLimit',
    async run(session) {
      const tested = await session.open();
      const [outcome] = await tested.send({ body: 'too late', delayMs: 901_000 });
      refused(outcome);
    },
  },
  {
    name: 'the trace header arrives beside the attributes',
    needs: 'traceHeader',
    async run(session) {
      const tested = await session.open();
      const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1';
      await tested.deliver({ body: 'traced', traceHeader }, { body: 'untraced' });
      const messages = await tested.collect(2);
      assert.deepEqual(Object.fromEntries(messages.map((message) => [message.body, message.traceHeader])), {
        traced: traceHeader,
        untraced: undefined,
      });
    },
  },
  {
    name: 'the message group of a message on a standard queue arrives',
    needs: 'groupIdOnStandard',
    async run(session) {
      const tested = await session.open();
      await tested.deliver({ body: 'tenant’s', groupId: 'tenant-1' });
      const message = await tested.next();
      assert.equal(message.groupId, 'tenant-1');
    },
  },
  {
    name: 'a call whose signal has aborted already is not made: its entries fail as aborted and rejected',
    async run(session) {
      const tested = await session.open();
      const reason = new Error('enough');
      const outcomes = await session.settle(
        tested.queue.sendBatch([{ body: 'never' }, { body: 'ever' }], { signal: AbortSignal.abort(reason) }),
      );
      assert.equal(outcomes.length, 2, 'one outcome for each entry');
      for (const outcome of outcomes) {
        assert.ok(!outcome.ok && outcome.error.code === 'aborted', 'the entry fails as aborted');
        assert.equal(outcome.error.outcome, 'rejected');
        assert.equal(outcome.error.cause, reason, 'the cause is the signal’s reason');
      }
      await tested.nothingComes();
    },
  },
];

function batchCalls(queue: Queue, count: number): [verb: string, call: () => Promise<unknown>][] {
  const handles = numbered(count, 'handle').map(({ body }) => body);
  const changes = handles.map((receiptHandle) => ({ receiptHandle, visibilityTimeoutMs: 0 }));
  return [
    ['sendBatch', async () => queue.sendBatch(numbered(count))],
    ['deleteBatch', async () => queue.deleteBatch(handles)],
    ['changeVisibilityBatch', async () => queue.changeVisibilityBatch(changes)],
  ];
}
