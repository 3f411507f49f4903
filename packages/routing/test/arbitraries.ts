import fc from 'fast-check';
import type { Allow, Coordinates, Jurisdiction, Location, RegionId } from '../src/index.ts';
import { regions } from '../src/index.ts';

const ids: readonly RegionId[] = regions.map(({ id }) => id);
const jurisdictions: readonly Jurisdiction[] = [
  ...new Set(regions.flatMap((region) => region.jurisdictions)),
];

export const points: fc.Arbitrary<Coordinates> = fc.record({
  latitude: fc.double({ min: -90, max: 90, noNaN: true }),
  longitude: fc.double({ min: -180, max: 180, noNaN: true }),
});

/** Locations that are known and ones that are not. */
export const locations: fc.Arbitrary<Location | undefined> = fc.oneof(
  points,
  fc.record({ country: fc.constantFrom('DE', 'US', 'BR', 'NZ', 'XX') }),
  fc.constantFrom('eu-west-1', 'us-iso-east-1', 'nowhere'),
  fc.constant(undefined),
);

export const allows: fc.Arbitrary<Allow> = fc
  .record({
    regions: fc.subarray([...ids], { maxLength: 4 }),
    countries: fc.subarray(['DE', 'US', 'GB', 'BR', 'PT'], { maxLength: 2 }),
    jurisdictions: fc.subarray([...jurisdictions], { maxLength: 2 }),
  })
  .filter((allow) => Object.values(allow).some((list) => list.length > 0));

export const candidateLists: fc.Arbitrary<RegionId[]> = fc.subarray([...ids], { minLength: 1 });

export const regionIds: fc.Arbitrary<RegionId> = fc.constantFrom(...ids);
