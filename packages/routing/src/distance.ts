import type { Coordinates, Region } from './region.ts';

const radiansPerDegree = Math.PI / 180;
const earthDiameterKm = 2 * 6371.0088; // of the sphere with the Earth's mean radius (IUGG)

/** Great-circle distance in kilometres, by the haversine formula. */
export function distanceKm(from: Coordinates, to: Coordinates): number {
  const fromLatitude = from.latitude * radiansPerDegree;
  const toLatitude = to.latitude * radiansPerDegree;
  const sinLatitude = Math.sin((toLatitude - fromLatitude) / 2);
  const sinLongitude = Math.sin(((to.longitude - from.longitude) * radiansPerDegree) / 2);
  const haversine = sinLatitude ** 2 + Math.cos(fromLatitude) * Math.cos(toLatitude) * sinLongitude ** 2;
  return earthDiameterKm * Math.asin(Math.min(1, Math.sqrt(haversine))); // or rounding might give NaN at the antipodes
}

/** How far a region is; infinitely far where nobody says where it is. */
export function distanceToRegionKm(from: Coordinates, { coordinates }: Region): number {
  return coordinates === undefined ? Number.POSITIVE_INFINITY : distanceKm(from, coordinates);
}

/** Something that stands in a region. */
export interface Site {
  readonly region: Region;
}

export interface RankedSite<S extends Site> {
  readonly site: S;
  readonly distanceKm: number;
}

/** The sites, nearest first; equally far ones by their region's id, whatever order they came in. */
export function rank<S extends Site>(from: Coordinates, sites: readonly S[]): RankedSite<S>[] {
  return sites
    .map((site) => ({ site, distanceKm: distanceToRegionKm(from, site.region) }))
    .sort((a, b) => (precedes(a.distanceKm, a.site.region, b.distanceKm, b.site.region) ? -1 : 1));
}

/** Whether `region` comes before `other` in the order of nearness. */
export function precedes(
  kilometres: number,
  region: Region,
  otherKilometres: number,
  other: Region,
): boolean {
  return kilometres === otherKilometres ? region.id < other.id : kilometres < otherKilometres;
}
