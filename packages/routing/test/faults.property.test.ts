import { isQueueError, type OutgoingMessage, QueueError } from '@sqskit/core';
import { createRandom } from '@sqskit/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Allow, RegionId } from '../src/index.ts';
import type { Answer } from './simple-sender.ts';
import { createWorld, denied, invalid, lost, type Order, refused, type SimpleRegion } from './world.ts';

const regionIds = ['eu-west-1', 'eu-central-1', 'us-east-1', 'sa-east-1'] as const;
const retriedLoss = new QueueError(
  'timeout',
  'no answer',
  { operation: 'Send', timeoutMs: 10 },
  {
    outcome: 'unknown',
    retryable: true,
  },
);
const deadlineMs = 4_000;

type Weather = 'fair' | 'refusing' | 'denying' | 'black hole' | 'losing answers' | 'flaky';

/** Each region has its own weather, which changes every second of virtual time. */
interface Plan {
  readonly seed: number;
  readonly weather: Readonly<Record<(typeof regionIds)[number], readonly Weather[]>>;
  readonly isEuOnly: boolean;
  readonly isClosedEarly: boolean;
}

const weathers = fc.array(
  fc.constantFrom<Weather[]>('fair', 'refusing', 'denying', 'black hole', 'losing answers', 'flaky'),
  { minLength: 1, maxLength: 10 },
);

const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.integer(),
  weather: fc.record({
    'eu-west-1': weathers,
    'eu-central-1': weathers,
    'us-east-1': weathers,
    'sa-east-1': weathers,
  }),
  isEuOnly: fc.boolean(),
  isClosedEarly: fc.boolean(),
});

interface Result {
  readonly id: string;
  readonly message: OutgoingMessage<Order>;
  readonly tookMs: number;
  /** `undefined` where it was delivered. */
  readonly error: QueueError | undefined;
}

const allowOf = ({ body: { number = 0 } }: OutgoingMessage<Order>): Allow | 'any' =>
  number % 3 === 0 ? { jurisdictions: ['EU'] } : 'any';

async function run(plan: Plan) {
  const random = createRandom(plan.seed);
  let now = (): number => 0;
  const answerIn = (id: (typeof regionIds)[number]) => (): Answer => {
    const list = plan.weather[id];
    return answerTo(list[Math.floor(now() / 1_000) % list.length] ?? 'fair', random());
  };
  const region = (id: (typeof regionIds)[number]): SimpleRegion => ({
    answer: answerIn(id),
    capacity: 5,
    latencyMs: 5 + Math.floor(random() * 100),
  });
  const world = createWorld(
    {
      'eu-west-1': region('eu-west-1'),
      'eu-central-1': region('eu-central-1'),
      'us-east-1': region('us-east-1'),
      'sa-east-1': region('sa-east-1'),
    },
    {
      random,
      deadlineMs,
      failureThreshold: 2,
      probeAfterMs: 500,
      allow: plan.isEuOnly ? { jurisdictions: ['EU'] } : { regions: [...regionIds] },
      allowFor: allowOf,
      defaultRegion: 'eu-west-1',
    },
  );
  const { clock, sender } = world;
  now = () => clock.monotonic();

  const results: Promise<Result>[] = [];
  for (let number = 0; number < 60; number++) {
    const from = regionIds[Math.floor(random() * regionIds.length)] ?? 'eu-west-1';
    const groupId = random() < 0.3 ? `group-${number % 4}` : undefined;
    const message = {
      id: `m-${number}`,
      groupId,
      body: { from, number: groupId === undefined ? number : 1 },
    };
    const startedAt = now();
    const settled = (error?: unknown): Result => ({
      id: message.id,
      message,
      tookMs: now() - startedAt,
      error: isQueueError(error) ? error : undefined,
    });
    results.push(sender.send(message).then(() => settled(), settled));
    await clock.advance(Math.floor(random() * 150));
  }
  const report = await clock.settle(sender.close({ timeoutMs: plan.isClosedEarly ? 100 : deadlineMs }));
  return { ...world, report, results: await clock.settle(Promise.all(results)) };
}

