import { deadLetter, type Handler, isQueueError, type Queue, release, retry } from '@sqskit/core';
import { sleep } from '@sqskit/core/clock';
import {
  createFakeClock,
  createFakeQueue,
  createRandom,
  type FakeClock,
  type FakeQueue,
} from '@sqskit/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createLambdaHandler,
  type ErrorContext,
  type LambdaContext,
  type LambdaHandlerOptions,
  type SqsEvent,
  type SqsRecord,
} from '../src/index.ts';
import { packing } from './packing.ts';
import { deadUrl } from './scene.ts';

const arn = 'arn:aws:sqs:us-east-1:123456789012:orders';
const url = 'https://sqs.us-east-1.amazonaws.com/123456789012/orders';

interface Written extends Partial<Omit<SqsRecord, 'attributes'>> {
  readonly groupId?: string | undefined;
  readonly receiveCount?: number | undefined;
}

function record(body: unknown, { groupId, receiveCount = 1, ...more }: Written = {}): SqsRecord {
  return {
    messageId: `m${String(body)}`,
    receiptHandle: `r${String(body)}`,
    body: JSON.stringify(body),
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: '1767225600000',
      ...(groupId === undefined ? {} : { MessageGroupId: groupId, SequenceNumber: '1' }),
    },
    messageAttributes: {},
    eventSourceARN: groupId === undefined ? arn : `${arn}.fifo`,
    ...more,
  };
}

const eventOf = (...records: readonly unknown[]): SqsEvent => ({ Records: records as readonly SqsRecord[] });

interface LambdaScene {
  readonly clock: FakeClock;
  readonly errors: { readonly error: unknown; readonly context: ErrorContext }[];
  /** An invocation that may last so long. Default: a minute. */
  readonly context: (ms?: number) => LambdaContext;
  readonly create: <T = number>(
    handler: Handler<T>,
    options?: LambdaHandlerOptions<T>,
  ) => (event: SqsEvent, context?: LambdaContext) => Promise<readonly string[]>;
  readonly sleep: (ms: number) => Promise<void>;
}

function createScene(): LambdaScene {
  const clock = createFakeClock();
  const errors: LambdaScene['errors'] = [];
  return {
    clock,
    errors,
    context(ms = 60_000) {
      const endsAt = clock.monotonic() + ms;
      return { getRemainingTimeInMillis: () => endsAt - clock.monotonic() };
    },
    create(handler, options) {
      const onError = (error: unknown, context: ErrorContext): void => void errors.push({ error, context });
      const lambda = createLambdaHandler(handler, { clock, random: createRandom(1), onError, ...options });
      return async (event, context) => {
        const { batchItemFailures } = await clock.settle(lambda(event, context));
        return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
      };
    },
    sleep: (ms) => sleep(clock, ms),
  };
}

test('a message has all that its record has', async () => {
  const { create, errors } = createScene();
  const seen: unknown[] = [];
  const lambda = create<{ id: number }>((message) => seen.push(message));
  const one = record(
    { id: 1 },
    {
      messageId: 'one',
      messageAttributes: {
        text: { dataType: 'String', stringValue: 'é' },
        number: { dataType: 'Number.float', stringValue: '1.5' },
        bytes: { dataType: 'Binary', binaryValue: 'AQID' },
      },
      receiveCount: 3,
      groupId: 'g',
    },
  );
  const attributes = { ...one.attributes, MessageDeduplicationId: 'd', AWSTraceHeader: 'Root=1' };
  expect(await lambda(eventOf({ ...one, attributes }))).toEqual([]);
  expect(errors).toEqual([]);
  expect(seen).toEqual([
    {
      id: 'one',
      messageId: 'one',
      body: { id: 1 },
      attributes: {
        text: { type: 'String', value: 'é' },
        number: { type: 'Number.float', value: '1.5' },
        bytes: { type: 'Binary', value: expect.any(Uint8Array) },
      },
      receiveCount: 3,
      sentAtMs: 1_767_225_600_000,
      queueUrl: `${url}.fifo`,
      groupId: 'g',
      deduplicationId: 'd',
      sequenceNumber: '1',
      traceHeader: 'Root=1',
    },
  ]);
});

