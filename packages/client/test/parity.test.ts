import type { Failure, MessageAttributes, Queue, ReceivedMessage, SendEntry } from '@sqskit/core';
import { isQueueError } from '@sqskit/core';
import fc from 'fast-check';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPooledClient } from '../src/index.ts';
import { leanCarrier } from './lean-set-up.ts';
import { type Answer, acceptedEntry, type ScriptedServer, startScriptedServer } from './scripted-server.ts';
import { type Carrier, credentials, region, sdkCarrier } from './sdk.ts';

/** Both transports, each with what it talks to. */
const carriers: readonly ((endpoint: string) => Carrier)[] = [
  (endpoint) => {
    const client = createPooledClient({ region, endpoint, credentials });
    return sdkCarrier(Object.assign(client, { destroy: () => void client.close() }));
  },
  (endpoint) => leanCarrier({ endpoint, credentials }),
];

type Call = (queue: Queue) => Promise<unknown>;

const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.string({ unit: 'binary', minLength: 1 }),
);
const attributes: fc.Arbitrary<MessageAttributes> = fc.dictionary(
  fc.stringMatching(/^[A-Za-z_][\w-]{0,20}$/),
  fc.oneof(
    fc.record({ type: fc.constantFrom('String', 'String.x'), value: text }),
    fc.record({ type: fc.constant('Number'), value: fc.integer().map(String) }),
    fc.record({ type: fc.constantFrom('Binary', 'Binary.gzip'), value: fc.uint8Array({ minLength: 1 }) }),
  ),
  { maxKeys: 4 },
) as fc.Arbitrary<MessageAttributes>;
const entry: fc.Arbitrary<SendEntry> = fc.record(
  {
    body: fc.oneof(text, fc.constant('')),
    attributes,
    groupId: fc.stringMatching(/^\w{1,10}$/),
    deduplicationId: fc.stringMatching(/^\w{1,10}$/),
    delayMs: fc.nat({ max: 900_000 }),
    traceHeader: fc.stringMatching(/^Root=[\w-]{1,20}$/),
  },
  { requiredKeys: ['body'] },
);
const batches = fc.array(entry, { minLength: 1, maxLength: 10 });
const handles = fc.array(fc.string({ maxLength: 20 }), { minLength: 1, maxLength: 10 });
const sends: fc.Arbitrary<Call> = batches.map((entries) => (queue: Queue) => queue.sendBatch(entries));
// Of bodies whose MD5 the script's answers know: where one is wrong, the transports differ, and are meant to.
const sendsOfKnown: fc.Arbitrary<Call> = batches.map(
  (entries) => (queue: Queue) => queue.sendBatch(entries.map((one) => ({ ...one, body: 'same' }))),
);
const otherCalls: fc.Arbitrary<Call> = fc.oneof(
  handles.map((given) => (queue: Queue) => queue.deleteBatch(given)),
  handles.map(
    (given) => (queue: Queue) =>
      queue.changeVisibilityBatch(
        given.map((receiptHandle, n) => ({ receiptHandle, visibilityTimeoutMs: n * 700 })),
      ),
  ),
  fc
    .record({ maxMessages: fc.integer({ min: 1, max: 10 }), waitTimeMs: fc.nat({ max: 900 }) })
    .map((request) => (queue: Queue) => queue.receive(request)),
  fc.constantFrom<Call>(
    (queue) => queue.describe(),
    (queue) => queue.depth(),
  ),
);

/** What came of a call, as far as it is told in codes and values. */
async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    const result = await call;
    return Array.isArray(result) ? result.map(plain) : result;
  } catch (error) {
    return told(error);
  }
}

function plain(one: Failure | ReceivedMessage): unknown {
  return 'ok' in one ? ('error' in one ? told(one.error) : one) : withPlainBytes(one);
}

function withPlainBytes(message: ReceivedMessage): unknown {
  const values = Object.entries(message.attributes).map(([name, { type, value }]) => [
    name,
    { type, value: typeof value === 'string' ? value : [...value] },
  ]);
  return { ...message, attributes: Object.fromEntries(values) };
}

function told(error: unknown): unknown {
  if (!isQueueError(error)) {
    throw error;
  }
  const { code, details, outcome: effect, retryable, throttled } = error;
  return { code, details, outcome: effect, retryable, throttled };
}

