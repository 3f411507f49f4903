import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AttemptResult,
  afterResult,
  afterStart,
  availability,
  type Health,
  healthy,
  type Permit,
} from '../src/breaker.ts';

const policy = { failureThreshold: 3, probeAfterMs: 1_000, maxProbeAfterMs: 8_000 };
const noJitter = () => 1 - Number.EPSILON;

const begin = (health: Health, now: number): { health: Health; permit: Permit } => {
  const permit = { as: availability(health, now), epoch: health.epoch };
  return { permit, health: afterStart(health, permit) };
};

/** An attempt from beginning to end. */
const attempt = (health: Health, result: AttemptResult, now: number, random = noJitter): Health => {
  const begun = begin(health, now);
  return afterResult(begun.health, begun.permit, result, now, policy, random);
};

const failTimes = (times: number, now: number, from: Health = healthy): Health =>
  Array.from({ length: times }).reduce<Health>((health) => attempt(health, 'failed', now), from);

describe('a breaker', () => {
  test('opens after so many failures in a row, and not before', () => {
    expect(availability(failTimes(2, 0), 0)).toBe('ready');
    expect(availability(failTimes(3, 0), 0)).toBe('avoid');
  });

  test('counts failures anew after a success', () => {
    const health = attempt(failTimes(2, 0), 'succeeded', 0);
    expect(availability(failTimes(2, 0, health), 0)).toBe('ready');
  });

  test('takes no notice of an inconclusive end', () => {
    const health = attempt(failTimes(2, 0), 'inconclusive', 0);
    expect(availability(attempt(health, 'failed', 0), 0)).toBe('avoid');
  });

  test('lets one probe through when its time is up', () => {
    const open = failTimes(3, 0);
    expect(availability(open, 999)).toBe('avoid');
    const probing = begin(open, 1_000);
    expect(probing.permit.as).toBe('probe');
    expect(availability(probing.health, 1_000)).toBe('avoid');
    expect(availability(probing.health, 1e9)).toBe('avoid');
  });

  test('closes with a probe that succeeds', () => {
    const closed = attempt(failTimes(3, 0), 'succeeded', 1_000);
    expect(availability(closed, 1_000)).toBe('ready');
    expect(availability(failTimes(2, 1_000, closed), 1_000)).toBe('ready');
  });

  test('stays open for twice as long with each probe that fails, up to the longest time', () => {
    let health = failTimes(3, 0);
    let now = 0;
    for (const expectedMs of [1_000, 2_000, 4_000, 8_000, 8_000]) {
      expect(availability(health, now + expectedMs - 1)).toBe('avoid');
      now += expectedMs;
      expect(availability(health, now)).toBe('probe');
      health = attempt(health, 'failed', now);
    }
  });

  test('lets the next probe through at once where one was inconclusive', () => {
    const health = attempt(failTimes(3, 0), 'inconclusive', 1_000);
    expect(availability(health, 1_000)).toBe('probe');
  });

  test('remembers earlier outages for a while: each success takes one back', () => {
    const closed = attempt(failTimes(3, 0), 'succeeded', 1_000);
    const again = failTimes(3, 1_000, closed);
    expect(availability(again, 2_999)).toBe('avoid');
    const twice = attempt(again, 'succeeded', 3_000);
    const afterOne = attempt(twice, 'succeeded', 3_000);
    expect(availability(failTimes(3, 3_000, afterOne), 4_999)).toBe('avoid');
    const recovered = attempt(closed, 'succeeded', 1_000);
    expect(availability(failTimes(3, 1_000, recovered), 2_000)).toBe('probe');
  });

  test('has no regard for what began before it opened', () => {
    const early = begin(healthy, 0);
    const open = failTimes(3, 0);
    for (const result of ['succeeded', 'failed', 'inconclusive'] as const) {
      expect(afterResult(open, early.permit, result, 10, policy, noJitter)).toEqual(open);
    }
  });

  test('has no regard for what began before it closed', () => {
    const lastResort = begin(failTimes(3, 0), 500);
    const closed = attempt(lastResort.health, 'succeeded', 1_000);
    expect(lastResort.permit.as).toBe('avoid');
    expect(afterResult(closed, lastResort.permit, 'failed', 1_000, policy, noJitter)).toEqual(closed);
  });

  test('closes with a last resort that succeeds, and does not mind one that fails', () => {
    const open = failTimes(3, 0);
    expect(availability(attempt(open, 'succeeded', 1), 1)).toBe('ready');
    expect(attempt(open, 'failed', 1)).toEqual(open);
  });

  test('has at least half of the time without jitter', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (chance) => {
        const open = Array.from({ length: 3 }).reduce<Health>(
          (health) => attempt(health, 'failed', 0, () => chance),
          healthy,
        );
        expect(open.probeAt).toBeGreaterThanOrEqual(500);
        expect(open.probeAt).toBeLessThanOrEqual(1_000);
      }),
    );
  });
});

type Step =
  | { readonly kind: 'begin' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'end'; readonly which: number; readonly result: AttemptResult };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.constant<Step>({ kind: 'begin' }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(3_000) }),
    fc.record({
      kind: fc.constant('end' as const),
      which: fc.nat(),
      result: fc.constantFrom<AttemptResult[]>('succeeded', 'failed', 'inconclusive'),
    }),
  ),
  { maxLength: 200 },
);

describe('a breaker, whatever overlaps', () => {
  test('has at most one probe at a time, and none before half of the shortest time is over', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        let health = healthy;
        let now = 0;
        let openedAt = 0;
        let overlapping = 0;
        let early = 0;
        const underWay: Permit[] = [];
        for (const step of plan) {
          const { epoch } = health;
          if (step.kind === 'wait') {
            now += step.ms;
          } else if (step.kind === 'begin') {
            const begun = begin(health, now);
            const isProbe = begun.permit.as === 'probe';
            const others = underWay.filter(({ as, epoch: of }) => as === 'probe' && of === epoch);
            overlapping += isProbe ? others.length : 0;
            early += isProbe && now - openedAt < policy.probeAfterMs / 2 ? 1 : 0;
            health = begun.health;
            underWay.push(begun.permit);
          } else {
            const [permit] = underWay.splice(step.which % Math.max(1, underWay.length), 1);
            if (permit !== undefined) {
              health = afterResult(health, permit, step.result, now, policy, () => 0.5);
            }
          }
          openedAt = health.epoch === epoch ? openedAt : now;
          expect(health.failures).toBeLessThan(policy.failureThreshold);
        }
        expect({ overlapping, early }).toEqual({ overlapping: 0, early: 0 });
      }),
    );
  });

  test('comes back: once everything has ended and time has passed, a success closes it', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        let health = healthy;
        let now = 0;
        const underWay: Permit[] = [];
        for (const step of plan) {
          if (step.kind === 'wait') {
            now += step.ms;
          } else if (step.kind === 'begin') {
            const begun = begin(health, now);
            health = begun.health;
            underWay.push(begun.permit);
          } else {
            const permit = underWay.pop();
            health = permit ? afterResult(health, permit, step.result, now, policy, () => 0.5) : health;
          }
        }
        for (const permit of underWay) {
          health = afterResult(health, permit, 'failed', now, policy, () => 0.5);
        }
        now += policy.maxProbeAfterMs;
        expect(availability(health, now)).not.toBe('avoid');
        expect(availability(attempt(health, 'succeeded', now), now)).toBe('ready');
      }),
    );
  });
});
