import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Site } from '../src/distance.ts';
import { type RegionId, regions } from '../src/index.ts';
import { pinGroup } from '../src/pin-group.ts';

const sitesOf = (...ids: readonly [RegionId, ...RegionId[]]): readonly [Site, ...Site[]] => {
  const [first, ...others] = regions.filter(({ id }) => ids.includes(id)).map((region) => ({ region }));
  if (first === undefined) {
    throw new Error('no such region');
  }
  return [first, ...others];
};

const three = sitesOf('eu-west-1', 'eu-central-1', 'us-east-1');
const home = (groupId: string, sites = three): string => pinGroup(groupId, sites).region.id;

describe('the region of a group', () => {
  test('is the same for ever: a change of the hash would break the order of live groups', () => {
    const ids = ['order-1', 'customer-9', 'invoice-42', 'tenant/ä', ''];
    expect(Object.fromEntries(ids.map((id) => [id, home(id)]))).toEqual({
      'order-1': 'us-east-1',
      'customer-9': 'us-east-1',
      'invoice-42': 'eu-central-1',
      'tenant/ä': 'eu-west-1',
      '': 'eu-west-1',
    });
  });

  test('does not depend on the order of the regions', () => {
    fc.assert(
      fc.property(fc.string(), (groupId) => {
        const [first, second, third] = three;
        expect([second, third, first].every((site) => site !== undefined)).toBe(true);
        const reversed = three.toReversed() as [Site, ...Site[]]; // as long as it was
        expect(home(groupId, reversed)).toBe(home(groupId));
      }),
    );
  });

  test('is never a draw, because every region has a score of its own', () => {
    const all = regions.map((region): Site => ({ region }));
    const duels = all.flatMap((one) =>
      all.filter((other) => other !== one).map((other) => [one, other] as const),
    );
    const undecided = duels.filter(
      ([one, other]) => pinGroup('g', [one, other]) !== pinGroup('g', [other, one]),
    );
    expect(undecided).toEqual([]);
  });

  test('stays when another region is taken away', () => {
    fc.assert(
      fc.property(fc.string(), (groupId) => {
        const before = home(groupId);
        const after = home(groupId, sitesOf('eu-west-1', 'us-east-1'));
        expect(before === 'eu-central-1' || after === before).toBe(true);
      }),
    );
  });

  test('is spread evenly', () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 30_000; index++) {
      const region = home(`customer-${index}`);
      counts.set(region, (counts.get(region) ?? 0) + 1);
    }
    expect(counts.size).toBe(3);
    for (const count of counts.values()) {
      expect(count).toBeGreaterThan(9_500);
      expect(count).toBeLessThan(10_500);
    }
  });
});
