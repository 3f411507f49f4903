import { QueueError } from '@sqskit/core';
import { type OptionRules, type Resolved, resolveOptions } from '@sqskit/core/options';
import type { Random } from '@sqskit/core/retry';
import { createRandom } from '../random.ts';
import { defaultTimeoutMs, type Fault, type FaultCall, type FaultPlan, type QueueVerb } from './fault.ts';

/** How likely each fault is, from 0 (never, the default) to 1 (always). */
export interface FaultRates {
  /** Of each entry of a batch: fails with `InternalError`, which is retryable. */
  readonly entryFailures?: number | undefined;
  /** Of each entry of a batch: refused as the sender's fault. */
  readonly entryRejections?: number | undefined;
  /** Of each entry that is sent: it is stored, and answered with an MD5 that is not its body's. */
  readonly md5Mismatches?: number | undefined;
  /** Of each send of several entries: `BatchRequestTooLong` although they fit. */
  readonly tooLargeBatches?: number | undefined;
  /** Of each call: `RequestThrottled`. */
  readonly throttles?: number | undefined;
  /** Of each call: 503. */
  readonly unavailable?: number | undefined;
  /** Of each call: it takes effect, and the caller gets a time-out. */
  readonly lostReplies?: number | undefined;
  /** Of each call: it has no effect, and the caller gets a time-out. */
  readonly lostRequests?: number | undefined;
  /** Of each call: the reply is late. */
  readonly slowReplies?: number | undefined;
  /** Of each message that a standard queue hands out or deletes: it comes again all the same. */
  readonly duplicates?: number | undefined;
  /** Of each receipt handle that is to be settled: it is treated as stale. */
  readonly staleHandles?: number | undefined;
}

export interface FaultPlanOptions {
  /** The same seed and the same calls give the same faults. Default: 1. */
  readonly seed?: number | undefined;
  /** How likely each fault is. Default: none ever happens. */
  readonly rates?: FaultRates | undefined;
  /** The calls that faults befall. Default: the four that carry messages, not `describe` and `depth`. */
  readonly verbs?: readonly QueueVerb[] | undefined;
  /** How long a caller waits for what was lost. Default: 5,000 ms. */
  readonly timeoutMs?: number | undefined;
  /** The longest that a slow reply is late. Default: 1,000 ms. */
  readonly slowReplyMs?: number | undefined;
}

const allVerbs: readonly QueueVerb[] = [
  'sendBatch',
  'receive',
  'deleteBatch',
  'changeVisibilityBatch',
  'describe',
  'depth',
];

export const faultPlanRules: OptionRules<FaultPlanOptions> = {
  seed: {
    kind: 'number',
    default: 1,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    doc: 'The same seed and the same calls give the same faults.',
  },
  rates: {
    kind: 'object',
    default: {},
    shown: 'none ever happens',
    methods: [],
    what: 'rates',
    doc: 'How likely each fault is: see the next table.',
  },
  verbs: {
    kind: 'object',
    default: allVerbs.slice(0, 4),
    shown: 'the four that carry messages',
    methods: [],
    what: 'a list of verbs of `Queue`',
    doc: 'The calls that faults befall.',
  },
  timeoutMs: {
    kind: 'number',
    default: defaultTimeoutMs,
    min: 0,
    max: 3_600_000,
    unit: 'ms',
    doc: 'How long a caller waits for what was lost.',
  },
  slowReplyMs: {
    kind: 'number',
    default: 1_000,
    min: 0,
    max: 3_600_000,
    unit: 'ms',
    doc: 'The longest that a slow reply is late.',
  },
};

const rate = (doc: string) =>
  ({ kind: 'number', default: 0, min: 0, max: 1, fractional: true, doc }) as const;

export const faultRateRules: OptionRules<FaultRates> = {
  entryFailures: rate('Of each entry of a batch: fails with `InternalError`, which is retryable.'),
  entryRejections: rate("Of each entry of a batch: refused as the sender's fault."),
  md5Mismatches: rate(
    "Of each entry that is sent: it is stored, and answered with an MD5 that is not its body's.",
  ),
  tooLargeBatches: rate('Of each send of several entries: `BatchRequestTooLong` although they fit.'),
  throttles: rate('Of each call: `RequestThrottled`.'),
  unavailable: rate('Of each call: 503.'),
  lostReplies: rate('Of each call: it takes effect, and the caller gets a time-out.'),
  lostRequests: rate('Of each call: it has no effect, and the caller gets a time-out.'),
  slowReplies: rate('Of each call: the reply is late.'),
  duplicates: rate(
    'Of each message that a standard queue hands out or deletes: it comes again all the same.',
  ),
  staleHandles: rate('Of each receipt handle that is to be settled: it is treated as stale.'),
};

type Rates = Resolved<FaultRates>;

