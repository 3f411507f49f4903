import { isQueueError } from '@sqskit/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distanceKm, rank } from '../src/distance.ts';
import {
  type Allow,
  type Coordinates,
  explainRegion,
  findRegion,
  type NearestRegionOptions,
  nearestRegion,
  type RegionId,
  regions,
} from '../src/index.ts';
import { allows, candidateLists, locations, points, regionIds } from './arbitraries.ts';
import { errorOf } from './error-of.ts';

const lisbon = { latitude: 38.72, longitude: -9.14 };

describe('nearestRegion', () => {
  test('goes by coordinates', () => {
    expect(nearestRegion(lisbon)).toBe('eu-south-2');
    expect(nearestRegion({ latitude: 40.7, longitude: -74 })).toBe('us-east-1');
  });

  test('goes by a country', () => {
    expect(nearestRegion({ country: 'GB' })).toBe('eu-west-2');
  });

  test('goes by a name that the user maps to a place of any kind', () => {
    const named = {
      locations: {
        'New York': 'us-east-1',
        London: { country: 'GB' },
        Lisbon: lisbon,
      },
    } as const;
    expect(nearestRegion('New York', named)).toBe('us-east-1');
    expect(nearestRegion('London', named)).toBe('eu-west-2');
    expect(nearestRegion('Lisbon', named)).toBe('eu-south-2');
  });

  test('knows no name that was not mapped, though every object has it', () => {
    expect(nearestRegion('toString', { locations: { London: 'eu-west-2' } })).toBe('us-east-1');
  });

  test('takes a region for where it is, so that its neighbour stands in for it', () => {
    expect(nearestRegion('eu-west-2')).toBe('eu-west-2');
    expect(nearestRegion('eu-west-2', { candidates: ['us-east-1', 'eu-west-3'] })).toBe('eu-west-3');
  });

  test('prefers a name of the user to a region of that name', () => {
    expect(nearestRegion('eu-west-1', { locations: { 'eu-west-1': { country: 'JP' } } })).toMatch(/^ap-/);
  });

  test.each([undefined, 'Atlantis', 'toString', '', { country: 'XX' }, { country: 'UK' }])(
    'gives the default region of the guide for the unknown location %j',
    (location) => {
      expect(nearestRegion(location)).toBe('us-east-1');
      expect(nearestRegion(location, { defaultRegion: 'eu-north-1' })).toBe('eu-north-1');
    },
  );

  test('refuses an unknown location where the default region is not allowed', () => {
    const error = errorOf(() => nearestRegion('Atlantis', { allow: { jurisdictions: ['EU'] } }));
    expect(isQueueError(error, 'region-not-allowed') && error.details).toEqual({
      region: 'us-east-1',
      allowed: ['eu-central-1', 'eu-north-1', 'eu-south-1', 'eu-south-2', 'eu-west-1', 'eu-west-3'],
    });
    expect(error).toMatchObject({ retryable: false, outcome: 'rejected' });
  });

  test('refuses an unknown location where the default region is no candidate', () => {
    const error = errorOf(() => nearestRegion(undefined, { candidates: ['eu-west-1'] }));
    expect(error).toMatchObject({
      code: 'region-not-allowed',
      details: { region: 'us-east-1', allowed: ['eu-west-1'] },
    });
  });

  test('refuses any location where nothing is allowed', () => {
    const options = { candidates: ['us-east-1'], allow: { jurisdictions: ['EU'] } } as const;
    expect(errorOf(() => nearestRegion(lisbon, options))).toMatchObject({
      code: 'region-not-allowed',
      details: { allowed: [] },
    });
  });

  test('keeps the United Kingdom and Switzerland out of the EU', () => {
    const allow: Allow = { jurisdictions: ['EU'] };
    expect(nearestRegion({ country: 'GB' }, { allow })).toBe('eu-west-1');
    expect(nearestRegion({ country: 'CH' }, { allow })).toBe('eu-south-1');
    expect(nearestRegion({ country: 'CH' }, { allow: { ...allow, countries: ['CH'] } })).toBe('eu-central-2');
  });

  test('stays in its partition', () => {
    expect(nearestRegion({ country: 'DE' })).toBe('eu-central-1');
    expect(nearestRegion({ country: 'DE' }, { partition: 'aws-eusc' })).toBe('eusc-de-east-1');
    expect(nearestRegion({ latitude: 40, longitude: -83 }, { partition: 'aws-us-gov' })).toBe(
      'us-gov-east-1',
    );
  });

  test('has only the default in a partition whose regions are nowhere', () => {
    const iso = { partition: 'aws-iso', defaultRegion: 'us-iso-west-1' } as const;
    expect(nearestRegion({ country: 'US' }, iso)).toBe('us-iso-west-1');
  });
});

