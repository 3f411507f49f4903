import assert from 'node:assert/strict';
import type {
  Failure,
  MessageAttributes,
  Queue,
  ReceivedMessage,
  ReceiveRequest,
  SendEntry,
  SendOutcome,
  Sent,
  SettleOutcome,
} from '@sqskit/core';
import type { ContractQueueOptions, QueueFeatures, QueueHarness } from './harness.ts';

/** A case before it is bound to a harness. */
export interface QueueCase {
  readonly name: string;
  readonly needs?: keyof QueueFeatures | undefined;
  readonly run: (session: Session) => Promise<void>;
}

/** A queue under test, with every call settled by the harness and checked for what holds of every call. */
export interface TestedQueue {
  readonly queue: Queue;
  readonly deadLetters: TestedQueue | undefined;
  send(...entries: readonly SendEntry[]): Promise<readonly SendOutcome[]>;
  /** Sends what must be accepted. */
  deliver(...entries: readonly SendEntry[]): Promise<readonly Sent[]>;
  /** One receive: of up to ten, without waiting, unless told otherwise. */
  receive(request?: Partial<ReceiveRequest>): Promise<readonly ReceivedMessage[]>;
  /** Receives until there are `count` messages; fails if they do not come. */
  collect(count: number, request?: Partial<ReceiveRequest>): Promise<readonly ReceivedMessage[]>;
  /** Receives one message; fails if none comes. */
  next(request?: Partial<ReceiveRequest>): Promise<ReceivedMessage>;
  delete(...messages: readonly ReceivedMessage[]): Promise<readonly SettleOutcome[]>;
  /** Changes the visibility timeout of each message. */
  extend(
    visibilityTimeoutMs: number,
    ...messages: readonly ReceivedMessage[]
  ): Promise<readonly SettleOutcome[]>;
  /** Fails if a message comes within the wait. */
  nothingComes(waitTimeMs?: number): Promise<void>;
}

export interface Session {
  readonly settle: <T>(promise: Promise<T>) => Promise<T>;
  open(options?: ContractQueueOptions): Promise<TestedQueue>;
}

// Long enough for anything that comes at all, well below a test runner's usual 5 s.
export const patienceMs = 3_000;

export function createSession(harness: QueueHarness): Session {
  const settle = <T>(promise: Promise<T>): Promise<T> => harness.settle(promise);
  return {
    settle,
    async open(options = {}) {
      const { queue, deadLetterQueue } = await settle(harness.createQueue(options));
      return createTestedQueue(queue, deadLetterQueue, settle);
    },
  };
}

function createTestedQueue(
  queue: Queue,
  deadLetterQueue: Queue | undefined,
  settle: Session['settle'],
): TestedQueue {
  const tested: TestedQueue = {
    queue,
    deadLetters:
      deadLetterQueue === undefined ? undefined : createTestedQueue(deadLetterQueue, undefined, settle),
    async send(...entries) {
      const outcomes = await settle(queue.sendBatch(entries));
      assert.equal(outcomes.length, entries.length, 'sendBatch gives one outcome for each entry');
      return outcomes;
    },
    async deliver(...entries) {
      return (await tested.send(...entries)).map(accepted);
    },
    async receive(request = {}) {
      const asked = { maxMessages: 10, waitTimeMs: 0, ...request };
      const messages = await settle(queue.receive(asked));
      assert.ok(messages.length <= asked.maxMessages, 'receive gives no more than maxMessages');
      return messages;
    },
    async collect(count, request = {}) {
      const collected: ReceivedMessage[] = [];
      for (let empty = 0; collected.length < count && empty < 2; ) {
        const wanted = Math.min(10, count - collected.length);
        const messages = await tested.receive({ maxMessages: wanted, waitTimeMs: patienceMs, ...request });
        empty += messages.length === 0 ? 1 : 0;
        collected.push(...messages);
      }
      assert.equal(collected.length, count, `${count} messages come`);
      return collected;
    },
    async next(request = {}) {
      const [message] = await tested.collect(1, { maxMessages: 1, ...request });
      assert.ok(message !== undefined, 'a message comes');
      return message;
    },
    async delete(...messages) {
      const outcomes = await settle(queue.deleteBatch(messages.map(({ receiptHandle }) => receiptHandle)));
      assert.equal(outcomes.length, messages.length, 'deleteBatch gives one outcome for each handle');
      return outcomes;
    },
    async extend(visibilityTimeoutMs, ...messages) {
      const changes = messages.map(({ receiptHandle }) => ({ receiptHandle, visibilityTimeoutMs }));
      const outcomes = await settle(queue.changeVisibilityBatch(changes));
      assert.equal(
        outcomes.length,
        messages.length,
        'changeVisibilityBatch gives one outcome for each change',
      );
      return outcomes;
    },
    async nothingComes(waitTimeMs = 0) {
      assert.deepEqual(bodies(await tested.receive({ waitTimeMs })), [], 'nothing can be received now');
    },
  };
  return tested;
}

export function accepted(outcome: SendOutcome | undefined): Sent {
  assert.ok(outcome?.ok === true, `the entry is accepted, not ${described(outcome)}`);
  assert.ok(outcome.messageId.length > 0, 'an accepted entry has a message id');
  return outcome;
}

/** Checks that an entry failed for good, and certainly without effect. */
export function refused(outcome: SendOutcome | SettleOutcome | undefined): Failure {
  assert.ok(outcome?.ok === false, `the entry is refused, not ${described(outcome)}`);
  assert.equal(outcome.error.outcome, 'rejected', 'a refused entry certainly had no effect');
  assert.equal(outcome.error.retryable, false, 'a refused entry would be refused again');
  return outcome;
}

export function succeeded(outcomes: readonly SettleOutcome[]): void {
  for (const outcome of outcomes) {
    assert.ok(outcome.ok, `the handle is settled, not ${described(outcome)}`);
  }
}

function described(outcome: SendOutcome | SettleOutcome | undefined): string {
  if (outcome === undefined) {
    return 'left without an outcome';
  }
  return outcome.ok ? 'accepted' : `failed: ${outcome.error.message}`;
}

export function bodies(messages: readonly { readonly body: string }[]): string[] {
  return messages.map(({ body }) => body);
}

export function sortedBodies(messages: readonly { readonly body: string }[]): string[] {
  return bodies(messages).toSorted();
}

/** Attributes in a form that compares by value whatever class the bytes are of. */
export function plainAttributes(attributes: MessageAttributes): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [
      name,
      { type, value: typeof value === 'string' ? value : [...value] },
    ]),
  );
}

export function numbered(count: number, prefix = 'message'): { body: string }[] {
  return Array.from({ length: count }, (_, index) => ({ body: `${prefix} ${index}` }));
}