test('what fails, and whatever a verdict has come again, is in the answer, and nothing else', async () => {
  const { create, context, errors } = createScene();
  const lambda = create(({ body }) => {
    switch (body) {
      case 1:
        throw new Error('not this one');
      case 2:
        return retry({ delayMs: 5_000 });
      case 3:
        return release();
      case 4:
        return deadLetter('no queue for it');
      default:
        return 'done';
    }
  });
  const all = [0, 1, 2, 3, 4, 5].map((body) => record(body));
  expect(await lambda(eventOf(...all), context())).toEqual(['m1', 'm2', 'm3', 'm4']);
  expect(errors).toMatchObject([{ context: { during: 'handle', messageId: 'm1' } }]);
  expect(await lambda(eventOf(), context())).toEqual([]);
});

test('so many handlers run at a time', async () => {
  const scene = createScene();
  const { create, clock } = scene;
  let running = 0;
  let most = 0;
  const lambda = create(
    async () => {
      most = Math.max(most, ++running);
      await scene.sleep(100);
      running--;
    },
    { maxConcurrency: 4 },
  );
  await lambda(eventOf(...Array.from({ length: 10 }, (_, body) => record(body))));
  expect(most).toBe(4);
  expect(clock.monotonic()).toBe(300);
  expect(clock.pendingTimers).toBe(0);
});

test('on a FIFO queue a group runs in order, and its rest does not run after a failure; other groups go on', async () => {
  const scene = createScene();
  const ran: number[] = [];
  const lambda = scene.create(async ({ body }) => {
    await scene.sleep(10 * (10 - body));
    ran.push(body);
    if (body === 2) {
      throw new Error('stop here');
    }
  });
  const groups = ['a', 'b'];
  const all = [0, 1, 2, 3, 4, 5, 6, 7].map((body) => record(body, { groupId: groups[body % 2] }));
  expect(await lambda(eventOf(...all), scene.context())).toEqual(['m2', 'm4', 'm6']);
  expect(ran.filter((body) => body % 2 === 0)).toEqual([0, 2]);
  expect(ran.filter((body) => body % 2 === 1)).toEqual([1, 3, 5, 7]);
});

test('the answer comes before the end of the invocation, and names what was not done', async () => {
  const scene = createScene();
  const { create, clock, context } = scene;
  const reasons: unknown[] = [];
  const lambda = create(
    async ({ body }, { signal }) => {
      if (body === 0) {
        return scene.sleep(100);
      }
      if (body === 1) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        reasons.push(signal.reason);
        return body; // nothing that says that it is done
      }
      return new Promise(() => undefined); // deaf to its signal
    },
    { maxConcurrency: 3, marginMs: 2_000 },
  );
  const all = [0, 1, 2, 3, 4].map((body) => record(body));
  expect(await lambda(eventOf(...all), context(10_000))).toEqual(['m1', 'm2', 'm3', 'm4']);
  expect(clock.monotonic()).toBeGreaterThanOrEqual(8_000);
  expect(clock.monotonic()).toBeLessThan(10_000);
  expect(isQueueError(reasons[0], 'stopped')).toBe(true);
  expect(clock.pendingTimers).toBe(0);
});

test('a handler that finishes by a verdict after it was told to end has done its message', async () => {
  const scene = createScene();
  const lambda = scene.create(async (_message, { signal }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return retry({ delayMs: 0 });
  });
  expect(await lambda(eventOf(record(1)), scene.context(5_000))).toEqual(['m1']);
});

test.each([
  ['a body that is no text', { body: 5 }],
  ['a body that is not JSON', { body: '{' }],
  ['an attribute of no type', { messageAttributes: { odd: { stringValue: 'x' } } }],
  ['an attribute of no value', { messageAttributes: { odd: { dataType: 'Number' } } }],
  ['bytes that are not base64', { messageAttributes: { odd: { dataType: 'Binary', binaryValue: '*' } } }],
])('a record with %s fails alone, and does not run', async (_what, broken) => {
  const { create, errors } = createScene();
  const ran: number[] = [];
  const lambda = create(({ body }) => ran.push(body));
  const odd = { ...record(1), ...broken };
  expect(await lambda(eventOf(record(0), odd, record(2)))).toEqual(['m1']);
  expect(ran).toEqual([0, 2]);
  expect(errors).toMatchObject([{ context: { during: 'decode', messageId: 'm1' } }]);
});