describe('nearestRegion, always', () => {
  test('gives an allowed candidate of the partition or throws region-not-allowed', () => {
    fc.assert(
      fc.property(locations, allows, candidateLists, regionIds, (location, allow, candidates, fallback) => {
        const answer = answerOf(location, { allow, candidates, defaultRegion: fallback });
        const permitted = regions.filter(
          ({ id, partition, country, jurisdictions }) =>
            partition === 'aws' &&
            candidates.includes(id) &&
            (allow.regions?.includes(id) === true ||
              (country !== undefined && allow.countries?.includes(country) === true) ||
              allow.jurisdictions?.some((law) => jurisdictions.includes(law)) === true),
        );
        expect(['region-not-allowed', ...permitted.map(({ id }) => id)]).toContain(answer);
      }),
    );
  });

  test('has no allowed region nearer than the one it gives', () => {
    fc.assert(
      fc.property(points, candidateLists, (point, candidates) => {
        const all: readonly RegionId[] = [...candidates, 'us-east-1'];
        const answer = nearestRegion(point, { candidates: all });
        const distances = all.map((id) => kilometresTo(id, point));
        expect(kilometresTo(answer, point)).toBe(Math.min(...distances));
      }),
    );
  });

  test('does not depend on the order of the candidates', () => {
    fc.assert(
      fc.property(locations, candidateLists, fc.infiniteStream(fc.nat()), (location, candidates, keys) => {
        const shuffled = candidates
          .map((id) => ({ id, key: Number(keys.next().value) }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ id }) => id);
        expect(answerOf(location, { candidates: shuffled })).toBe(answerOf(location, { candidates }));
      }),
    );
  });

  test('is explained by explainRegion: the first of the ranking, or the default', () => {
    fc.assert(
      fc.property(locations, candidateLists, (location, candidates) => {
        const options: NearestRegionOptions = { candidates: [...candidates, 'us-east-1'] };
        const { region, reason, ranking, origin } = explainRegion(location, options);
        expect(nearestRegion(location, options)).toBe(region);
        expect(reason === 'nearest' ? ranking[0]?.region : 'us-east-1').toBe(region);
        expect(ranking.length === 0).toBe(origin === undefined);
      }),
    );
  });

  /** The region, or the code of the error. */
  function answerOf(...[location, options]: Parameters<typeof nearestRegion>): string | undefined {
    let answer: string | undefined;
    const error = errorOf(() => {
      answer = nearestRegion(location, options);
    });
    return error?.code ?? answer;
  }
});

/** From the table; infinitely far outside the partition `aws`. */
function kilometresTo(id: RegionId, point: Coordinates): number {
  const region = findRegion(id);
  return region?.partition === 'aws' && region.coordinates !== undefined
    ? distanceKm(point, region.coordinates)
    : Number.POSITIVE_INFINITY;
}

describe('the great-circle distance', () => {
  test('is right to a part in a thousand', () => {
    const london = { latitude: 51.5074, longitude: -0.1278 };
    const newYork = { latitude: 40.7128, longitude: -74.006 };
    expect(distanceKm(london, newYork)).toBeGreaterThan(5_565);
    expect(distanceKm(london, newYork)).toBeLessThan(5_576);
  });

  test('is a metric on the globe: symmetric, never more than half the way round, the same across the date line', () => {
    fc.assert(
      fc.property(points, points, (a, b) => {
        expect(distanceKm(a, b)).toBeCloseTo(distanceKm(b, a), 6);
        expect(distanceKm(a, b)).toBeLessThanOrEqual(20_016);
        expect(distanceKm(a, a)).toBe(0);
        const antipode = {
          latitude: -a.latitude,
          longitude: a.longitude - Math.sign(a.longitude || 1) * 180,
        };
        expect(distanceKm(a, antipode)).toBeCloseTo(20_015, 0);
      }),
    );
    const pole = { latitude: 90, longitude: 0 };
    expect(distanceKm(pole, { latitude: -90, longitude: 0 })).toBeCloseTo(20_015, 0);
    const fiji = { latitude: -17, longitude: 179.9 };
    expect(distanceKm(fiji, { latitude: -17, longitude: -179.9 })).toBeLessThan(25);
  });
});

