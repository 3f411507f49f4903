import type { Payload, Queue, Sender } from '@sqskit/core';
import type { Random } from '@sqskit/core/retry';
import type { FakeClock } from '../fake-clock.ts';

/** What a sender under test is to be made of. */
export interface SenderParts {
  /** A fake queue, with faults. */
  readonly queue: Queue;
  readonly clock: FakeClock;
  readonly random: Random;
  /** The most messages that the sender may hold at a time, those for which `send` waits aside. */
  readonly maxMessages: number;
  /** The sender's own deadline for messages. */
  readonly deadlineMs: number;
}

/** How the suite reaches an implementation of `Sender`. */
export interface SenderHarness {
  /** Makes a sender whose messages are texts. */
  createSender(parts: SenderParts): Sender<string>;
  /** The texts in one SQS message. Default: its body is the text. */
  readTexts?(payload: Payload): readonly string[] | Promise<readonly string[]>;
}
