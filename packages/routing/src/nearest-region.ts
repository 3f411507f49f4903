import { QueueError } from '@sqskit/core';
import { type OptionRules, resolveOptions } from '@sqskit/core/options';
import { type Allow, checkAllow, isAllowed } from './allow.ts';
import { distanceToRegionKm, precedes, rank } from './distance.ts';
import { invalidOption } from './invalid-option.ts';
import { type Location, type Locations, pointOf } from './location.ts';
import type { Coordinates, Partition, Region, RegionId } from './region.ts';
import { findRegion, regions } from './regions.ts';

/** The guide's default region. */
const guideDefaultRegion = 'us-east-1';

export interface NearestRegionOptions<R extends RegionId = RegionId> {
  /** Where it may be. Default: anywhere in the partition. A filter before anything else, the default region included. */
  readonly allow?: Allow | undefined;
  /** The regions to choose from, such as those with a queue. Default: every region of the partition, opt-in ones too. */
  readonly candidates?: readonly R[] | undefined;
  /** For a location that is not known. Default: `us-east-1`. */
  readonly defaultRegion?: R | undefined;
  /** Names of the application's own and where they are. Default: none; a region's id is always a location. */
  readonly locations?: Locations | undefined;
  /** Default: `aws`. Accounts and credentials end at the partition, so nothing is chosen outside it. */
  readonly partition?: Partition | undefined;
}

type Unset = 'allow' | 'candidates' | 'locations';

export const nearestRegionRules: OptionRules<NearestRegionOptions, Unset> = {
  allow: {
    kind: 'object',
    methods: [],
    what: 'an object with regions, countries or jurisdictions',
    shown: 'anywhere',
    doc: 'Where it may be: a region is allowed if one of the lists names it, its country or one of its jurisdictions. A filter before anything else, the default region included.',
  },
  candidates: {
    kind: 'object',
    methods: [],
    what: 'a list of region ids',
    shown: 'the whole partition',
    doc: 'The regions to choose from: those where you have a queue. The whole partition has regions that an account must opt in to.',
  },
  defaultRegion: {
    kind: 'text',
    default: guideDefaultRegion,
    maxLength: 32,
    doc: 'The region for a location that is not known. Where it is no allowed candidate, such a location is an error.',
  },
  locations: {
    kind: 'object',
    methods: [],
    what: 'an object of names and places',
    shown: 'none',
    doc: 'Names of your own and where they are: coordinates, a country or a region.',
  },
  partition: {
    kind: 'choice',
    values: ['aws', 'aws-cn', 'aws-eusc', 'aws-us-gov', 'aws-iso', 'aws-iso-b', 'aws-iso-e', 'aws-iso-f'],
    default: 'aws',
    doc: 'Nothing outside it is chosen: accounts and credentials end at the partition.',
  },
};

/**
 * The allowed region nearest to a location by great-circle distance; of equally near ones, the first by id. For a
 * location that is not known, the default region. Never a region that is not allowed.
 *
 * Throws `region-not-allowed` where the default region would be it and is not allowed, or where no region is;
 * `option-invalid` for malformed input.
 */
export function nearestRegion<R extends RegionId = RegionId>(
  location: Location | undefined,
  options: NearestRegionOptions<R> = {},
): R {
  const { origin, allowed, defaultRegion } = resolve(location, options);
  const region = (origin && closest(origin, allowed)) ?? fallback(allowed, defaultRegion);
  return asCandidate(region.id);
}

/** Why a region was chosen. */
export interface RegionChoice<R extends RegionId = RegionId> {
  readonly region: R;
  /** `default`: the location is not known. */
  readonly reason: 'nearest' | 'default';
  /** The point that distances are measured from. */
  readonly origin: Coordinates | undefined;
  /** Every allowed region, nearest first; empty where the location is not known. */
  readonly ranking: readonly RankedRegion<R>[];
}