describe('whatever is called and whatever is answered, both transports', () => {
  const awsCodes = fc.constantFrom(
    'RequestThrottled',
    'KmsThrottled',
    'KmsDisabled',
    'OverLimit',
    'QueueDoesNotExist',
    'ReceiptHandleIsInvalid',
    'BatchRequestTooLong',
    'AccessDeniedException',
    'ExpiredTokenException',
    'InvalidSignatureException',
    'InternalFailure',
    'ServiceUnavailable',
    'InvalidMessageContents',
    'Surprise',
  );
  const ids = fc.array(fc.constantFrom('0', '1', '2', '3', '9', 'x'), { maxLength: 4 });
  const answers: fc.Arbitrary<Answer | undefined> = fc.oneof(
    fc.constant(undefined),
    fc
      .record({
        status: fc.constantFrom(400, 403, 404, 408, 413, 429, 500, 502, 503, 504),
        type: fc.oneof(
          awsCodes,
          awsCodes.map((code) => `com.amazonaws.sqs#${code}`),
        ),
      })
      .map((error) => ({ kind: 'error', ...error }) as const),
    fc
      .record({
        status: fc.constantFrom(200, 403, 500, 502, 503),
        body: fc.constantFrom('<html>', 'no', '{"half":'),
      })
      .map((answer) => ({ kind: 'text', ...answer }) as const),
    fc.constantFrom<Answer>({ kind: 'reset' }, { kind: 'half' }),
  );

  const partialAnswers: fc.Arbitrary<Answer> = fc
    .record({ accepted: ids, refused: ids, Code: awsCodes, SenderFault: fc.boolean() })
    .map(({ accepted, refused, ...failure }) => ({
      kind: 'json' as const,
      body: {
        Successful: accepted.map((Id) => ({
          ...acceptedEntry({ Id, MessageBody: 'same' }),
          SequenceNumber: '7',
        })),
        Failed: refused.map((Id) => ({ Id, Message: 'no', ...failure })),
      },
    }));
  const exchanges = fc.oneof(
    fc.tuple(fc.oneof(sends, otherCalls), answers),
    fc.tuple(fc.oneof(sendsOfKnown, otherCalls), partialAnswers),
  );

  test('send the same, and tell the same', async () => {
    const sides: { readonly server: ScriptedServer; readonly carrier: Carrier }[] = [];
    for (const carrierFrom of carriers) {
      const server = await startScriptedServer();
      sides.push({ server, carrier: carrierFrom(server.endpoint) });
    }
    await fc.assert(
      fc.asyncProperty(exchanges, fc.boolean(), async ([call, answer], fifo) => {
        const results: unknown[] = [];
        for (const { server, carrier } of sides) {
          const before = server.calls.length;
          server.script(...(answer === undefined ? [] : [answer]));
          const url = `http://sqs.us-east-1.localhost:9324/000000000000/q${fifo ? '.fifo' : ''}`;
          const came = await outcome(call(carrier.queue(url)));
          const sent = server.calls
            .slice(before)
            .map(({ action, url: path, input }) => ({ action, path, input }));
          server.clear();
          results.push({ came, sent });
        }
        expect(results[1]).toEqual(results[0]);
      }),
      { numRuns: 500 },
    );
    for (const { server, carrier } of sides) {
      carrier.destroy();
      await server.stop();
    }
  });
});

describe('on fauxqs, both transports', () => {
  let fauxqs: FauxqsServer;
  let queues: readonly Queue[];
  let all: readonly Carrier[];

  beforeAll(async () => {
    fauxqs = await startFauxqs({ port: 0, logger: false });
    all = carriers.map((carrierFrom) => carrierFrom(`http://127.0.0.1:${fauxqs.port}`));
    queues = all.map((carrier, index) => {
      fauxqs.createQueue(`parity-${index}`, { region });
      return carrier.queue(`http://sqs.us-east-1.localhost:${fauxqs.port}/000000000000/parity-${index}`);
    });
  });

  afterAll(async () => {
    for (const carrier of all) {
      carrier.destroy();
    }
    await fauxqs.stop();
  });

  const own = { messageId: 'its own', receiptHandle: 'its own', sentAtMs: 0 };

  test('have the same outcomes of a batch, and receive the same messages', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (given) => {
        const entries = given.map((one) => ({ ...one, delayMs: undefined }));
        const results: unknown[] = [];
        for (const queue of queues) {
          const sent = await queue.sendBatch(entries);
          const received: ReceivedMessage[] = [];
          for (let got = 1; got > 0; ) {
            const messages = await queue.receive({ maxMessages: 10, waitTimeMs: 0 });
            got = messages.length;
            received.push(...messages);
          }
          const deleted =
            received.length === 0 ? [] : await queue.deleteBatch(received.map((one) => one.receiptHandle));
          results.push({
            sent: sent.map((one) =>
              'error' in one ? { ...(told(one.error) as object), details: undefined } : one.ok,
            ),
            received: received.map((message) => Object.assign(withPlainBytes(message) as object, own)),
            deleted,
            depth: await queue.depth(),
          });
        }
        expect(results[1]).toEqual(results[0]);
      }),
      { numRuns: 150 },
    );
  });
});
