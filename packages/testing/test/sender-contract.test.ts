import { AssertionError } from 'node:assert';
import { type Queue, QueueError, type QueueErrorOptions, type Sender, type SendOutcome } from '@sqskit/core';
import { describe, expect, test } from 'vitest';
import { type SenderParts, senderContract } from '../src/index.ts';
import { caseNamed, changed, titled } from './planted.ts';
import { createReferenceSender, type Flaws } from './reference-sender.ts';

describe('a sender without flaws keeps the contract', () => {
  const cases = senderContract({ createSender: (parts) => createReferenceSender(parts) });
  test.each(titled(cases))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('a sender whose messages are wrapped keeps the contract', () => {
  const cases = senderContract({
    createSender: (parts) =>
      createReferenceSender({
        ...parts,
        queue: withSends(parts.queue, (entries, send) =>
          send(entries.map((entry) => ({ ...entry, body: JSON.stringify({ body: entry.body }) }))),
        ),
      }),
    readTexts: ({ body }) => [JSON.parse(body).body],
  });
  test.each(titled(cases))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

type Sends = Queue['sendBatch'];

/** A layer between the sender and the queue: a flaw there is a flaw of the two together. */
function withSends(
  queue: Queue,
  sendBatch: (...args: [Parameters<Sends>[0], Sends]) => ReturnType<Sends>,
): Queue {
  return changed(queue, {
    sendBatch: (entries, options) => sendBatch(entries, (others) => queue.sendBatch(others, options)),
  });
}

type Plant = (parts: SenderParts) => Sender<string>;

const flawed =
  (flaws: Flaws): Plant =>
  (parts) =>
    createReferenceSender(parts, flaws);

/** Changes what the sender sends and is answered. */
const below =
  (sendBatch: Parameters<typeof withSends>[1]): Plant =>
  (parts) =>
    createReferenceSender({ ...parts, queue: withSends(parts.queue, sendBatch) });

/** Changes each outcome that the sender is told. */
const told = (change: (outcome: SendOutcome) => SendOutcome): Plant =>
  below(async (entries, send) => (await send(entries)).map(change));

/** Changes the sender itself. */
const round =
  (change: (sender: Sender<string>, parts: SenderParts) => Partial<Sender<string>>): Plant =>
  (parts) => {
    const sender = createReferenceSender(parts);
    return {
      send: (message, options) => sender.send(message, options),
      trySend: (message, options) => sender.trySend(message, options),
      flush: () => sender.flush(),
      close: (options) => sender.close(options),
      [Symbol.asyncDispose]: () => sender[Symbol.asyncDispose](),
      ...change(sender, parts),
    };
  };

const failedAs = (error: QueueError, changes: QueueErrorOptions): SendOutcome => {
  const { outcome, retryable, throttled, cause } = error;
  const options = { outcome, retryable, throttled, cause, ...changes };
  return { ok: false, error: new QueueError(error.code, error.message, error.details, options) };
};

const plants: readonly (readonly [flaw: string, plant: Plant, caughtBy: string])[] = [
  [
    'sends a whole batch again when one entry failed',
    below(async (entries, send) => {
      const outcomes = await send(entries);
      const failure = outcomes.find((outcome) => !outcome.ok);
      return failure === undefined ? outcomes : outcomes.map(() => failure);
    }),
    'an entry that failed is sent again alone, and its batch is not',
  ],
  [
    'drops a failed entry and says that it was sent',
    told((outcome) => (outcome.ok ? outcome : { ok: true, messageId: 'invented' })),
    'whatever goes wrong, every promise settles and tells the truth (1)',
  ],
  [
    'gives the outcomes to the wrong messages',
    below(async (entries, send) => (await send(entries)).toReversed()),
    'an entry that SQS refuses for good fails alone, and is not sent again',
  ],
  [
    'says that an unanswered message was rejected',
    told((outcome) =>
      outcome.ok || outcome.error.outcome === 'rejected'
        ? outcome
        : failedAs(outcome.error, { outcome: 'rejected', retryable: false }),
    ),
    'a message whose call was never answered gets a receipt in the end, or an error that says unknown',
  ],
  [
    'makes one call for each message',
    below(async (entries, send) => (await Promise.all(entries.map((entry) => send([entry])))).flat()),
    'messages sent together share batches, and every one is accepted once',
  ],
  [
    'never tries again',
    told((outcome) => (outcome.ok ? outcome : failedAs(outcome.error, { retryable: false }))),
    'calls that are throttled are made again until they succeed',
  ],
  [
    'tries again what was refused for good',
    told((outcome) => (outcome.ok ? outcome : failedAs(outcome.error, { retryable: true }))),
    'an entry that SQS refuses for good fails alone, and is not sent again',
  ],
  [
    'sends several messages of a group at a time',
    flawed({ lanes: 'none' }),
    'FIFO: order holds, and nothing is accepted twice, whatever goes wrong (1)',
  ],
  [
    'gives each attempt a deduplication id of its own',
    (parts) => {
      let attempt = 0;
      return below((entries, send) =>
        send(entries.map((entry) => ({ ...entry, deduplicationId: `attempt-${attempt++}` }))),
      )(parts);
    },
    'FIFO: order holds, and nothing is accepted twice, whatever goes wrong (1)',
  ],
  [
    'counts entries and not bytes',
    flawed({ maxBytes: Number.POSITIVE_INFINITY }),
    'large messages share a batch only as far as SQS allows',
  ],
  [
    'loses the trace header',
    below((entries, send) => send(entries.map((entry) => ({ ...entry, traceHeader: undefined })))),
    'what belongs to a message travels with it',
  ],
  [
    'holds more than it may',
    flawed({ roomFor: 100_000 }),
    'trySend gives undefined while the sender is full, and takes messages again when there is room',
  ],
  [
    'waits in trySend',
    round((sender) => ({ trySend: (message, options) => sender.send(message, options) })),
    'trySend gives undefined while the sender is full, and takes messages again when there is room',
  ],
  ['gives every message the same id', flawed({ sameIds: true }), 'messages without an id get one each'],
  [
    'takes no notice of a deadline',
    round((sender) => ({ send: (message, { signal } = {}) => sender.send(message, { signal }) })),
    'a message is given up at its deadline, however long the queue is out of order',
  ],
  [
    'takes no notice of a signal',
    round((sender) => ({ send: (message, { deadlineMs } = {}) => sender.send(message, { deadlineMs }) })),
    'a message that is aborted while its call is under way may have been sent',
  ],
  [
    'says that a message aborted on its way was rejected',
    round((sender) => ({
      send: async (message, options) => {
        try {
          return await sender.send(message, options);
        } catch (error) {
          throw error instanceof QueueError && error.code === 'aborted'
            ? new QueueError('aborted', error.message, {}, { cause: error.cause })
            : error;
        }
      },
    })),
    'a message that is aborted while its call is under way may have been sent',
  ],
  [
    'flushes nothing',
    round(() => ({ flush: async () => undefined })),
    'flush resolves when everything so far is settled, without lingering',
  ],
  [
    'forgets what it could not deliver',
    round((sender) => ({
      close: async (options) => ({ ...(await sender.close(options)), undelivered: [] }),
    })),
    'close takes as long as it was given, and lists what it could not deliver',
  ],
  [
    'closes in its own time',
    round((sender) => ({ close: () => sender.close() })),
    'close takes as long as it was given, and lists what it could not deliver',
  ],
  [
    'takes messages when it is closed',
    (parts) => {
      const later = createReferenceSender(parts);
      let isClosed = false;
      return round((sender) => ({
        send: (message, options) => (isClosed ? later : sender).send(message, options),
        close: (options) => {
          isClosed = true;
          return sender.close(options);
        },
      }))(parts);
    },
    'a closed sender refuses messages',
  ],
  [
    'says in trySend that a closed sender is only full',
    (parts) => {
      let isClosed = false;
      return round((sender) => ({
        trySend: (message, options) => (isClosed ? undefined : sender.trySend(message, options)),
        close: (options) => {
          isClosed = true;
          return sender.close(options);
        },
      }))(parts);
    },
    'a closed sender refuses messages',
  ],
  [
    'leaves a timer running when it is closed',
    round((_, { clock }) => {
      const tick = (): void => {
        clock.setTimer(tick, 10_000);
      };
      tick();
      return {};
    }),
    'close delivers what is buffered and reports it',
  ],
];

describe('a sender with a flaw does not keep the contract: one that', () => {
  test.each(plants)('%s', async (_, createSender, caughtBy) => {
    const { run } = caseNamed(senderContract({ createSender }), caughtBy);
    await expect(run()).rejects.toBeInstanceOf(AssertionError);
  });
});