export interface RankedRegion<R extends RegionId = RegionId> {
  readonly region: R;
  /** `Infinity` where AWS does not say where the region is. */
  readonly distanceKm: number;
}

/** As `nearestRegion`, with the reason and every region it was compared with. */
export function explainRegion<R extends RegionId = RegionId>(
  location: Location | undefined,
  options: NearestRegionOptions<R> = {},
): RegionChoice<R> {
  const { origin, allowed, defaultRegion } = resolve(location, options);
  const nearest = origin && closest(origin, allowed);
  const sites = allowed.map((region) => ({ region }));
  return {
    region: asCandidate((nearest ?? fallback(allowed, defaultRegion)).id),
    reason: nearest === undefined ? 'default' : 'nearest',
    origin,
    ranking:
      origin === undefined
        ? []
        : rank(origin, sites).map(({ site, distanceKm }) => ({
            region: asCandidate<R>(site.region.id),
            distanceKm,
          })),
  };
}

interface Question {
  readonly origin: Coordinates | undefined;
  /** Within the partition, the candidates and what `allow` admits. */
  readonly allowed: readonly Region[];
  readonly defaultRegion: RegionId;
}

const owner = 'nearestRegion';

function resolve(location: Location | undefined, given: NearestRegionOptions): Question {
  const options = resolveOptions<NearestRegionOptions, Unset>(owner, nearestRegionRules, given);
  const { allow, candidates, defaultRegion, locations, partition } = options;
  if (allow !== undefined) {
    checkAllow(owner, 'allow', allow);
  }
  const pool = candidates === undefined ? regions : regionsOf(candidates);
  return {
    origin: pointOf(owner, location, locations),
    allowed: pool.filter(
      (region) => region.partition === partition && (allow === undefined || isAllowed(region, allow)),
    ),
    defaultRegion: knownRegion(owner, 'defaultRegion', defaultRegion).id,
  };
}

function regionsOf(candidates: readonly RegionId[]): Region[] {
  if (!Array.isArray(candidates)) {
    throw invalidOption(owner, 'candidates', candidates, 'a list of region ids');
  }
  return candidates.map((id: RegionId) => knownRegion(owner, 'candidates', id));
}

/** The region with this id; throws `option-invalid` where there is none. */
export function knownRegion(owner: string, option: string, id: string): Region {
  const region = findRegion(id);
  if (region === undefined) {
    throw invalidOption(owner, option, id, 'the id of an AWS region');
  }
  return region;
}

/** The nearest of the regions whose place is known. */
function closest(origin: Coordinates, candidates: readonly Region[]): Region | undefined {
  let nearest: Region | undefined;
  let nearestKm = Number.POSITIVE_INFINITY;
  for (const region of candidates) {
    const distanceKm = distanceToRegionKm(origin, region);
    if (
      distanceKm < Number.POSITIVE_INFINITY &&
      (nearest === undefined || precedes(distanceKm, region, nearestKm, nearest))
    ) {
      nearest = region;
      nearestKm = distanceKm;
    }
  }
  return nearest;
}

function fallback(allowed: readonly Region[], defaultRegion: RegionId): Region {
  const region = allowed.find(({ id }) => id === defaultRegion);
  if (region === undefined) {
    throw regionNotAllowed(defaultRegion, allowed);
  }
  return region;
}

/** Nothing tells where to go, and the default region is none of those that are allowed. */
export function regionNotAllowed(
  region: RegionId,
  allowed: readonly Region[],
): QueueError<'region-not-allowed'> {
  const ids = allowed.map(({ id }) => id);
  const message =
    ids.length === 0
      ? 'none of the regions to choose from is allowed'
      : `the location is not known, and the default region ${region} is not among those allowed: ${ids.join(', ')}`;
  return new QueueError('region-not-allowed', message, { region, allowed: ids });
}

/** Every allowed region is one of the candidates; where none are given, `R` is any region. */
function asCandidate<R extends RegionId>(id: RegionId): R {
  return id as R;
}