describe('equally near regions', () => {
  test('are ranked by id, in whatever order they come', () => {
    const sites = regions.filter(({ id }) => id === 'us-east-2' || id === 'us-gov-east-1');
    expect(sites).toHaveLength(2); // both in Ohio
    for (const order of [sites, sites.toReversed()]) {
      const ranked = rank(
        lisbon,
        order.map((region) => ({ region })),
      );
      expect(ranked.map(({ site }) => site.region.id)).toEqual(['us-east-2', 'us-gov-east-1']);
      expect(ranked[0]?.distanceKm).toBe(ranked[1]?.distanceKm);
    }
  });
});

describe('explainRegion', () => {
  test('ranks every allowed region', () => {
    const choice = explainRegion(lisbon, { candidates: ['us-east-1', 'eu-west-1', 'eu-south-2'] });
    expect(choice).toMatchObject({ region: 'eu-south-2', reason: 'nearest', origin: lisbon });
    expect(choice.ranking.map(({ region }) => region)).toEqual(['eu-south-2', 'eu-west-1', 'us-east-1']);
    expect(choice.ranking[0]?.distanceKm).toBeGreaterThan(700);
    expect(choice.ranking[0]?.distanceKm).toBeLessThan(800);
  });

  test('says that a location was not known', () => {
    expect(explainRegion('Atlantis')).toEqual({
      region: 'us-east-1',
      reason: 'default',
      origin: undefined,
      ranking: [],
    });
  });

  test('puts regions that are nowhere at the end', () => {
    const { ranking } = explainRegion('us-east-1', {
      partition: 'aws-iso',
      defaultRegion: 'us-iso-east-1',
    });
    expect(ranking).toEqual([
      { region: 'us-iso-east-1', distanceKm: Number.POSITIVE_INFINITY },
      { region: 'us-iso-west-1', distanceKm: Number.POSITIVE_INFINITY },
    ]);
  });
});

describe('nearestRegion refuses', () => {
  const malformed: readonly [string, unknown, unknown][] = [
    ['location.latitude', { latitude: 91, longitude: 0 }, {}],
    ['location.latitude', { latitude: Number.NaN, longitude: 0 }, {}],
    ['location.longitude', { latitude: 0, longitude: 181 }, {}],
    ['location.longitude', { latitude: 0 }, {}],
    ['location', {}, {}],
    ['location', null, {}],
    ['location', 7, {}],
    ["locations['here']", 'here', { locations: { here: 'eu-west-9' } }],
    ["locations['here'].latitude", 'here', { locations: { here: { latitude: '1', longitude: 1 } } }],
    ['defaultRegion', undefined, { defaultRegion: 'eu-west-9' }],
    ['candidates', undefined, { candidates: ['eu-west-9'] }],
    ['candidates', undefined, { candidates: 'eu-west-1' }],
    ['candidates', undefined, { candidates: {} }],
    ['allow', undefined, { allow: {} }],
    ['allow', undefined, { allow: { countries: [] } }],
    ['allow', undefined, { allow: ['eu-west-1'] }],
    ['allow.regions', undefined, { allow: { regions: ['eu-west-9'] } }],
    ['allow.countries', undefined, { allow: { countries: ['UK'] } }],
    ['allow.countries', undefined, { allow: { countries: 'DE' } }],
    ['allow.jurisdictions', undefined, { allow: { jurisdictions: ['eu'] } }],
    ['allow.jurisdiction', undefined, { allow: { jurisdiction: ['EU'] } }],
    ['partition', undefined, { partition: 'aws-moon' }],
    ['regions', undefined, { regions: ['eu-west-1'] }],
  ];

  test.each(malformed)('a malformed %s: %j with %j', (option, location, options) => {
    const error = errorOf(() => Reflect.apply(nearestRegion, undefined, [location, options]));
    expect(error).toMatchObject({ code: 'option-invalid', details: { option } });
    expect(error?.message).toContain('nearestRegion: expected');
  });
});

describe('the types', () => {
  test('narrow the answer to the candidates', () => {
    const queues = { 'eu-west-1': 'orders-dublin', 'us-east-1': 'orders-ashburn' };
    const region = nearestRegion(lisbon, { candidates: ['eu-west-1', 'us-east-1'] });
    expect(queues[region]).toBe('orders-dublin');
  });

  test('know every region of the table', () => {
    expect(
      regions.every(
        ({ id }) =>
          nearestRegion(undefined, {
            candidates: [id],
            defaultRegion: id,
            partition: findRegion(id)?.partition,
          }) === id,
      ),
    ).toBe(true);
  });
});
