import type { Logger, OutgoingMessage, Recorder } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { clockRule, loggerRule, type OptionRules, recorderRule } from '@sqskit/core/options';
import type { Random } from '@sqskit/core/retry';
import type { Allow } from './allow.ts';
import type { Location, Locations } from './location.ts';
import { nearestRegionRules } from './nearest-region.ts';
import type { RegionId } from './region.ts';

export interface RegionalSenderOptions<T> {
  /** Where messages may go, whatever fails. Default: to every region that has a sender. */
  readonly allow?: Allow | undefined;
  /** Where this message may go, of what `allow` admits; `'any'` for all of that. Default: `'any'`. */
  readonly allowFor?: ((message: OutgoingMessage<T>) => Allow | 'any') | undefined;
  /** Where a message comes from, or should be near to. Default: nowhere, so that the default region is nearest. */
  readonly locate?: ((message: OutgoingMessage<T>) => Location | undefined) | undefined;
  /** Names of the application's own and where they are. Default: none; a region's id is always a location. */
  readonly locations?: Locations | undefined;
  /** For messages whose location is not known. Default: `us-east-1`. */
  readonly defaultRegion?: RegionId | undefined;
  /** Whether messages with a `groupId` stay in one region each group. Default: true, because FIFO order needs it. */
  readonly pinGroups?: boolean | undefined;
  /** Where a group should be; only its id may decide. Default: nowhere, so that groups spread over the regions evenly. */
  readonly locateGroup?: ((groupId: string) => Location | undefined) | undefined;
  /** Milliseconds for a message, all regions and retries together. Default: 30,000. */
  readonly deadlineMs?: number | undefined;
  /** Failures in a row after which a region is avoided. Default: 5. */
  readonly failureThreshold?: number | undefined;
  /** Milliseconds until an avoided region is probed, doubled each time, half of it jitter. Default: 5,000. */
  readonly probeAfterMs?: number | undefined;
  /** The longest such time in milliseconds. Default: 60,000. */
  readonly maxProbeAfterMs?: number | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** For jitter, and for the prefix of ids. Default: `Math.random`. */
  readonly random?: Random | undefined;
  /** Default: silent. */
  readonly logger?: Logger | undefined;
  /** Default: records nothing. */
  readonly recorder?: Recorder | undefined;
}

export type UnsetOption = 'allow' | 'allowFor' | 'locate' | 'locations' | 'locateGroup';

const longestMs = 86_400_000; // a day

export const regionalSenderRules: OptionRules<RegionalSenderOptions<never>, UnsetOption> = {
  allow: {
    kind: 'object',
    methods: [],
    what: 'an object with regions, countries or jurisdictions',
    shown: 'every region with a sender',
    doc: 'Where messages may go, whatever fails: a region is allowed if one of the lists names it, its country or one of its jurisdictions.',
  },
  allowFor: {
    kind: 'function',
    shown: "`'any'`",
    doc: "Where this message may go, of what `allow` admits: an object as for `allow`, or `'any'`. Anything else rejects the message.",
  },
  locate: {
    kind: 'function',
    shown: 'nowhere',
    doc: 'Where a message comes from: coordinates, a country, a name of `locations`, or a region id. `undefined` where it is not known.',
  },
  locations: nearestRegionRules.locations,
  defaultRegion: {
    ...nearestRegionRules.defaultRegion,
    doc: 'The region of messages whose location is not known. Where it has no sender or is not allowed, such a message is rejected.',
  },
  pinGroups: {
    kind: 'boolean',
    default: true,
    doc: 'Whether all messages of one `groupId` go to one region and never fail over, as FIFO order needs. Turn it off for standard queues, where groups are for fairness.',
  },
  locateGroup: {
    kind: 'function',
    shown: 'nowhere',
    doc: 'Where a pinned group should be. Must depend on its id alone. Without it, a hash spreads the groups over the allowed regions.',
  },
  deadlineMs: {
    kind: 'number',
    default: 30_000,
    min: 1,
    max: longestMs,
    unit: 'ms',
    doc: 'The time for a message, all regions and retries together. While another region remains, one gets half of what is left.',
  },
  failureThreshold: {
    kind: 'number',
    default: 5,
    min: 1,
    max: 1_000_000,
    doc: 'Failures in a row after which a region is avoided, so that it does not cost every message half of its time.',
  },
  probeAfterMs: {
    kind: 'number',
    default: 5_000,
    min: 1,
    max: longestMs,
    unit: 'ms',
    doc: 'Until an avoided region gets one message as a probe. Doubled with each failed probe; half of it is jitter.',
  },
  maxProbeAfterMs: {
    kind: 'number',
    default: 60_000,
    min: 1,
    max: longestMs,
    unit: 'ms',
    doc: 'The longest time until a probe.',
  },
  clock: clockRule('Where time comes from; tests give a fake one.'),
  random: {
    kind: 'function',
    default: Math.random,
    shown: '`Math.random`',
    doc: 'Randomness for jitter and for the prefix of ids.',
  },
  logger: loggerRule('Told when a region is avoided or back, and of each failover.'),
  recorder: recorderRule('Where `MessagesRouted`, `Failovers` and `RegionOutages` are recorded.'),
};