test.each([
  ['no records', {}],
  ['no event', undefined],
  ['a record that is none', { Records: [5] }],
  ['a record without a message id', { Records: [{ ...record(1), messageId: '' }] }],
  [
    'a record of something else',
    { Records: [{ ...record(1), eventSourceARN: 'arn:aws:sns:us-east-1:1:t' }] },
  ],
])('an event with %s is refused, so that all of it comes again', async (_what, event) => {
  const { create } = createScene();
  const lambda = create(() => expect.unreachable());
  await expect(lambda(event as SqsEvent)).rejects.toMatchObject({ code: 'message-invalid' });
});

test('a message that is twice in an event runs once', async () => {
  const { create } = createScene();
  let runs = 0;
  const lambda = create(() => {
    runs++;
    throw new Error('once');
  });
  expect(await lambda(eventOf(record(1), record(1)))).toEqual(['m1']);
  expect(runs).toBe(1);
});

test('a message that is done and comes again is not run again', async () => {
  const { create } = createScene();
  const ran: number[] = [];
  const lambda = create(({ body }) => {
    ran.push(body);
    return body === 1 && ran.length < 3 ? retry() : undefined;
  });
  expect(await lambda(eventOf(record(0), record(1)))).toEqual(['m1']);
  expect(await lambda(eventOf(record(0), record(1)))).toEqual([]);
  expect(ran).toEqual([0, 1, 1]);
});

test('without partial responses the invocation fails if any message did, and what is done is not run again', async () => {
  const { create } = createScene();
  const ran: number[] = [];
  const lambda = create(
    ({ body }) => {
      ran.push(body);
      return body === 1 && ran.length < 3 ? retry() : undefined;
    },
    { partialResponses: false },
  );
  const failing = lambda(eventOf(record(0), record(1)));
  await expect(failing).rejects.toMatchObject({
    code: 'invocation-failed',
    details: { failed: 1, messages: 2 },
  });
  expect(await lambda(eventOf(record(0), record(1)))).toEqual([]);
  expect(ran).toEqual([0, 1, 1]);
});

test('what is dead-lettered is sent and then done; where it cannot be sent it comes again', async () => {
  const { create, clock, errors, context } = createScene();
  const dead = createFakeQueue({ clock, url: deadUrl });
  const lambda = create(({ body }) => deadLetter(`no ${body}`), { deadLetterQueue: dead });
  expect(await lambda(eventOf(record(1)), context())).toEqual([]);
  expect(dead.messages()).toMatchObject([{ body: '1' }]);
  const refusing: Queue = { ...plainQueue(dead), sendBatch: () => new Promise(() => undefined) };
  const stuck = create(() => deadLetter('no'), { deadLetterQueue: refusing });
  expect(await stuck(eventOf(record(2)), context(5_000))).toEqual(['m2']);
  expect(errors.at(-1)).toMatchObject({ context: { during: 'settle', messageId: 'm2' } });
  expect(clock.pendingTimers).toBe(0);
});

test('the failure policy decides, and a message goes to the dead-letter queue at its maximum of receives', async () => {
  const { create, clock } = createScene();
  const dead = createFakeQueue({ clock, url: deadUrl });
  const lambda = create(
    () => {
      throw new Error('never');
    },
    { deadLetterQueue: dead, maxReceiveCount: 3 },
  );
  expect(await lambda(eventOf(record(1, { receiveCount: 2 }), record(2, { receiveCount: 3 })))).toEqual([
    'm1',
  ]);
  expect(dead.messages()).toMatchObject([{ body: '2' }]);
});

/** A queue's verbs as its own properties, to be changed by a spread. */
function plainQueue(queue: Queue): Queue {
  return {
    url: queue.url,
    sendBatch: (entries, options) => queue.sendBatch(entries, options),
    receive: (request, options) => queue.receive(request, options),
    deleteBatch: (handles, options) => queue.deleteBatch(handles, options),
    changeVisibilityBatch: (changes, options) => queue.changeVisibilityBatch(changes, options),
    describe: (options) => queue.describe(options),
    depth: (options) => queue.depth(options),
  };
}

