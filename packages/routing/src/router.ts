import { type OutgoingMessage, QueueError } from '@sqskit/core';
import { show } from '@sqskit/core/options';
import { type Allow, checkAllow, isAllowed } from './allow.ts';
import { rank, type Site } from './distance.ts';
import { type Location, type Locations, pointOf } from './location.ts';
import { regionNotAllowed } from './nearest-region.ts';
import { pinGroup } from './pin-group.ts';
import type { Coordinates, RegionId } from './region.ts';

export interface RouterOptions<T> {
  readonly allow: Allow | undefined;
  readonly allowFor: ((message: OutgoingMessage<T>) => Allow | 'any') | undefined;
  readonly locate: ((message: OutgoingMessage<T>) => Location | undefined) | undefined;
  readonly locations: Locations | undefined;
  readonly defaultRegion: RegionId;
  readonly pinGroups: boolean;
  readonly locateGroup: ((groupId: string) => Location | undefined) | undefined;
}

/** The sites that a message may go to, in the order to try them. One alone is that of a pinned group. */
export type Route<S extends Site> = readonly [S, ...S[]];

/** Decides where a message may go. Throws a `QueueError` for a message that may go nowhere. */
export type Router<T, S extends Site> = (message: OutgoingMessage<T>) => Route<S>;

const owner = 'createRegionalSender';

/** What is not allowed is taken away first, so that nothing after it can choose it. */
export function createRouter<T, S extends Site>(
  sites: readonly S[],
  options: RouterOptions<T>,
): Router<T, S> {
  const { allow, allowFor, locate, locations, defaultRegion, pinGroups, locateGroup } = options;
  const admitted = allow === undefined ? sites : sites.filter(({ region }) => isAllowed(region, allow));

  return (message) => {
    checkMessage(message);
    const allowed = allowFor === undefined ? admitted : narrow(admitted, allowFor, message);
    if (!isRoute(allowed)) {
      throw regionNotAllowed(defaultRegion, []);
    }
    const { groupId } = message;
    if (pinGroups && groupId !== undefined) {
      const home = originOf(() => locateGroup?.(groupId), 'locateGroup', locations);
      return [home === undefined ? pinGroup(groupId, allowed) : nearestFirst(home, allowed)[0]];
    }
    const origin = originOf(() => locate?.(message), 'locate', locations);
    return origin === undefined ? defaultFirst(defaultRegion, allowed) : nearestFirst(origin, allowed);
  };
}

function isRoute<S extends Site>(sites: readonly S[]): sites is Route<S> {
  return sites.length > 0;
}

function checkMessage(message: OutgoingMessage<unknown>): void {
  if (typeof message !== 'object' || message === null) {
    const expected = 'an object with a body';
    const received = show(message);
    throw new QueueError('message-invalid', `expected a message to be ${expected}, received ${received}`, {
      field: 'message',
      received,
      expected,
    });
  }
}

function narrow<T, S extends Site>(
  admitted: readonly S[],
  allowFor: (message: OutgoingMessage<T>) => Allow | 'any',
  message: OutgoingMessage<T>,
): readonly S[] {
  const allow: unknown = ask('allowFor', () => allowFor(message));
  if (allow === 'any') {
    return admitted;
  }
  // Refuses `undefined` too: a forgotten `return` must not open every region.
  checkAllow(owner, 'the result of allowFor', allow);
  return admitted.filter(({ region }) => isAllowed(region, allow));
}

function originOf(
  locate: () => Location | undefined,
  name: string,
  locations: Locations | undefined,
): Coordinates | undefined {
  return pointOf(owner, ask(name, locate), locations);
}

/** Calls a function of the user's. What it throws is the failure of this message, which has gone nowhere yet. */
function ask<R>(name: string, question: () => R): R {
  try {
    return question();
  } catch (reason) {
    const message = `${owner}: ${name} threw`;
    throw new QueueError('unexpected', message, { operation: name }, { outcome: 'rejected', cause: reason });
  }
}

function nearestFirst<S extends Site>(origin: Coordinates, allowed: Route<S>): Route<S> {
  const [nearest = { site: allowed[0] }, ...others] = rank(origin, allowed); // the default is for the type alone
  return [nearest.site, ...others.map(({ site }) => site)];
}

function defaultFirst<S extends Site>(defaultRegion: RegionId, allowed: Route<S>): Route<S> {
  const home = allowed.find(({ region }) => region.id === defaultRegion);
  if (home === undefined) {
    throw regionNotAllowed(
      defaultRegion,
      allowed.map(({ region }) => region),
    );
  }
  const others = allowed.filter((site) => site !== home);
  const { coordinates } = home.region;
  return [home, ...(coordinates === undefined ? others : rank(coordinates, others).map(({ site }) => site))];
}
