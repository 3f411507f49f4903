import type { Location, RegionId } from '@sqskit/routing';
import { nearestRegion } from '@sqskit/routing';
import { readParcel } from './parcel.ts';

/** The regions of the demo. Events without a place go to the first. */
export const demoRegions = [
  'us-east-1',
  'eu-west-1',
  'ap-northeast-1',
] as const satisfies readonly RegionId[];

export type DemoRegion = (typeof demoRegions)[number];

export const homeRegion: DemoRegion = demoRegions[0];

/**
 * Where an event happened, read from its message: GeoJSON's `geometry`, `latitude` and `longitude` (or `lat` with `lon`
 * or `lng`), or `country` (ISO 3166). `undefined` where it does not say, or says something that is no place.
 */
export function locationOf(body: string): Location | undefined {
  const event = readParcel(body)?.event;
  const location = coordinatesOf(event) ?? countryOf(event);
  return location !== undefined && isPlace(location) ? location : undefined;
}

function coordinatesOf(event: unknown): Location | undefined {
  const point = at(at(event, 'geometry'), 'coordinates');
  const [longitude, latitude] = Array.isArray(point)
    ? point
    : [
        at(event, 'longitude') ?? at(event, 'lon') ?? at(event, 'lng'),
        at(event, 'latitude') ?? at(event, 'lat'),
      ];
  return typeof latitude === 'number' && typeof longitude === 'number' ? { latitude, longitude } : undefined;
}

function countryOf(event: unknown): Location | undefined {
  const country = at(event, 'country');
  return typeof country === 'string' ? { country } : undefined;
}

/** Routing refuses what is no place; an event that says nonsense is sent all the same. */
function isPlace(location: Location): boolean {
  try {
    return nearestRegion(location, { candidates: demoRegions }) !== undefined;
  } catch {
    return false;
  }
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