/** Faults by chance, from a seed: the same seed and the same calls give the same faults. Throws `option-invalid`. */
export function createFaultPlan(options: FaultPlanOptions = {}): FaultPlan {
  const { seed, rates, verbs, timeoutMs, slowReplyMs } = resolveOptions(
    'createFaultPlan',
    faultPlanRules,
    options,
  );
  const resolved = resolveOptions('createFaultPlan: rates', faultRateRules, rates);
  assertPossible(resolved);
  assertVerbs(verbs);
  // A stream for each verb, so that one poll more does not change what befalls the sends.
  const streams = new Map<QueueVerb, Random>(
    verbs.map((verb) => [verb, createRandom(seed * allVerbs.length + allVerbs.indexOf(verb))]),
  );
  return {
    next(call) {
      const random = streams.get(call.verb);
      return random === undefined ? [] : drawFaults(call, resolved, { random, timeoutMs, slowReplyMs });
    },
  };
}

interface Draw {
  readonly random: Random;
  readonly timeoutMs: number;
  readonly slowReplyMs: number;
}

function drawFaults(call: FaultCall, rates: Rates, { random, timeoutMs, slowReplyMs }: Draw): Fault[] {
  const faults: Fault[] = [];
  const whole = pick<Fault>(random(), [
    [rates.throttles, { kind: 'throttle' }],
    [rates.unavailable, { kind: 'unavailable' }],
    [rates.lostRequests, { kind: 'lost-request', timeoutMs }],
    [rates.lostReplies, { kind: 'lost-reply', timeoutMs }],
    [call.verb === 'sendBatch' && call.entries > 1 ? rates.tooLargeBatches : 0, { kind: 'batch-too-large' }],
  ]);
  if (whole !== undefined) {
    faults.push(whole);
  }
  if (random() < rates.slowReplies) {
    faults.push({ kind: 'slow-reply', delayMs: random() * slowReplyMs });
  }
  if (whole === undefined || whole.kind === 'lost-reply') {
    faults.push(...drawEntryFaults(call, rates, random));
  }
  return faults;
}

type EntryFaultKind = 'entry-failure' | 'entry-rejection' | 'md5-mismatch' | 'stale-handle' | 'duplicate';

function drawEntryFaults({ verb, entries }: FaultCall, rates: Rates, random: Random): Fault[] {
  const isBatch = verb === 'sendBatch' || verb === 'deleteBatch' || verb === 'changeVisibilityBatch';
  const settles = verb === 'deleteBatch' || verb === 'changeVisibilityBatch';
  const delivers = verb === 'receive' || verb === 'deleteBatch';
  const positionsOf = new Map<EntryFaultKind, number[]>();
  for (let position = 0; position < entries; position++) {
    const kind = pick<EntryFaultKind>(random(), [
      [isBatch ? rates.entryFailures : 0, 'entry-failure'],
      [isBatch ? rates.entryRejections : 0, 'entry-rejection'],
      [verb === 'sendBatch' ? rates.md5Mismatches : 0, 'md5-mismatch'],
      [settles ? rates.staleHandles : 0, 'stale-handle'],
      [delivers ? rates.duplicates : 0, 'duplicate'],
    ]);
    if (kind !== undefined) {
      positionsOf.set(kind, [...(positionsOf.get(kind) ?? []), position]);
    }
  }
  return [...positionsOf].map(([kind, positions]) => ({ kind, positions }));
}

/** The first choice whose share of [0, 1) holds `drawn`. */
function pick<C>(drawn: number, choices: readonly (readonly [rate: number, choice: C])[]): C | undefined {
  let upTo = 0;
  for (const [share, choice] of choices) {
    upTo += share;
    if (drawn < upTo) {
      return choice;
    }
  }
  return undefined;
}

// One fault at most befalls a call as a whole, and one an entry; so the rates of each share one draw.
const ratesOfCalls = ['throttles', 'unavailable', 'lostRequests', 'lostReplies', 'tooLargeBatches'] as const;
const ratesOfEntries = [
  'entryFailures',
  'entryRejections',
  'md5Mismatches',
  'staleHandles',
  'duplicates',
] as const;

function assertPossible(rates: Rates): void {
  for (const names of [ratesOfCalls, ratesOfEntries]) {
    const sum = names.reduce((total, name) => total + rates[name], 0);
    // Not 1 sharp: sums such as 0.1 + 0.2 + 0.7 are not exact.
    if (sum > 1.000_001) {
      throw invalid('rates', sum, `rates of which ${names.join(', ')} add up to 1 at most`);
    }
  }
}

function assertVerbs(verbs: readonly QueueVerb[]): void {
  for (const verb of verbs) {
    if (!allVerbs.includes(verb)) {
      throw invalid('verbs', verb, `some of ${allVerbs.join(', ')}`);
    }
  }
}

function invalid(option: string, received: unknown, expected: string): QueueError<'option-invalid'> {
  const message = `createFaultPlan: expected \`${option}\` to be ${expected}, received ${String(received)}`;
  return new QueueError('option-invalid', message, { option, received, expected });
}
