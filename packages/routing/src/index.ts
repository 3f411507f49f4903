// The table.
export type { Coordinates, Jurisdiction, Partition, Region, RegionCountry, RegionId } from './region.ts';
export { findRegion, regions } from './regions.ts';

// Which region.
export type { Allow } from './allow.ts';
export type { CountryLocation, Location, Locations, Place } from './location.ts';
export {
  explainRegion,
  type NearestRegionOptions,
  nearestRegion,
  type RankedRegion,
  type RegionChoice,
} from './nearest-region.ts';

// Sending there.
export { createRegionalSender, type RegionalSender, type RoutingStats } from './regional-sender.ts';
export type { RegionalSenderOptions } from './regional-sender-options.ts';
export type { RegionSenders } from './region-senders.ts';
export type { RegionStats } from './region-link.ts';
