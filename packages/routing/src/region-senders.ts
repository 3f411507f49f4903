import type { Sender } from '@sqskit/core';
import { type Allow, checkAllow, isAllowed } from './allow.ts';
import type { Site } from './distance.ts';
import { invalidOption } from './invalid-option.ts';
import { checkLocations, type Locations } from './location.ts';
import { knownRegion } from './nearest-region.ts';
import type { RegionId } from './region.ts';
import { RegionLink, type RegionLinkOptions } from './region-link.ts';

/** One sender for each region that has a queue; all of one partition. */
export type RegionSenders<T> = Readonly<Partial<Record<RegionId, Sender<T>>>>;

const owner = 'createRegionalSender';
const methods: readonly (keyof Sender<unknown>)[] = ['send', 'trySend', 'flush', 'close'];

/** The link of each sender. Throws `option-invalid` for a region or a sender that is none, and for two partitions. */
export function linksOf<T>(senders: RegionSenders<T>, options: RegionLinkOptions): readonly RegionLink<T>[] {
  if (typeof senders !== 'object' || senders === null) {
    throw invalidOption(owner, 'senders', senders, 'an object with a sender for each region');
  }
  const links: RegionLink<T>[] = [];
  for (const [id, sender] of Object.entries(senders)) {
    const region = knownRegion(owner, 'senders', id);
    if (!isSender(sender)) {
      throw invalidOption(owner, `senders['${id}']`, sender, `a sender (with ${methods.join(', ')})`);
    }
    if (links[0] !== undefined && links[0].region.partition !== region.partition) {
      const { id: firstId, partition } = links[0].region;
      throw invalidOption(owner, 'senders', id, `a region of the partition ${partition}, as ${firstId} is`);
    }
    links.push(new RegionLink(region, sender, options));
  }
  if (links.length === 0) {
    throw invalidOption(owner, 'senders', senders, 'an object with at least one region');
  }
  return links;
}

function isSender(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    methods.every((method) => typeof Reflect.get(value, method) === 'function')
  );
}

/** Throws `option-invalid` for options that could only ever reject: better now than for every message. */
export function checkPlaces(
  links: readonly Site[],
  options: { readonly allow: Allow | undefined; readonly locations: Locations | undefined },
  defaultRegion: RegionId | undefined,
): void {
  const { allow, locations } = options;
  if (allow !== undefined) {
    checkAllow(owner, 'allow', allow);
  }
  const usable = links.filter(({ region }) => allow === undefined || isAllowed(region, allow));
  const ids = usable.map(({ region }) => region.id);
  if (ids.length === 0) {
    const having = links.map(({ region }) => region.id).join(', ');
    throw invalidOption(owner, 'allow', allow, `what allows a region that has a sender: ${having}`);
  }
  // us-east-1 by default is another matter: whoever locates every message never needs it.
  if (defaultRegion !== undefined && !ids.includes(defaultRegion)) {
    throw invalidOption(
      owner,
      'defaultRegion',
      defaultRegion,
      `allowed and with a sender: ${ids.join(' or ')}`,
    );
  }
  if (locations !== undefined) {
    checkLocations(owner, locations);
  }
}