function answerTo(weather: Weather, chance: number): Answer {
  switch (weather) {
    case 'fair':
      return chance < 0.02 ? invalid : 'accept';
    case 'refusing':
      return refused;
    case 'denying':
      return denied;
    case 'black hole':
      return 'hang';
    case 'losing answers':
      return chance < 0.5 ? lost : retriedLoss;
    case 'flaky':
      return chance < 0.5 ? 'accept' : refused;
  }
}

describe('whatever fails', () => {
  test('no message reaches a region that it is not allowed in', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { regions } = await run(plan);
        const outside = [...regions['us-east-1'].given, ...regions['sa-east-1'].given];
        expect(outside.filter(({ message }) => plan.isEuOnly || allowOf(message) !== 'any')).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test('every message is delivered, or its sender is told: nothing is lost, and nothing is in two regions', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { results, accepted, report, sender } = await run(plan);
        const holders = new Map<string, Set<string>>();
        for (const [region, ids] of Object.entries(accepted())) {
          for (const id of ids) {
            holders.set(id, (holders.get(id) ?? new Set()).add(region));
          }
        }
        expect(results).toHaveLength(60);
        const heldBy = ({ id }: Result): number => holders.get(id)?.size ?? 0;
        const mostOf = ({ error }: Result): number => (error?.outcome === 'rejected' ? 0 : 1);
        const leastOf = ({ error }: Result): number => (error === undefined ? 1 : 0);
        expect(results.filter((result) => heldBy(result) > mostOf(result))).toEqual([]);
        expect(results.filter((result) => heldBy(result) < leastOf(result))).toEqual([]);
        const delivered = results.filter(({ error }) => error === undefined);
        expect(report.sent).toBe(delivered.length);
        const failed = new Set(results.filter(({ error }) => error !== undefined).map(({ id }) => id));
        expect(report.undelivered.filter(({ id }) => !failed.has(id))).toEqual([]);
        const counts = Object.values(sender.stats().regions);
        expect(counts.reduce((sum, { sent }) => sum + sent, 0)).toBe(delivered.length);
        expect(counts.reduce((sum, { failed: count }) => sum + count, 0)).toBe(failed.size);
      }),
      { numRuns: 40 },
    );
  });

  test('every message is settled within its deadline', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { results } = await run(plan);
        expect(results.filter(({ tookMs }) => tookMs > deadlineMs)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test('every group is in one region, in the order in which it was sent', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { regions, results } = await run(plan);
        const groupIds = new Set(results.map(({ message }) => message.groupId ?? 'none'));
        groupIds.delete('none');
        for (const groupId of groupIds) {
          const sent = results.filter(({ message }) => message.groupId === groupId).map(({ id }) => id);
          const given = regionIds.map((id) =>
            regions[id].given
              .filter(({ message }) => message.groupId === groupId)
              .map(({ message }) => message.id),
          );
          expect(given.filter((ids) => ids.length > 0)).toEqual([sent]);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('a region that is down for all', () => {
  const downPlan = (down: RegionId, weather: Weather): Plan => {
    const only = (id: RegionId): readonly Weather[] => [id === down ? weather : 'fair'];
    const all = {
      'eu-west-1': only('eu-west-1'),
      'eu-central-1': only('eu-central-1'),
      'us-east-1': only('us-east-1'),
      'sa-east-1': only('sa-east-1'),
    };
    return { seed: 7, weather: all, isEuOnly: false, isClosedEarly: false };
  };
  const mayGoElsewhere = ({ message, error }: Result): boolean =>
    message.groupId === undefined && error?.code !== 'message-invalid';

  test('costs no message that may go elsewhere', async () => {
    const { results, sender } = await run(downPlan('eu-west-1', 'denying'));
    expect(results.filter((result) => mayGoElsewhere(result) && result.error !== undefined)).toEqual([]);
    expect(sender.stats().regions['eu-west-1']).toMatchObject({ sent: 0, breaker: 'open' });
  });

  test('costs those whose call is under way when their share ends, because nobody knows what became of it', async () => {
    const { results, sender } = await run(downPlan('eu-west-1', 'refusing'));
    const failed = results.filter((result) => mayGoElsewhere(result) && result.error !== undefined);
    expect(failed.filter(({ error }) => error?.outcome !== 'unknown')).toEqual([]);
    expect(sender.stats().regions['eu-west-1']).toMatchObject({ sent: 0, breaker: 'open' });
  });
});
