import assert from 'node:assert/strict';
import type { ReceivedMessage } from '@sqskit/core';
import fc from 'fast-check';
import {
  createFakeClock,
  createFakeQueue,
  createRandom,
  type FakeClock,
  type FakeQueue,
} from '../src/index.ts';

const dead = 'https://sqs.us-east-1.amazonaws.com/123456789012/dead';
export const groups = 3;

export type Step =
  | { readonly kind: 'send'; readonly count: number; readonly delayMs: number }
  | { readonly kind: 'receive'; readonly max: number; readonly visibilityMs: number }
  | { readonly kind: 'poll'; readonly max: number }
  | { readonly kind: 'delete'; readonly pick: number }
  | { readonly kind: 'release'; readonly pick: number }
  | { readonly kind: 'extend'; readonly pick: number; readonly visibilityMs: number }
  | { readonly kind: 'advance'; readonly ms: number };

export const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('send' as const),
    count: fc.integer({ min: 1, max: 10 }),
    delayMs: fc.constantFrom(0, 0, 2_000),
  }),
  fc.record({
    kind: fc.constant('receive' as const),
    max: fc.integer({ min: 1, max: 10 }),
    visibilityMs: fc.constantFrom(0, 1_000, 5_000),
  }),
  fc.record({ kind: fc.constant('poll' as const), max: fc.integer({ min: 1, max: 10 }) }),
  fc.record({ kind: fc.constant('delete' as const), pick: fc.nat() }),
  fc.record({ kind: fc.constant('release' as const), pick: fc.nat() }),
  fc.record({
    kind: fc.constant('extend' as const),
    pick: fc.nat(),
    visibilityMs: fc.constantFrom(1_000, 10_000),
  }),
  fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(1, 500, 1_000, 6_000) }),
);

/** Drives a queue through steps and holds the invariants after each. */
export class Driver {
  readonly clock: FakeClock = createFakeClock();
  readonly deadLetterQueue: FakeQueue;
  readonly queue: FakeQueue;
  readonly received: ReceivedMessage[] = [];
  /** When the newest lease of each message ends, on the monotonic scale. */
  readonly #leaseEnds = new Map<string, number>();
  readonly #polls: Promise<void>[] = [];
  readonly #fifo: boolean;
  #sent = 0;

  constructor(fifo: boolean, isRandom: boolean) {
    const { clock } = this;
    this.#fifo = fifo;
    this.deadLetterQueue = createFakeQueue({ clock, url: fifo ? `${dead}.fifo` : dead });
    this.queue = createFakeQueue({
      clock,
      fifo,
      deadLetterQueue: this.deadLetterQueue,
      maxReceiveCount: 4,
      visibilityTimeoutMs: 3_000,
      random: isRandom ? createRandom(1) : undefined,
    });
  }

  async take(next: Step): Promise<void> {
    const { queue, clock } = this;
    switch (next.kind) {
      case 'send': {
        const entries = Array.from({ length: next.count }, () => this.#entry(next.delayMs));
        await clock.settle(queue.sendBatch(entries));
        break;
      }
      case 'receive': {
        const { max: maxMessages, visibilityMs: visibilityTimeoutMs } = next;
        await clock.settle(this.#receive({ maxMessages, waitTimeMs: 0, visibilityTimeoutMs }));
        break;
      }
      case 'poll':
        this.#polls.push(
          this.#receive({ maxMessages: next.max, waitTimeMs: 4_000, visibilityTimeoutMs: 3_000 }),
        );
        break;
      case 'advance':
        await clock.advance(next.ms);
        break;
      default:
        await this.#settleOne(next);
    }
    await clock.flush();
    this.#check();
  }

  async end(): Promise<void> {
    await this.clock.advance(60_000);
    await Promise.all(this.#polls);
    this.#check();
    assert.equal(this.clock.pendingTimers, 0, 'no timer is left');
  }

  #entry(delayMs: number) {
    const number = this.#sent++;
    const body = String(number);
    return this.#fifo
      ? { body, groupId: `g${number % groups}`, deduplicationId: body }
      : { body, delayMs, groupId: undefined };
  }

  async #receive(request: {
    maxMessages: number;
    waitTimeMs: number;
    visibilityTimeoutMs: number;
  }): Promise<void> {
    const messages = await this.queue.receive(request);
    assert.ok(messages.length <= request.maxMessages);
    const now = this.clock.monotonic();
    for (const message of messages) {
      const leaseEndsAt = this.#leaseEnds.get(message.messageId) ?? 0;
      assert.ok(leaseEndsAt <= now, 'nobody else has a lease on what is received');
      this.#leaseEnds.set(message.messageId, now + request.visibilityTimeoutMs);
    }
    if (this.#fifo) {
      this.#checkOrder(messages);
    }
    this.received.push(...messages);
  }

  /** All that came before a message in its group is deleted, dead or in the same receive before it. */
  #checkOrder(messages: readonly ReceivedMessage[]): void {
    const { deleted, deadLettered, accepted } = this.queue;
    const done = new Set([...deleted, ...deadLettered].map(({ messageId }) => messageId));
    for (const { messageId, groupId } of messages) {
      for (const earlier of accepted) {
        if (earlier.messageId === messageId) {
          break;
        }
        if (earlier.groupId === groupId) {
          assert.ok(done.has(earlier.messageId), 'what came before it in its group is done');
        }
      }
      done.add(messageId);
    }
  }

  async #settleOne(next: Extract<Step, { readonly pick: number }>): Promise<void> {
    const message = this.received[next.pick % Math.max(1, this.received.length)];
    if (message === undefined) {
      return;
    }
    const { receiptHandle, messageId } = message;
    if (next.kind === 'delete') {
      await this.clock.settle(this.queue.deleteBatch([receiptHandle]));
      return;
    }
    const visibilityTimeoutMs = next.kind === 'release' ? 0 : next.visibilityMs;
    const before = this.#leaseEnds.get(messageId) ?? 0;
    const after = this.clock.monotonic() + visibilityTimeoutMs;
    // Before the call, within which a poll that waits may get a message that is released.
    this.#leaseEnds.set(messageId, after);
    const changing = this.queue.changeVisibilityBatch([{ receiptHandle, visibilityTimeoutMs }]);
    const [outcome] = await this.clock.settle(changing);
    if (outcome?.ok !== true) {
      this.#leaseEnds.set(messageId, before);
    }
  }

  #check(): void {
    const { queue, deadLetterQueue } = this;
    const ids = (records: readonly { readonly messageId: string }[]) =>
      records.map(({ messageId }) => messageId);
    const held = queue.messages();
    const everywhere = [...ids(held), ...ids(queue.deleted), ...ids(queue.deadLettered)];
    assert.deepEqual(everywhere.toSorted(), ids(queue.accepted).toSorted(), 'every message is in one place');
    assert.deepEqual(ids(deadLetterQueue.messages()), ids(queue.deadLettered), 'the dead letters are there');
    const now = this.clock.monotonic();
    for (const { messageId, state } of held) {
      const isLeased = (this.#leaseEnds.get(messageId) ?? 0) > now;
      assert.equal(state === 'in-flight', isLeased, 'a message is in flight as long as its lease lasts');
    }
  }
}
