import { describe, expect, test } from 'vitest';
import type { QueueVerb } from '../src/index.ts';
import {
  createFakeClock,
  createFakeQueue,
  createFaultPlan,
  type Fault,
  type FaultPlanOptions,
  type FaultRates,
  scriptedFaults,
} from '../src/index.ts';

const verbs: readonly QueueVerb[] = ['sendBatch', 'receive', 'deleteBatch', 'changeVisibilityBatch'];

function setUp(fifo = false) {
  const clock = createFakeClock();
  const faults = scriptedFaults();
  const queue = createFakeQueue({ clock, faults, fifo, latencyMs: 10 });
  return {
    clock,
    faults,
    queue,
    send: (...texts: readonly string[]) =>
      clock.settle(
        queue.sendBatch(
          texts.map((body) => (fifo ? { body, groupId: 'g', deduplicationId: body } : { body })),
        ),
      ),
    receive: (maxMessages = 10) => clock.settle(queue.receive({ maxMessages, waitTimeMs: 0 })),
    delete: (...handles: readonly string[]) => clock.settle(queue.deleteBatch(handles)),
  };
}

describe('a scripted fault', () => {
  test('befalls the next call of its verb, and no other', async () => {
    const { faults, send, receive } = setUp();
    faults.failNext('sendBatch', { kind: 'throttle' });
    expect(await receive()).toEqual([]);
    expect(await send('a')).toMatchObject([{ ok: false }]);
    expect(await send('a')).toMatchObject([{ ok: true }]);
    expect(faults.pending).toBe(0);
  });

  test('befalls as many calls as it is told to; the next one comes after', async () => {
    const { faults, send } = setUp();
    faults
      .failNext('sendBatch', { kind: 'throttle' }, { times: 2 })
      .failNext('sendBatch', { kind: 'unavailable' });
    expect(faults.pending).toBe(3);
    const codes: unknown[] = [];
    for (let count = 0; count < 4; count++) {
      const [outcome] = await send('a');
      codes.push(outcome?.ok === false ? outcome.error.code : 'ok');
    }
    expect(codes).toEqual(['throttled', 'throttled', 'service-error', 'ok']);
  });

  test('is forgotten by clear, for one verb or for all', async () => {
    const { faults, send } = setUp();
    faults.failNext('sendBatch', { kind: 'throttle' }, { times: Number.POSITIVE_INFINITY });
    faults.failNext('receive', { kind: 'throttle' });
    await send('a');
    expect(faults.pending).toBe(Number.POSITIVE_INFINITY);
    faults.clear('sendBatch');
    expect(await send('a')).toMatchObject([{ ok: true }]);
    expect(faults.pending).toBe(1);
    faults.clear();
    expect(faults.pending).toBe(0);
  });

  test('for no call at all is a mistake', () => {
    expect(() => scriptedFaults().failNext('receive', { kind: 'throttle' }, { times: 0 })).toThrow(
      'expected `times` to be a number of calls from 1, or Infinity, received 0',
    );
  });
});

