import {
  isQueueError,
  type MessageAttributes,
  type Queue,
  type ReceivedMessage,
  type SendEntry,
} from '@sqskit/core';
import { sleep } from '@sqskit/core/clock';
import type { FakeClock } from '../src/index.ts';
import { changed } from './planted.ts';

export type Layer = (queue: Queue, clock: FakeClock) => Queue;

const sending =
  (change: (entry: SendEntry, index: number) => SendEntry): Layer =>
  (queue) =>
    changed(queue, { sendBatch: (entries, options) => queue.sendBatch(entries.map(change), options) });

const receiving =
  (change: (message: ReceivedMessage) => ReceivedMessage): Layer =>
  (queue) =>
    changed(queue, {
      receive: async (request, options) => (await queue.receive(request, options)).map(change),
    });

const asText = (attributes: MessageAttributes): MessageAttributes =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [name, { type, value: String(value) }]),
  );

/** Remembers the newest handle of each message and uses it in place of an older one. */
const staleHandlesWork: Layer = (queue) => {
  const newest = new Map<string, string>();
  const messageOf = new Map<string, string>();
  return changed(queue, {
    async receive(request, options) {
      const messages = await queue.receive(request, options);
      for (const { messageId, receiptHandle } of messages) {
        newest.set(messageId, receiptHandle);
        messageOf.set(receiptHandle, messageId);
      }
      return messages;
    },
    deleteBatch: (handles, options) =>
      queue.deleteBatch(
        handles.map((handle) => newest.get(messageOf.get(handle) ?? '') ?? handle),
        options,
      ),
  });
};

let fresh = 0;