/** What Lambda's poller makes an event of. */
async function receiveEvent(clock: FakeClock, queue: FakeQueue, maxMessages = 10): Promise<SqsEvent> {
  const received = await clock.settle(queue.receive({ maxMessages, waitTimeMs: 0 }));
  const name = queue.url.split('/').at(-1);
  const records = received.map(
    ({ messageId, receiptHandle, body, receiveCount, groupId, sequenceNumber }): SqsRecord => ({
      messageId,
      receiptHandle,
      body,
      attributes: {
        ApproximateReceiveCount: String(receiveCount),
        ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
        ...(sequenceNumber === undefined ? {} : { SequenceNumber: sequenceNumber }),
      },
      messageAttributes: {},
      eventSourceARN: `arn:aws:sqs:us-east-1:123456789012:${name}`,
    }),
  );
  return eventOf(...records);
}

test('with the queue, delays and releases are carried out at once', async () => {
  const { create, clock, context } = createScene();
  const queue = createFakeQueue({ clock, url });
  await clock.settle(queue.sendBatch([{ body: '0' }, { body: '1' }, { body: '2' }]));
  const lambda = create(({ body }) => [undefined, retry({ delayMs: 60_000 }), release()][body], { queue });
  const event = await receiveEvent(clock, queue);
  const [, second, third] = event.Records.map(({ messageId }) => messageId);
  expect(await lambda(event, context())).toEqual([second, third]);
  const changes = queue.calls.flatMap((call) => (call.verb === 'changeVisibilityBatch' ? call.given : []));
  expect(changes.map(({ visibilityTimeoutMs }) => visibilityTimeoutMs).toSorted((a, b) => a - b)).toEqual([
    0, 60_000,
  ]);
  expect(queue.deleted).toEqual([]); // that is Lambda's
});

/** A pack of so many messages in the queue. */
async function sendPack(clock: FakeClock, queue: FakeQueue, size: number): Promise<void> {
  const [first, ...others] = Array.from({ length: size }, (_, body) => ({
    id: `i${body}`,
    content: String(body),
    attempt: 0,
  }));
  if (first === undefined) {
    throw new RangeError('an empty pack');
  }
  const { payload } = await packing().seal([first, ...others], 100_000);
  await clock.settle(queue.sendBatch([payload]));
}

test('a pack of which messages failed comes again as a whole, and only the rest of it runs', async () => {
  const { create, clock, context } = createScene();
  const queue = createFakeQueue({ clock, url, visibilityTimeoutMs: 1_000 });
  await sendPack(clock, queue, 5);
  const ran: number[] = [];
  const lambda = create(
    ({ body }) => {
      ran.push(body);
      return body === 2 && ran.length < 6 ? retry() : undefined;
    },
    { envelope: packing(), maxConcurrency: 2 },
  );
  expect(await lambda(await receiveEvent(clock, queue), context())).toHaveLength(1);
  await clock.advance(1_100);
  expect(await lambda(await receiveEvent(clock, queue), context())).toEqual([]);
  expect(ran).toEqual([0, 1, 2, 3, 4, 2]);
});

test('with the queue, what failed of a pack is sent again alone and the pack is done', async () => {
  const { create, clock, context } = createScene();
  const queue = createFakeQueue({ clock, url });
  await sendPack(clock, queue, 5);
  const lambda = create(({ body }) => (body === 2 ? retry({ delayMs: 0 }) : undefined), {
    envelope: packing(),
    queue,
  });
  expect(await lambda(await receiveEvent(clock, queue), context())).toEqual([]);
  await clock.advance(1_000);
  const again = await receiveEvent(clock, queue);
  const seen: unknown[] = [];
  const next = create((message) => seen.push([message.id, message.body, message.receiveCount]), {
    envelope: packing(),
  });
  expect(await next(again, context())).toEqual([]);
  expect(seen).toEqual([['i2', 2, 2]]);
});

