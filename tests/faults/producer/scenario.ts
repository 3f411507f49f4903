import { type MessageAttributes, sqsLimits } from '@sqskit/core';
import type { FaultRates } from '@sqskit/testing';
import { createDraws, type Draws } from '../draws.ts';
import type { Outage } from '../outage.ts';

/** The rates at which everything fails in every run. */
export const statedRates = {
  entryFailures: 0.05,
  entryRejections: 0.002,
  md5Mismatches: 0.01,
  tooLargeBatches: 0.01,
  throttles: 0.05,
  unavailable: 0.005,
  lostReplies: 0.01,
  lostRequests: 0.005,
  slowReplies: 0.05,
} as const satisfies FaultRates;

/** Options of a `send` or of a `sendAll`. */
export interface PlannedOptions {
  readonly deadlineMs: number | undefined;
  /** Which of the scenario's signals it is given. */
  readonly signal: number | undefined;
}

/** A message that a run will offer, with the options of its own `send`. */
export interface PlannedMessage extends PlannedOptions {
  /** Unique; the body begins with it and a colon. */
  readonly name: string;
  /** Bytes of the body, the name included. */
  readonly bytes: number;
  readonly filler: 'same' | 'noise' | 'wide';
  readonly id: string | undefined;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly delayMs: number | undefined;
  readonly traceHeader: string | undefined;
  readonly attributes: MessageAttributes | undefined;
}

export type Step =
  | { readonly does: 'send' | 'trySend'; readonly message: PlannedMessage }
  | ({ readonly does: 'sendAll'; readonly messages: readonly PlannedMessage[] } & PlannedOptions)
  | { readonly does: 'wait'; readonly ms: number }
  | { readonly does: 'flush' }
  /** Lets groups go on that are paused. */
  | { readonly does: 'resume' }
  | { readonly does: 'close'; readonly timeoutMs: number | undefined };

export interface ProducerChoice {
  readonly lingerMs: number;
  readonly lingerWhenIdle: boolean;
  readonly maxBatchEntries: number;
  readonly maxConcurrency: number;
  readonly maxMessageBytes: number | undefined;
  readonly maxBufferedMessages: number;
  readonly maxBufferedBytes: number;
  readonly maxWaitingMessages: number;
  readonly maxWaitingBytes: number;
  readonly deadlineMs: number;
  readonly retryMaxMs: number;
  readonly order: 'strict' | 'throughput';
  readonly afterGroupFailure: 'continue' | 'pause';
  readonly deduplication: 'message-id' | 'content';
}

/** Everything that a run does, drawn from its seed. */
export interface Scenario {
  readonly seed: number;
  readonly fifo: boolean;
  /** The queue's own limit. */
  readonly queueBytes: number;
  /** What fails with a message beyond that: AWS is reported to do either. */
  readonly oversized: 'entry' | 'call';
  readonly latencyMs: number;
  /** How long a lost call keeps its caller waiting. */
  readonly timeoutMs: number;
  readonly slowReplyMs: number;
  readonly outage: Outage | undefined;
  readonly envelope: 'plain' | 'compressed' | 'packed';
  /** Of a packing envelope. */
  readonly maxItems: number;
  readonly targetBytes: number;
  /** Of what is compressed. */
  readonly transport: 'body' | 'attribute';
  /** Longest time that sealing takes; 0 for at once. */
  readonly sealMs: number;
  readonly content: 'text' | 'bytes';
  readonly producer: ProducerChoice;
  /** When each signal aborts, in milliseconds from the start. */
  readonly signals: readonly (number | undefined)[];
  /** The last one closes. */
  readonly steps: readonly Step[];
}

export function drawScenario(seed: number): Scenario {
  // Not the stream that the faults are drawn from.
  const draws = createDraws(seed * 2 + 1);
  const { chance, whole, pick, maybe } = draws;
  const fifo = chance(0.5);
  const queueBytes = pick([4_096, 16_384, 65_536, 65_536, 262_144, sqsLimits.maxMessageBytes]);
  const latencyMs = pick([0, 2, 10, 50]);
  const signals = drawSignals(draws);
  return {
    seed,
    fifo,
    queueBytes,
    oversized: pick(['entry', 'call']),
    latencyMs,
    timeoutMs: pick([200, 1_000, 5_000]),
    slowReplyMs: pick([100, 1_000, 3_000, 40_000]),
    outage: maybe(0.03, () => {
      const fromMs = whole(0, 300);
      return { fromMs, toMs: fromMs + pick([1_000, 10_000, 30_000, 320_000]), throttles: chance(0.5) };
    }),
    envelope: pick(['plain', 'compressed', 'packed', 'packed']),
    maxItems: pick([2, 5, 30, 1_000]),
    targetBytes: pick([1_024, 4_096, 65_536]),
    transport: pick(['body', 'body', 'attribute']),
    sealMs: pick([0, 0, 0, 30]),
    content: pick(['text', 'text', 'text', 'bytes']),
    producer: drawProducer(draws, fifo, queueBytes),
    signals,
    steps: drawSteps(draws, { fifo, queueBytes, signals: signals.length }),
  };
}

