import { countryCoordinates } from './countries.ts';
import { invalidOption } from './invalid-option.ts';
import type { Coordinates, RegionId } from './region.ts';
import { findRegion } from './regions.ts';

/** A country by its ISO 3166-1 alpha-2 code in capitals (`GB`, not `UK`): the middle of where its people live. */
export interface CountryLocation {
  readonly country: string;
}

/** Somewhere on the globe: a point, a country, or where a region is. */
export type Place = Coordinates | CountryLocation | RegionId;

/** Names of the application's own and where they are: `{ london: { country: 'GB' }, plant7: 'sa-east-1' }`. */
export type Locations = Readonly<Record<string, Place>>;

/** Where something is: a point, a country, a name of `locations`, or a region's id. */
export type Location = Coordinates | CountryLocation | string;

/**
 * The point that a location stands for; `undefined` where it is not known: a name that nobody mapped, a code of no
 * country. Throws `option-invalid` for what cannot be a location at all, such as a latitude of 91.
 */
export function pointOf(
  owner: string,
  location: Location | undefined,
  locations: Locations | undefined,
): Coordinates | undefined {
  if (location === undefined) {
    return undefined;
  }
  if (typeof location !== 'string') {
    return pointOfPlace(owner, 'location', location);
  }
  const place =
    locations !== undefined && Object.hasOwn(locations, location) ? locations[location] : undefined;
  return place === undefined
    ? findRegion(location)?.coordinates
    : pointOfPlace(owner, `locations['${location}']`, place);
}

/** Throws `option-invalid` where one of the names stands for no place. */
export function checkLocations(owner: string, locations: Locations): void {
  for (const [name, place] of Object.entries(locations)) {
    const option = `locations['${name}']`;
    const point = pointOfPlace(owner, option, place);
    if (point === undefined && typeof place === 'object') {
      throw invalidOption(owner, `${option}.country`, place, 'an ISO 3166-1 alpha-2 code in capitals');
    }
  }
}

function pointOfPlace(owner: string, option: string, place: Place): Coordinates | undefined {
  if (typeof place === 'string') {
    const region = findRegion(place);
    if (region === undefined) {
      throw invalidOption(owner, option, place, placeForm);
    }
    return region.coordinates;
  }
  if (typeof place !== 'object' || place === null) {
    throw invalidOption(owner, option, place, placeForm);
  }
  if ('latitude' in place) {
    checkDegrees(owner, `${option}.latitude`, place.latitude, 90);
    checkDegrees(owner, `${option}.longitude`, place.longitude, 180);
    return place;
  }
  if (typeof place.country !== 'string') {
    throw invalidOption(owner, option, place, placeForm);
  }
  return countryCoordinates(place.country);
}

const placeForm = 'coordinates, a country or the id of an AWS region';

function checkDegrees(owner: string, option: string, degrees: number, limit: number): void {
  // Written so that NaN fails too.
  if (!(typeof degrees === 'number' && Math.abs(degrees) <= limit)) {
    throw invalidOption(owner, option, degrees, `degrees from -${limit} to ${limit}`);
  }
}
