import type { FaultRates } from '@sqskit/testing';
import { createDraws, type Draws } from '../draws.ts';
import type { Outage } from '../outage.ts';

/** The rates at which everything fails in every run, until its end is near. */
export const statedRates = {
  duplicates: 0.03,
  staleHandles: 0.01,
  entryFailures: 0.04,
  entryRejections: 0.002,
  md5Mismatches: 0.01,
  tooLargeBatches: 0.01,
  throttles: 0.03,
  unavailable: 0.01,
  lostReplies: 0.02,
  lostRequests: 0.01,
  slowReplies: 0.04,
} as const satisfies FaultRates;

/** An SQS message that a run sends. */
export interface PlannedMessage {
  /** Of the messages in it; several make a pack. */
  readonly names: readonly string[];
  /** Which of the scenario's queues it goes to. */
  readonly queue: number;
  readonly groupId: string | undefined;
  /** What cannot be read: nothing of it, or the first message in it. */
  readonly broken: 'envelope' | 'codec' | undefined;
  readonly bytes: number;
}

export type Step =
  | { readonly does: 'wait'; readonly ms: number }
  | { readonly does: 'send'; readonly messages: readonly PlannedMessage[] }
  | { readonly does: 'start' | 'pause' | 'resume'; readonly who: number }
  | {
      readonly does: 'stop';
      readonly who: number;
      readonly timeoutMs: number;
      readonly mode: 'finish' | 'release';
    }
  /** Has so many slots from now on. */
  | { readonly does: 'resize'; readonly who: number; readonly slots: number }
  /** Its process ends without a word. `hangsUp`: its connections are closed, so that no poll of it takes more messages. */
  | { readonly does: 'crash'; readonly who: number; readonly hangsUp: boolean }
  /** Nothing of it runs for so long. */
  | { readonly does: 'block'; readonly who: number; readonly ms: number };

/** A queue that all consumers receive from. */
export interface QueueChoice {
  readonly fifo: boolean;
  /** SQS moves a message to the dead-letter queue after so many receives. */
  readonly redriveAfter: number | undefined;
  /** Of the consumers' room. */
  readonly weight: number;
}

/** Options of one consumer. */
export interface ConsumerChoice {
  readonly maxConcurrency: number;
  /** Whether the slots, up to these, follow what they bring. */
  readonly adaptiveConcurrency:
    | { readonly minConcurrency: number; readonly isOverload: () => boolean }
    | undefined;
  readonly maxConcurrencyPerGroup: number | undefined;
  readonly prefetch: number;
  /** Most bytes in hand, with what is asked for counted as `maxMessageBytes` each. */
  readonly maxBytes: number | undefined;
  readonly maxMessageBytes: number | undefined;
  readonly waitTimeMs: number;
  readonly visibilityTimeoutMs: number;
  /** Whether the leases follow how long messages are in hand; of two seconds at least. */
  readonly adaptiveVisibility: { readonly minMs: number; readonly factor: number } | undefined;
  readonly handlerTimeoutMs: number | undefined;
  readonly breaker:
    | {
        readonly windowRuns: number;
        readonly minRuns: number;
        readonly openMs: number;
        readonly maxOpenMs: number;
      }
    | undefined;
  /** Whether it is asked how many it may receive, and often says fewer. */
  readonly admits: boolean;
  readonly maxPollers: number;
  readonly settleLingerMs: number;
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  /** Whether it dead-letters by itself. */
  readonly deadLetters: boolean;
  readonly maxReceiveCount: number | undefined;
  /** `cautious`: dead-letters what cannot be read. `broken`: fails itself now and then. */
  readonly failurePolicy: 'default' | 'cautious' | 'broken';
}

/** Everything that a run does, drawn from its seed; but for what handlers do, which is drawn as they are started. */
export interface Scenario {
  readonly seed: number;
  readonly queues: readonly [QueueChoice, ...QueueChoice[]];
  readonly latencyMs: number;
  /** How long a lost call keeps its caller waiting. */
  readonly timeoutMs: number;
  readonly slowReplyMs: number;
  readonly outage: Outage | undefined;
  readonly isPacked: boolean;
  /** Longest time that opening takes; 0 for at once. */
  readonly openMs: number;
  /** Whether some handlers take more than twelve hours. */
  readonly isMarathon: boolean;
  readonly consumers: readonly ConsumerChoice[];
  readonly steps: readonly Step[];
}

export function drawScenario(seed: number): Scenario {
  // Not the stream that the faults are drawn from.
  const draws = createDraws(seed * 2 + 1);
  const { chance, whole, pick, maybe } = draws;
  const kinds = [chance(0.4), ...(chance(0.15) ? [chance(0.4)] : [])];
  const isMarathon = chance(0.005);
  const isPacked = chance(0.35);
  const consumers = Array.from({ length: pick([1, 1, 1, 2, 3]) }, () => drawConsumer(draws, isMarathon));
  const messages = drawMessages(draws, kinds, isPacked);
  const drawQueue = (fifo: boolean, queue: number): QueueChoice => {
    const hasBroken = messages.some((message) => message.queue === queue && message.broken !== undefined);
    return {
      fifo,
      // On a FIFO queue what cannot be read and nobody moves would keep back its group for ever.
      redriveAfter: maybe(hasBroken && fifo ? 1 : 0.3, () => whole(2, 6)),
      weight: pick([1, 1, 3]),
    };
  };
  const [first = false, ...others] = kinds;
  return {
    seed,
    queues: [drawQueue(first, 0), ...others.map((fifo, index) => drawQueue(fifo, index + 1))],
    latencyMs: pick([0, 2, 10, 40]),
    timeoutMs: pick([200, 1_000, 5_000]),
    slowReplyMs: pick([100, 1_000, 3_000, 12_000]),
    outage: maybe(0.12, () => {
      const fromMs = whole(0, 6_000);
      return { fromMs, toMs: fromMs + pick([1_000, 10_000, 60_000]), throttles: chance(0.5) };
    }),
    isPacked,
    openMs: pick([0, 0, 0, 20]),
    isMarathon,
    consumers,
    steps: drawSteps(draws, messages, consumers.length),
  };
}