function drawProducer({ chance, whole, pick }: Draws, fifo: boolean, queueBytes: number): ProducerChoice {
  return {
    lingerMs: pick([0, 1, 5, 20, 200]),
    lingerWhenIdle: chance(0.2),
    maxBatchEntries: chance(0.7) ? sqsLimits.maxBatchEntries : whole(1, sqsLimits.maxBatchEntries),
    maxConcurrency: pick([1, 2, 3, 8]),
    // Otherwise the queue is asked.
    maxMessageBytes: chance(0.8) ? queueBytes : undefined,
    maxBufferedMessages: pick([3, 15, 60, 1_000, 1_000]),
    maxBufferedBytes: pick([5_000, 40_000, 300_000, 33_554_432, 33_554_432]),
    maxWaitingMessages: pick([0, 5, 10_000, 10_000, 10_000, 10_000]),
    maxWaitingBytes: pick([40_000, 33_554_432, 33_554_432]),
    deadlineMs: pick([300, 3_000, 30_000, 120_000, 120_000, 290_000]),
    retryMaxMs: pick([5_000, 20_000]),
    order: fifo && chance(0.25) ? 'throughput' : 'strict',
    afterGroupFailure: fifo && chance(0.15) ? 'pause' : 'continue',
    deduplication: fifo && chance(0.15) ? 'content' : 'message-id',
  };
}

/** Some for one message each, some for many. */
function drawSignals({ whole, maybe }: Draws): (number | undefined)[] {
  return Array.from({ length: whole(1, 6) }, () => maybe(0.6, () => whole(0, 2_000)));
}

interface Frame {
  readonly fifo: boolean;
  readonly queueBytes: number;
  readonly signals: number;
}

function drawSteps(draws: Draws, frame: Frame): Step[] {
  const { chance, whole, pick, maybe } = draws;
  const steps: Step[] = [];
  const count = whole(20, 110);
  const groups = pick([1, 3, 10, 30]);
  const pauses = pick([0.01, 0.03, 0.1, 0.3]);
  const pauseMs = pick([5, 30, 200]);
  const closesAt = maybe(0.15, () => whole(1, count - 1));
  const close = (): Step => ({ does: 'close', timeoutMs: maybe(0.35, () => pick([0, 50, 3_000])) });
  const haste = pick([0.05, 0.05, 0.3]);
  const message = (index: number): PlannedMessage => drawMessage(draws, frame, index, groups, haste);
  for (let index = 0; index < count; index++) {
    if (index === closesAt) {
      steps.push(close());
    }
    if (chance(0.015)) {
      const messages = Array.from({ length: whole(1, 30) }, () => message(index++));
      steps.push({ does: 'sendAll', messages, ...drawOptions(draws, frame, haste) });
    }
    steps.push({ does: pick(['send', 'send', 'trySend']), message: message(index) });
    if (chance(0.02)) {
      steps.push({ does: 'flush' });
    }
    if (chance(0.02)) {
      steps.push({ does: 'resume' });
    }
    if (chance(pauses)) {
      steps.push({ does: 'wait', ms: whole(0, pauseMs) });
    }
  }
  // Half of them drain before they close.
  if (chance(0.5)) {
    steps.push({ does: 'wait', ms: 600_000 });
  }
  return closesAt === undefined ? [...steps, close()] : steps;
}

function drawMessage(
  draws: Draws,
  frame: Frame,
  index: number,
  groups: number,
  haste: number,
): PlannedMessage {
  const { chance, whole, pick, maybe } = draws;
  const { fifo, queueBytes } = frame;
  const hasGroup = fifo || chance(0.2);
  return {
    name: String(index),
    bytes: drawBytes(draws, queueBytes),
    filler: pick(['same', 'noise', 'noise', 'wide']),
    id: maybe(0.2, () => `id-${index}`),
    groupId: hasGroup ? `g${whole(0, groups - 1)}` : undefined,
    // A few of these are shared by several messages.
    deduplicationId: fifo
      ? maybe(0.1, () => (chance(0.3) ? `shared-${whole(0, 2)}` : `own-${index}`))
      : undefined,
    delayMs: fifo ? undefined : maybe(0.05, () => whole(0, 20_000)),
    traceHeader: maybe(0.1, () => `Root=1-5759e988-bd862e3fe1be46a9942${whole(10_000, 99_999)}`),
    attributes: maybe(0.15, () => drawAttributes(draws)),
    ...drawOptions(draws, frame, haste),
  };
}

function drawOptions({ whole, maybe }: Draws, { signals }: Frame, haste: number): PlannedOptions {
  return {
    deadlineMs: maybe(haste, () => whole(1, 3_000)),
    signal: maybe(0.08, () => whole(0, signals - 1)),
  };
}

function drawBytes({ chance, whole }: Draws, queueBytes: number): number {
  if (chance(0.8)) {
    return whole(10, 600);
  }
  if (chance(0.7)) {
    return whole(600, 4_000);
  }
  const brim = Math.min(queueBytes, 65_536);
  // At the brim of the queue or of a billed unit; or too large.
  return chance(0.8) ? whole(brim - 200, brim + 60) : queueBytes + whole(1, 2_000);
}

function drawAttributes({ whole, pick }: Draws): MessageAttributes {
  return {
    kind: { type: 'String', value: pick(['created', 'changed', 'élan']) },
    rank: { type: 'Number', value: String(whole(0, 1_000)) },
    mark: { type: 'Binary', value: Uint8Array.of(whole(0, 255), whole(0, 255)) },
  };
}