test('whatever happens, a message that is not named was done, and groups were in order', async () => {
  const answers: number[][] = [];
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({ group: fc.constantFrom('a', 'b', 'c'), ms: fc.nat({ max: 400 }), fails: fc.boolean() }),
        { maxLength: 20 },
      ),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 3_000 }),
      fc.boolean(),
      async (plans, maxConcurrency, remainingMs, fifo) => {
        const scene = createScene();
        const done: number[] = [];
        const lambda = scene.create<number>(
          async ({ body }) => {
            await scene.sleep(plans[body]?.ms ?? 0);
            if (plans[body]?.fails === true) {
              throw new Error('as planned');
            }
            done.push(body);
          },
          { maxConcurrency, marginMs: 500 },
        );
        const all = plans.map(({ group }, body) => record(body, fifo ? { groupId: group } : {}));
        const failed = new Set(await lambda(eventOf(...all), scene.context(remainingMs)));
        expect(scene.clock.monotonic()).toBeLessThanOrEqual(remainingMs);
        expect(scene.clock.pendingTimers).toBeLessThanOrEqual(maxConcurrency); // handlers that sleep on
        const counted = plans.map((_, body) => body).filter((body) => !failed.has(`m${body}`));
        expect(done).toEqual(expect.arrayContaining(counted));
        for (const group of fifo ? ['a', 'b', 'c'] : []) {
          const ofGroup = plans.flatMap((plan, body) => (plan.group === group ? [body] : []));
          answers.push(ofGroup.map((body) => Number(failed.has(`m${body}`))));
        }
      },
    ),
    { numRuns: 200 },
  );
  // Of each group first what was done, then what was not.
  expect(answers.map((answer) => answer.toSorted((one, other) => one - other))).toEqual(answers);
});

test('a queue is not its own dead-letter queue', async () => {
  const { clock, create } = createScene();
  const queue = createFakeQueue({ clock, url });
  expect(() => create(() => undefined, { queue, deadLetterQueue: queue })).toThrow(/another queue/);
  const lambda = create(() => undefined, { deadLetterQueue: queue });
  await expect(lambda(eventOf(record(1)))).rejects.toMatchObject({ code: 'option-invalid' });
});

test("a context that does not tell how much time is left, as a unit test's, is taken for a long one", async () => {
  const { create } = createScene();
  const silent = {} as LambdaContext;
  expect(await create(() => undefined)(eventOf(record(1)), silent)).toEqual([]);
  const noEvent = createLambdaHandler(() => undefined)(
    { id: 'of EventBridge' } as unknown as SqsEvent,
    silent,
  );
  await expect(noEvent).rejects.toMatchObject({ code: 'message-invalid', details: { field: 'Records' } });
});

test("it fits others' declarations of Lambda's types, where system attributes are an interface", async () => {
  interface Attributes {
    ApproximateReceiveCount: string;
    SentTimestamp: string;
    SenderId: string;
  }
  interface Declared extends Omit<SqsRecord, 'attributes'> {
    attributes: Attributes;
  }
  type DeclaredHandler = (
    event: { Records: Declared[] },
    context: LambdaContext & { awsRequestId: string },
    callback: () => void,
  ) => Promise<{ batchItemFailures: { itemIdentifier: string }[] }>;
  const handler: DeclaredHandler = createLambdaHandler<number>(() => undefined);
  const attributes = { ApproximateReceiveCount: '1', SentTimestamp: '1', SenderId: 'somebody' };
  const context = { awsRequestId: 'r', getRemainingTimeInMillis: () => 60_000 };
  const answer = await handler({ Records: [{ ...record(1), attributes }] }, context, () => undefined);
  expect(answer).toEqual({ batchItemFailures: [] });
});

test('wrong options are refused', () => {
  const wrong: unknown = 'no handler';
  expect(() => createLambdaHandler(wrong as Handler<number>)).toThrow(
    /createLambdaHandler: expected `handler`/,
  );
  expect(() => createLambdaHandler(() => undefined, { marginMs: -1 })).toThrow(/expected `marginMs`/);
  expect(() => createLambdaHandler(() => undefined, { prefetch: 1 } as object)).toThrow(
    /expected `prefetch`/,
  );
});