function drawConsumer({ chance, whole, pick, maybe }: Draws, isMarathon: boolean): ConsumerChoice {
  const deadLetters = chance(0.5);
  return {
    maxConcurrency: pick([1, 2, 5, 15]),
    adaptiveConcurrency: maybe(0.15, () => ({ minConcurrency: 1, isOverload: () => true })),
    maxConcurrencyPerGroup: maybe(0.25, () => whole(1, 3)),
    prefetch: pick([0, 3, 10, 25]),
    ...pick([
      { maxBytes: undefined, maxMessageBytes: undefined },
      { maxBytes: undefined, maxMessageBytes: undefined },
      { maxBytes: pick([8_192, 12_000, 40_000]), maxMessageBytes: 4_096 },
    ]),
    waitTimeMs: isMarathon ? 20_000 : pick([0, 1_000, 5_000, 20_000, 20_000]),
    visibilityTimeoutMs: isMarathon ? pick([7_200_000, 43_200_000]) : pick([2_000, 4_000, 9_000, 30_000]),
    adaptiveVisibility: isMarathon
      ? undefined
      : maybe(0.2, () => ({ minMs: pick([2_000, 4_000]), factor: pick([1, 3]) })),
    handlerTimeoutMs: maybe(0.25, () => pick([150, 1_500, 6_000])),
    breaker: maybe(0.25, () => ({
      windowRuns: whole(3, 8),
      minRuns: whole(2, 3),
      openMs: pick([500, 5_000]),
      maxOpenMs: 10_000,
    })),
    admits: chance(0.15),
    maxPollers: whole(1, 4),
    settleLingerMs: pick([0, 5, 20, 50]),
    retryBaseMs: pick([1_000, 1_000, 4_000]),
    // No whole seconds: a change of visibility for a retry is told from a renewal by its length.
    retryMaxMs: pick([5_500, 20_500]),
    deadLetters,
    maxReceiveCount: deadLetters ? maybe(0.3, () => whole(2, 6)) : undefined,
    failurePolicy: pick(['default', 'default', 'cautious', 'broken']),
  };
}

function drawSteps(draws: Draws, messages: readonly PlannedMessage[], consumers: number): Step[] {
  const { chance, whole, pick } = draws;
  // Most are there when the consumers start.
  let sent = whole(0, messages.length);
  const steps: Step[] = [{ does: 'send', messages: messages.slice(0, sent) }];
  for (let who = 0; who < consumers; who++) {
    steps.push({ does: 'start', who });
  }
  const count = whole(8, 25);
  const pauseMs = pick([300, 1_500, 4_000]);
  const unrest = pick([0.1, 0.4, 0.8]);
  for (let index = 0; index < count; index++) {
    steps.push({ does: 'wait', ms: whole(0, pauseMs) });
    if (sent < messages.length && chance(0.4)) {
      const next = whole(sent, messages.length);
      steps.push({ does: 'send', messages: messages.slice(sent, next) });
      sent = next;
    }
    if (chance(unrest)) {
      steps.push(drawDisturbance(draws, whole(0, consumers - 1)));
    }
  }
  return [...steps, { does: 'send', messages: messages.slice(sent) }];
}

function drawDisturbance({ chance, whole, pick }: Draws, who: number): Step {
  const all = [
    ...['stop', 'stop', 'start', 'start', 'start'],
    ...['pause', 'resume', 'crash', 'block', 'resize'],
  ] as const;
  switch (all[whole(0, all.length - 1)]) {
    case 'stop':
      return {
        does: 'stop',
        who,
        timeoutMs: pick([0, 50, 1_000, 8_000, 30_000]),
        mode: pick(['finish', 'finish', 'release']),
      };
    case 'resize':
      return { does: 'resize', who, slots: pick([1, 2, 5, 15]) };
    case 'pause':
      return { does: 'pause', who };
    case 'resume':
      return { does: 'resume', who };
    case 'crash':
      return { does: 'crash', who, hangsUp: chance(0.5) };
    case 'block':
      return { does: 'block', who, ms: chance(0.8) ? whole(1, 1_000) : whole(1_000, 20_000) };
    default:
      return { does: 'start', who };
  }
}

function drawMessages(draws: Draws, kinds: readonly boolean[], isPacked: boolean): PlannedMessage[] {
  const { chance, whole, pick, maybe } = draws;
  const messages: PlannedMessage[] = [];
  const count = whole(5, 45);
  const groups = pick([1, 3, 8]);
  const isGrouped = kinds.map((fifo) => fifo || chance(0.3));
  for (let named = 0; named < count; ) {
    const queue = whole(0, kinds.length - 1);
    const size = isPacked && chance(0.5) ? whole(2, 12) : 1;
    messages.push({
      names: Array.from({ length: size }, (_, index) => String(named + index)),
      queue,
      groupId: maybe(isGrouped[queue] === true ? 1 : 0, () => `g${whole(1, groups)}`),
      broken: maybe(0.02, () => (size === 1 ? pick(['envelope', 'codec']) : 'codec')),
      bytes: chance(0.9) ? whole(10, 300) : whole(300, 3_000),
    });
    named += size;
  }
  return messages;
}