describe('a fault of a whole call', () => {
  test.each<readonly [Fault, object]>([
    [{ kind: 'throttle' }, { code: 'throttled', retryable: true, throttled: true, outcome: 'rejected' }],
    [{ kind: 'unavailable' }, { code: 'service-error', retryable: true, outcome: 'rejected' }],
    [
      { kind: 'service-error', awsCode: 'QueueDoesNotExist', httpStatus: 400 },
      { code: 'queue-missing', retryable: false, outcome: 'rejected' },
    ],
    [
      { kind: 'service-error', awsCode: 'InternalFailure', httpStatus: 500 },
      { code: 'service-error', retryable: true, outcome: 'unknown' },
    ],
    [{ kind: 'batch-too-large' }, { code: 'batch-too-large', retryable: false, outcome: 'rejected' }],
  ])('%o fails every entry, or the receive, without effect', async (fault, error) => {
    const { clock, faults, queue, send, receive } = setUp();
    faults.failNext('sendBatch', fault).failNext('receive', fault);
    expect(await send('a', 'b')).toMatchObject([
      { ok: false, error },
      { ok: false, error },
    ]);
    expect(queue.accepted).toEqual([]);
    await send('c');
    await expect(receive()).rejects.toMatchObject(error);
    expect(await clock.settle(queue.depth())).toEqual({ visible: 1, inFlight: 0, delayed: 0 });
    expect(queue.injectedFaults[fault.kind]).toBe(2);
  });

  test('a lost request has no effect, and the caller cannot know', async () => {
    const { clock, faults, queue, send } = setUp();
    faults.failNext('sendBatch', { kind: 'lost-request', timeoutMs: 3_000 });
    expect(await send('a')).toMatchObject([
      {
        error: {
          code: 'timeout',
          outcome: 'unknown',
          retryable: true,
          details: { operation: 'SendMessageBatch', timeoutMs: 3_000 },
        },
      },
    ]);
    expect(clock.monotonic()).toBe(3_000);
    expect(queue.accepted).toEqual([]);
  });

  test('a lost reply takes effect, and the caller cannot know', async () => {
    const { clock, faults, queue, send } = setUp();
    faults.failNext('sendBatch', { kind: 'lost-reply' });
    expect(await send('a')).toMatchObject([{ error: { code: 'timeout', outcome: 'unknown' } }]);
    expect(clock.monotonic()).toBe(5_000);
    expect(queue.accepted).toMatchObject([{ body: 'a', atMs: 5 }]);
    expect(queue.injectedFaults['lost-reply']).toBe(1);
  });

  test('a lost reply to a receive leaves its messages in flight; the time-out begins after the wait', async () => {
    const { clock, faults, queue, send } = setUp();
    await send('a');
    const startedAt = clock.monotonic();
    faults.failNext('receive', { kind: 'lost-reply', timeoutMs: 1_000 });
    const poll = queue.receive({ maxMessages: 1, waitTimeMs: 20_000 });
    await expect(clock.settle(poll)).rejects.toMatchObject({ code: 'timeout' });
    expect(clock.monotonic() - startedAt).toBe(21_000);
    expect(queue.messages()).toMatchObject([{ state: 'in-flight' }]);
  });

  test('a slow reply takes effect in time and is answered late', async () => {
    const { clock, faults, queue, send } = setUp();
    faults.failNext('sendBatch', [
      { kind: 'slow-reply', delayMs: 200 },
      { kind: 'entry-failure', positions: [1] },
    ]);
    expect(await send('a', 'b')).toMatchObject([{ ok: true }, { ok: false }]);
    expect(clock.monotonic()).toBe(210);
    expect(queue.accepted).toMatchObject([{ atMs: 5 }]);
    expect(queue.injectedFaults).toMatchObject({ 'slow-reply': 1, 'entry-failure': 1 });
  });
});

