import assert from 'node:assert/strict';
import {
  type OutgoingMessage,
  type Payload,
  payloadBytes,
  type QueueError,
  type Sender,
  type SendOptions,
  type SendReceipt,
  sqsLimits,
  toQueueError,
} from '@sqskit/core';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import { createFakeQueue, type FakeQueue } from '../fake-queue/fake-queue.ts';
import type { FaultPlan } from '../faults/fault.ts';
import { createRandom } from '../random.ts';
import type { SenderHarness } from './harness.ts';
import { type WatchedCall, watchQueue } from './watched-queue.ts';

export interface TrialOptions {
  readonly fifo?: boolean | undefined;
  readonly faults?: FaultPlan | undefined;
  readonly latencyMs?: number | undefined;
  readonly maxMessages?: number | undefined;
}

/** A message that was given to the sender, and what became of it. */
export interface Offer {
  readonly text: string;
  /** Resolves when the message is settled, either way. */
  readonly settled: Promise<void>;
  receipt: SendReceipt | undefined;
  error: QueueError | undefined;
}

/** A sender on a fake queue, and what is known of both. */
export interface Trial {
  readonly clock: FakeClock;
  readonly queue: FakeQueue;
  /** Every message that is given to it is followed. */
  readonly sender: Sender<string>;
  readonly calls: readonly WatchedCall[];
  /** Gives a message to `send`. */
  offer(text: string, rest?: Omit<OutgoingMessage<string>, 'body'>, options?: SendOptions): Offer;
  /** Gives a message to `trySend`; `undefined` where the sender is full. */
  tryOffer(text: string): Offer | undefined;
  settle<T>(promise: Promise<T>, withinMs?: number): Promise<T>;
  settleAll(offers: readonly Offer[]): Promise<void>;
  /** Goes forward until `count` calls of `sendBatch` have begun. */
  untilCalls(count: number): Promise<void>;
  /** The texts that the queue has accepted, in order. */
  acceptedTexts(): Promise<string[]>;
  textsOf(payload: Payload): Promise<readonly string[]>;
  /** Closes the sender and checks what holds of every sender after whatever happened. */
  end(): Promise<void>;
}

const deadlineMs = 120_000;
const leavesWithinMs = 5_000;
const restMs = 600_000;

export function startTrial(harness: SenderHarness, options: TrialOptions = {}): Trial {
  const { fifo = false, latencyMs = 10, faults, maxMessages = 10_000 } = options;
  const clock = createFakeClock();
  const queue = createFakeQueue({ clock, fifo, latencyMs, faults });
  const watched = watchQueue(queue);
  const tested = harness.createSender({
    queue: watched.queue,
    clock,
    random: createRandom(7),
    maxMessages,
    deadlineMs,
  });
  const offers: Offer[] = [];
  const textsOf = async (payload: Payload): Promise<readonly string[]> =>
    harness.readTexts === undefined ? [payload.body] : harness.readTexts(payload);

  const follow = (message: OutgoingMessage<string>, receipt: Promise<SendReceipt>): Offer => {
    const offer: Offer = {
      text: message.body,
      receipt: undefined,
      error: undefined,
      settled: receipt.then(
        (value) => {
          offer.receipt = value;
        },
        (reason: unknown) => {
          offer.error = toQueueError(reason, 'send');
        },
      ),
    };
    offers.push(offer);
    return offer;
  };
  const sender: Sender<string> = {
    send(message, sendOptions) {
      const receipt = tested.send(message, sendOptions);
      follow(message, receipt);
      return receipt;
    },
    trySend(message, sendOptions) {
      const receipt = tested.trySend(message, sendOptions);
      if (receipt !== undefined) {
        follow(message, receipt);
      }
      return receipt;
    },
    flush: () => tested.flush(),
    close: (closeOptions) => tested.close(closeOptions),
    [Symbol.asyncDispose]: () => tested[Symbol.asyncDispose](),
  };

  const trial: Trial = {
    clock,
    queue,
    sender,
    calls: watched.calls,
    textsOf,
    offer(text, rest = {}, sendOptions) {
      const message = { ...rest, body: text };
      return follow(message, tested.send(message, sendOptions));
    },
    tryOffer(text) {
      const receipt = tested.trySend({ body: text });
      return receipt === undefined ? undefined : follow({ body: text }, receipt);
    },
    settle: (promise, withinMs) => clock.settle(promise, { withinMs }),
    async settleAll(some) {
      await clock.settle(Promise.all(some.map(({ settled }) => settled)));
    },
    async untilCalls(count) {
      for (let waitedMs = 0; watched.calls.length < count; waitedMs++) {
        assert.ok(waitedMs < leavesWithinMs, `${count} calls are made within ${leavesWithinMs} ms`);
        await clock.advance(1);
      }
    },
    async acceptedTexts() {
      return (await Promise.all(queue.accepted.map(textsOf))).flat();
    },
    async end() {
      await clock.settle(sender.close());
      await trial.settleAll(offers);
      await clock.advance(restMs);
      assert.equal(clock.pendingTimers, 0, 'a closed sender leaves no timer behind');
      assertLegal(watched.calls);
      assertHonest(offers, await trial.acceptedTexts());
      await assertNothingRepeated(watched.calls, textsOf);
    },
  };
  return trial;
}

/** That SQS would take each call as a whole. */
function assertLegal(calls: readonly WatchedCall[]): void {
  for (const { entries } of calls) {
    assert.ok(
      entries.length >= 1 && entries.length <= 10,
      `a batch has 1 to 10 entries, not ${entries.length}`,
    );
    const bytes = entries.reduce((sum, entry) => sum + payloadBytes(entry), 0);
    assert.ok(
      entries.length === 1 || bytes <= sqsLimits.maxMessageBytes,
      `a batch of ${entries.length} entries has at most 1 MiB, not ${bytes} bytes`,
    );
  }
}

/** That what the sender said of each message is true. */
function assertHonest(offers: readonly Offer[], acceptedTexts: readonly string[]): void {
  const accepted = new Set(acceptedTexts);
  for (const { text, receipt, error } of offers) {
    const named = text.slice(0, 40);
    if (receipt !== undefined) {
      assert.ok(accepted.has(text), `a message with a receipt was accepted: ${named}`);
    }
    if (error?.outcome === 'rejected') {
      assert.ok(!accepted.has(text), `a message that is said to be rejected was not accepted: ${named}`);
    }
  }
  const offered = new Set(offers.map(({ text }) => text));
  for (const text of accepted) {
    assert.ok(offered.has(text), `nothing arrives that was not sent: ${text.slice(0, 40)}`);
  }
}

/** That no message is in a call that began after the sender was told that the message is accepted. */
async function assertNothingRepeated(
  calls: readonly WatchedCall[],
  textsOf: Trial['textsOf'],
): Promise<void> {
  const acceptedAs = new Map<string, number>();
  for (const { entries, outcomes, answeredAs } of calls) {
    for (const [position, entry] of entries.entries()) {
      if (outcomes[position]?.ok === true && answeredAs !== undefined) {
        for (const text of await textsOf(entry)) {
          acceptedAs.set(text, Math.min(answeredAs, acceptedAs.get(text) ?? answeredAs));
        }
      }
    }
  }
  for (const { entries, answeredBefore } of calls) {
    for (const text of (await Promise.all(entries.map(textsOf))).flat()) {
      const answer = acceptedAs.get(text) ?? Number.POSITIVE_INFINITY;
      assert.ok(answeredBefore <= answer, `an accepted message is not sent again: ${text.slice(0, 40)}`);
    }
  }
}

export function texts(count: number, prefix = 'text'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix} ${index}`);
}