/** What can be wrong with a queue, and the case that catches it. */
export const queueFlaws: readonly (readonly [flaw: string, layer: Layer, caughtBy: string])[] = [
  [
    'gives outcomes at other positions',
    (queue) =>
      changed(queue, {
        sendBatch: async (entries, options) => (await queue.sendBatch(entries, options)).toReversed(),
      }),
    'a batch of ten is accepted, each entry under the message id that it is received with',
  ],
  [
    'gives fewer outcomes than entries',
    (queue) =>
      changed(queue, {
        sendBatch: async (entries, options) =>
          (await queue.sendBatch(entries, options)).filter(({ ok }) => ok),
      }),
    'an entry that is refused fails alone, at its position',
  ],
  [
    'says that a refused entry was accepted',
    (queue) =>
      changed(queue, {
        sendBatch: async (entries, options) =>
          (await queue.sendBatch(entries, options)).map((outcome) =>
            outcome.ok ? outcome : { ok: true, messageId: 'invented' },
          ),
      }),
    'an entry that is refused fails alone, at its position',
  ],
  [
    'fails a whole batch for one entry',
    (queue) =>
      changed(queue, {
        async sendBatch(entries, options) {
          const outcomes = await queue.sendBatch(entries, options);
          const failure = outcomes.find(({ ok }) => !ok);
          return failure === undefined ? outcomes : outcomes.map(() => failure);
        },
      }),
    'an entry that is refused fails alone, at its position',
  ],
  [
    'takes eleven entries',
    (queue) =>
      changed(queue, {
        sendBatch: async (entries, options) =>
          entries.length <= 10
            ? queue.sendBatch(entries, options)
            : [
                ...(await queue.sendBatch(entries.slice(0, 10), options)),
                ...(await queue.sendBatch(entries.slice(10), options)),
              ],
      }),
    'a batch of no entries or of eleven is the caller’s mistake, whatever the verb',
  ],
  [
    'throws where a call fails as a whole',
    (queue) =>
      changed(queue, {
        async sendBatch(entries, options) {
          const outcomes = await queue.sendBatch(entries, options);
          const [first] = outcomes;
          if (first?.ok === false && outcomes.every(({ ok }) => !ok)) {
            throw first.error;
          }
          return outcomes;
        },
      }),
    'a batch of more than 1 MiB fails as a whole and sends nothing',
  ],
  [
    'takes no notice of delays',
    sending((entry) => ({ ...entry, delayMs: undefined })),
    'a delayed message comes when its delay is over, and no other waits for it',
  ],
  [
    'delays a whole batch',
    (queue) =>
      changed(queue, {
        sendBatch: (entries, options) => {
          const delayMs = Math.max(...entries.map((entry) => entry.delayMs ?? 0));
          return queue.sendBatch(
            entries.map((entry) => ({ ...entry, delayMs })),
            options,
          );
        },
      }),
    'a delayed message comes when its delay is over, and no other waits for it',
  ],
  [
    'loses attributes',
    sending((entry) => ({ ...entry, attributes: undefined })),
    'body and attributes of every type arrive as they were sent',
  ],
  [
    'gives bytes as text',
    receiving((message) => ({ ...message, attributes: asText(message.attributes) })),
    'body and attributes of every type arrive as they were sent',
  ],
  [
    'trims bodies',
    sending((entry) => ({ ...entry, body: entry.body.replaceAll(/\s+/g, ' ') })),
    'body and attributes of every type arrive as they were sent',
  ],
  [
    'loses the trace header',
    sending((entry) => ({ ...entry, traceHeader: undefined })),
    'the trace header arrives beside the attributes',
  ],
  [
    'gives more messages than it was asked for',
    (queue) =>
      changed(queue, {
        receive: (request, options) => queue.receive({ ...request, maxMessages: 10 }, options),
      }),
    'a receive gives no more than maxMessages',
  ],
  [
    'takes no notice of the visibility timeout of a receive',
    (queue) =>
      changed(queue, {
        receive: (request, options) => queue.receive({ ...request, visibilityTimeoutMs: undefined }, options),
      }),
    'a received message is hidden, and comes again when its visibility timeout is over',
  ],
  [
    'does not hide what it gave',
    (queue) =>
      changed(queue, {
        receive: (request, options) => queue.receive({ ...request, visibilityTimeoutMs: 0 }, options),
      }),
    'a received message is hidden, and comes again when its visibility timeout is over',
  ],
  [
    'counts every receive as the first',
    receiving((message) => ({ ...message, receiveCount: 1 })),
    'a received message is hidden, and comes again when its visibility timeout is over',
  ],
  [
    'names a visibility timeout of its own',
    (queue) =>
      changed(queue, {
        receive: (request, options) => queue.receive({ visibilityTimeoutMs: 30_000, ...request }, options),
      }),
    'the queue’s own visibility timeout holds where the receive names none',
  ],
  [
    'answers a long poll at once',
    (queue) =>
      changed(queue, {
        receive: (request, options) => queue.receive({ ...request, waitTimeMs: 0 }, options),
      }),
    'a long poll that gets nothing lasts as long as it was told to',
  ],
  [
    'answers a long poll when the wait is over',
    (queue, clock) =>
      changed(queue, {
        async receive(request, options) {
          await sleep(clock, request.waitTimeMs);
          return queue.receive({ ...request, waitTimeMs: 0 }, options);
        },
      }),
    'a long poll is answered as soon as there is a message',
  ],
  [
    'ends an aborted long poll as if nothing had come',
    (queue) =>
      changed(queue, {
        receive: (request, options) =>
          queue.receive(request, options).catch((error: unknown) => {
            if (isQueueError(error, 'aborted')) {
              return [];
            }
            throw error;
          }),
      }),
    'an aborted long poll rejects with aborted and the signal’s reason',
  ],
  [
    'goes on with a long poll that was aborted',
    (queue) =>
      changed(queue, {
        receive: (request, options) =>
          Promise.race([
            queue.receive(request),
            new Promise<never>((_, reject) => {
              options?.signal?.addEventListener('abort', () => reject(new Error('aborted')));
            }),
          ]),
      }),
    'an aborted long poll takes no message with it',
  ],
  [
    'makes a call although its signal has aborted',
    (queue) => changed(queue, { sendBatch: (entries) => queue.sendBatch(entries) }),
    'a call whose signal has aborted already is not made: its entries fail as aborted and rejected',
  ],
  [
    'deletes nothing',
    (queue) => changed(queue, { deleteBatch: async (handles) => handles.map(() => ({ ok: true })) }),
    'a deleted message does not come again',
  ],
  [
    'deletes one message too many',
    (queue) => {
      const seen: string[] = [];
      return changed(queue, {
        async receive(request, options) {
          const messages = await queue.receive(request, options);
          seen.push(...messages.map(({ receiptHandle }) => receiptHandle));
          return messages;
        },
        async deleteBatch(handles, options) {
          const more = seen.filter((handle) => !handles.includes(handle)).slice(0, 1);
          return (await queue.deleteBatch([...handles, ...more], options)).slice(0, handles.length);
        },
      });
    },
    'a delete deletes the messages of its handles and no others',
  ],
  [
    'keeps a stale handle valid',
    staleHandlesWork,
    'a handle goes stale when its message is received again: deleting with it deletes nothing',
  ],
  [
    'takes a visibility timeout of 0 for none given',
    (queue) =>
      changed(queue, {
        changeVisibilityBatch: (changes, options) =>
          queue.changeVisibilityBatch(
            changes.map((change) => ({
              ...change,
              visibilityTimeoutMs: change.visibilityTimeoutMs || 30_000,
            })),
            options,
          ),
      }),
    'a visibility timeout of 0 makes a message visible at once',
  ],
  [
    'changes the visibility of nothing',
    (queue) =>
      changed(queue, { changeVisibilityBatch: async (changes) => changes.map(() => ({ ok: true })) }),
    'a new visibility timeout counts from now and takes the place of the old one',
  ],
  [
    'applies the first change to all',
    (queue) =>
      changed(queue, {
        changeVisibilityBatch: (changes, options) =>
          queue.changeVisibilityBatch(
            changes.map(({ receiptHandle }) => ({
              receiptHandle,
              visibilityTimeoutMs: changes[0]?.visibilityTimeoutMs ?? 0,
            })),
            options,
          ),
      }),
    'each change is applied to the message of its handle',
  ],
  [
    'says that a message is kept that is not in flight',
    (queue) =>
      changed(queue, {
        changeVisibilityBatch: async (changes, options) =>
          (await queue.changeVisibilityBatch(changes, options)).map(() => ({ ok: true })),
      }),
    'a message that is not in flight cannot be kept longer',
  ],
  [
    'describes any queue by the defaults',
    (queue) =>
      changed(queue, {
        describe: async (options) => ({ ...(await queue.describe(options)), maxMessageBytes: 262_144 }),
      }),
    'describe tells the configuration of the queue',
  ],
  [
    'counts what is in flight as visible',
    (queue) =>
      changed(queue, {
        async depth(options) {
          const { visible, inFlight, delayed } = await queue.depth(options);
          return { visible: visible + inFlight, inFlight: 0, delayed };
        },
      }),
    'the depth counts what is visible, in flight and delayed',
  ],
  [
    'sends the entries of a batch in another order',
    (queue) =>
      changed(queue, {
        sendBatch: async (entries, options) =>
          (await queue.sendBatch(entries.toReversed(), options)).toReversed(),
      }),
    'FIFO: messages of a group come in the order in which they were sent',
  ],
  [
    'puts every message in a group of its own',
    sending((entry) => ({ ...entry, groupId: entry.groupId === undefined ? undefined : `g-${fresh++}` })),
    'FIFO: a group with a message in flight yields nothing, the others do',
  ],
  [
    'sends each message under a new deduplication id',
    sending((entry) => ({ ...entry, deduplicationId: `d-${fresh++}` })),
    'FIFO: a deduplication id that is known is answered with the first message and dropped',
  ],
  [
    'makes a number of the sequence number',
    receiving((message) => ({ ...message, sequenceNumber: String(Number(message.sequenceNumber)) })),
    'FIFO: group, deduplication id and a growing sequence number arrive',
  ],
];