describe('a fault of entries', () => {
  test('fails those at its positions, retryable or not', async () => {
    const { faults, queue, send } = setUp();
    faults.failNext('sendBatch', [
      { kind: 'entry-failure', positions: [0] },
      { kind: 'entry-rejection', positions: [2], awsCode: 'InvalidMessageContents' },
    ]);
    expect(await send('a', 'b', 'c')).toMatchObject([
      { error: { retryable: true, outcome: 'rejected', details: { awsCode: 'InternalError' } } },
      { ok: true },
      { error: { retryable: false, outcome: 'rejected', details: { awsCode: 'InvalidMessageContents' } } },
    ]);
    expect(queue.accepted.map(({ body }) => body)).toEqual(['b']);
  });

  test('fails all of them where no positions are given', async () => {
    const { faults, queue, send } = setUp();
    faults.failNext('sendBatch', { kind: 'entry-failure' });
    expect(await send('a', 'b')).toMatchObject([{ ok: false }, { ok: false }]);
    expect(queue.injectedFaults['entry-failure']).toBe(2);
  });

  test('an MD5 that does not match leaves the message in the queue, and the caller in the dark', async () => {
    const { faults, queue, send } = setUp();
    faults.failNext('sendBatch', { kind: 'md5-mismatch', positions: [1] });
    expect(await send('a', 'b')).toMatchObject([
      { ok: true },
      { error: { code: 'response-invalid', outcome: 'unknown', retryable: true } },
    ]);
    expect(queue.accepted.map(({ body }) => body)).toEqual(['a', 'b']);
    expect(queue.injectedFaults['md5-mismatch']).toBe(1);
  });

  test('a stale handle deletes nothing and says so on a FIFO queue only', async () => {
    for (const fifo of [false, true]) {
      const { clock, faults, queue, send, receive, delete: remove } = setUp(fifo);
      await send('a');
      const [message] = await receive();
      const receiptHandle = message?.receiptHandle ?? '';
      faults.failNext('deleteBatch', { kind: 'stale-handle' });
      faults.failNext('changeVisibilityBatch', { kind: 'stale-handle' });
      expect(await remove(receiptHandle)).toMatchObject([{ ok: !fifo }]);
      const changing = queue.changeVisibilityBatch([{ receiptHandle, visibilityTimeoutMs: 0 }]);
      expect(await clock.settle(changing)).toMatchObject([{ ok: false }]);
      expect(queue.messages()).toMatchObject([{ state: 'in-flight' }]);
      expect(queue.injectedFaults['stale-handle']).toBe(2);
    }
  });

  test('a duplicate comes again while it is in flight, which makes the first handle stale', async () => {
    const { faults, queue, send, receive, delete: remove } = setUp();
    await send('a');
    faults.failNext('receive', { kind: 'duplicate' });
    const [first] = await receive();
    const [second] = await receive();
    expect(second).toMatchObject({ messageId: first?.messageId, receiveCount: 2 });
    await remove(first?.receiptHandle ?? '');
    expect(queue.messages()).toMatchObject([{ state: 'in-flight' }]);
    await remove(second?.receiptHandle ?? '');
    expect(queue.messages()).toEqual([]);
  });

  test('a duplicate comes again after it was deleted, and is deleted once in the books', async () => {
    const { faults, queue, send, receive, delete: remove } = setUp();
    await send('a');
    faults.failNext('deleteBatch', { kind: 'duplicate' });
    const [first] = await receive();
    expect(await remove(first?.receiptHandle ?? '')).toEqual([{ ok: true }]);
    const [again] = await receive();
    expect(again).toMatchObject({ messageId: first?.messageId, receiveCount: 2 });
    await remove(again?.receiptHandle ?? '');
    expect(queue.messages()).toEqual([]);
    expect(queue.deleted).toHaveLength(1);
  });

  test('a FIFO queue has no duplicates', async () => {
    const { faults, queue, send, receive, delete: remove } = setUp(true);
    await send('a');
    faults.failNext('receive', { kind: 'duplicate' }).failNext('deleteBatch', { kind: 'duplicate' });
    const [message] = await receive();
    expect(await receive()).toEqual([]);
    await remove(message?.receiptHandle ?? '');
    expect(queue.messages()).toEqual([]);
    expect(queue.injectedFaults.duplicate).toBe(0);
  });
});

describe('a seeded plan', () => {
  const drawn = (options: FaultPlanOptions, verb: QueueVerb = 'sendBatch', calls = 2_000): Fault[][] => {
    const plan = createFaultPlan(options);
    return Array.from({ length: calls }, () => [...plan.next({ verb, entries: 10 })]);
  };
  const every: FaultRates = {
    entryFailures: 0.1,
    entryRejections: 0.05,
    md5Mismatches: 0.05,
    tooLargeBatches: 0.05,
    throttles: 0.1,
    unavailable: 0.05,
    lostReplies: 0.05,
    lostRequests: 0.05,
    slowReplies: 0.1,
    duplicates: 0.1,
    staleHandles: 0.05,
  };

  test('gives the same faults for the same seed, others for another, and none without rates', () => {
    expect(drawn({ seed: 3, rates: every })).toEqual(drawn({ seed: 3, rates: every }));
    expect(drawn({ seed: 3, rates: every })).not.toEqual(drawn({ seed: 4, rates: every }));
    expect(drawn({ seed: 3 }).flat()).toEqual([]);
  });

  test('gives a verb the same faults whatever other calls are made', () => {
    const plan = createFaultPlan({ seed: 3, rates: every });
    const sends: Fault[][] = [];
    for (let call = 0; call < 2_000; call++) {
      plan.next({ verb: verbs[call % 4] ?? 'receive', entries: 10 });
      if (verbs[call % 4] !== 'sendBatch') {
        continue;
      }
      plan.next({ verb: 'receive', entries: 10 });
      sends.push([...plan.next({ verb: 'sendBatch', entries: 10 })]);
    }
    const alone = drawn({ seed: 3, rates: every }, 'sendBatch', 1_000);
    // Every second one: the loop above drew two at a time.
    expect(sends).toEqual(alone.filter((_, call) => call % 2 === 1));
  });

  test('keeps to its rates', () => {
    const faults = drawn({ seed: 5, rates: every, timeoutMs: 7, slowReplyMs: 100 }).flat();
    const share = (kind: Fault['kind']): number =>
      faults.filter((fault) => fault.kind === kind).length / 2_000;
    expect(share('throttle')).toBeCloseTo(0.1, 1);
    expect(share('unavailable')).toBeCloseTo(0.05, 1);
    expect(share('lost-request')).toBeCloseTo(0.05, 1);
    expect(share('lost-reply')).toBeCloseTo(0.05, 1);
    const entries = faults.flatMap((fault) =>
      fault.kind === 'entry-failure' ? (fault.positions ?? []) : [],
    );
    expect(share('batch-too-large')).toBeCloseTo(0.05, 1);
    // Of the entries of calls that are carried out: three of four.
    expect(entries.length / 20_000).toBeCloseTo(0.075, 1);
    expect(faults.every((fault) => fault.kind !== 'slow-reply' || fault.delayMs < 100)).toBe(true);
    expect(faults.every((fault) => fault.kind !== 'lost-reply' || fault.timeoutMs === 7)).toBe(true);
  });

  test.each<readonly [QueueVerb, readonly string[]]>([
    ['sendBatch', ['entry-failure', 'entry-rejection', 'md5-mismatch']],
    ['receive', ['duplicate']],
    ['deleteBatch', ['duplicate', 'entry-failure', 'entry-rejection', 'stale-handle']],
    ['changeVisibilityBatch', ['entry-failure', 'entry-rejection', 'stale-handle']],
  ])('%s meets, by entry, only what can befall it', (verb, kinds) => {
    const met = new Set(
      drawn({ rates: every }, verb)
        .flat()
        .flatMap((fault) => ('positions' in fault ? fault.kind : [])),
    );
    expect([...met].toSorted()).toEqual(kinds);
  });

  test('says that a batch is too large of several entries only', () => {
    const plan = createFaultPlan({ rates: { tooLargeBatches: 1 } });
    expect(plan.next({ verb: 'sendBatch', entries: 2 })).toEqual([{ kind: 'batch-too-large' }]);
    expect(plan.next({ verb: 'sendBatch', entries: 1 })).toEqual([]);
    expect(plan.next({ verb: 'deleteBatch', entries: 2 })).toEqual([]);
  });

  test('leaves describe and depth alone unless told otherwise', () => {
    expect(drawn({ rates: { throttles: 1 } }, 'depth').flat()).toEqual([]);
    expect(drawn({ rates: { throttles: 1 }, verbs: ['depth'] }, 'depth', 1)).toEqual([
      [{ kind: 'throttle' }],
    ]);
    expect(drawn({ rates: { throttles: 1 }, verbs: ['depth'] }, 'receive').flat()).toEqual([]);
  });

  test.each<readonly [string, FaultPlanOptions]>([
    ['a rate above 1', { rates: { throttles: 1.1 } }],
    ['rates that cannot be', { rates: { throttles: 0.6, lostReplies: 0.6 } }],
    ['rates of entries that cannot be', { rates: { entryFailures: 0.6, duplicates: 0.6 } }],
    ['a fraction as seed', { seed: 0.5 }],
  ])('refuses %s', (_, options) => {
    expect(() => createFaultPlan(options)).toThrow('[option-invalid]');
  });

  test('refuses a verb and a rate that it does not know', () => {
    const rates: object = { throttle: 1 };
    expect(() => createFaultPlan({ rates })).toThrow('expected `throttle` to be one of its options');
    const given: object = { verbs: ['send'] };
    expect(() => createFaultPlan(given)).toThrow('expected `verbs` to be some of sendBatch, receive');
  });
});
