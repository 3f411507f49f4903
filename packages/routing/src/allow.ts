import { countryCoordinates } from './countries.ts';
import { invalidOption } from './invalid-option.ts';
import type { Jurisdiction, Region, RegionId } from './region.ts';
import { findRegion, regions } from './regions.ts';

/**
 * Where messages may go. A region is allowed if any of the lists names it, its country or one of its jurisdictions;
 * every other region is not, whatever fails.
 */
export interface Allow {
  readonly regions?: readonly RegionId[] | undefined;
  /** ISO 3166-1 alpha-2, in capitals: `DE`, `GB`. */
  readonly countries?: readonly string[] | undefined;
  /** `EU`, `EEA`, `UK`, or another country's law by its code: `CH`, `US`. `eu-west-2` is `UK`, `eu-central-2` is `CH`: neither is `EU`. */
  readonly jurisdictions?: readonly Jurisdiction[] | undefined;
}

export function isAllowed(region: Region, allow: Allow): boolean {
  const { id, country, jurisdictions } = region;
  return (
    allow.regions?.includes(id) === true ||
    (country !== undefined && allow.countries?.includes(country) === true) ||
    allow.jurisdictions?.some((jurisdiction) => jurisdictions.includes(jurisdiction)) === true
  );
}

const knownJurisdictions = new Set<unknown>(regions.flatMap(({ jurisdictions }) => jurisdictions));

const lists: Readonly<Record<keyof Allow, { isKnown(entry: unknown): boolean; readonly what: string }>> = {
  regions: {
    isKnown: (entry) => typeof entry === 'string' && findRegion(entry) !== undefined,
    what: 'the id of an AWS region',
  },
  countries: {
    isKnown: (entry) => typeof entry === 'string' && countryCoordinates(entry) !== undefined,
    what: 'an ISO 3166-1 alpha-2 code in capitals, such as DE or GB',
  },
  jurisdictions: {
    isKnown: (entry) => knownJurisdictions.has(entry),
    what: `one of ${[...knownJurisdictions].join(', ')}`,
  },
};

/**
 * Throws `option-invalid` for what is not an `Allow`: a misspelt country would otherwise forbid what it was meant to
 * allow, and an empty one forbids everything. `option` names it in the error.
 */
export function checkAllow(owner: string, option: string, allow: unknown): asserts allow is Allow {
  if (typeof allow !== 'object' || allow === null || Array.isArray(allow)) {
    throw invalidOption(owner, option, allow, 'an object with regions, countries or jurisdictions');
  }
  let entries = 0;
  for (const [name, list] of Object.entries(allow)) {
    entries += checkList(owner, option, name, list);
  }
  if (entries === 0) {
    throw invalidOption(owner, option, allow, 'at least one region, country or jurisdiction');
  }
}

function checkList(owner: string, option: string, name: string, list: unknown): number {
  const rule = Object.hasOwn(lists, name) ? lists[name as keyof Allow] : undefined; // hasOwn does not narrow
  if (rule === undefined) {
    throw invalidOption(
      owner,
      `${option}.${name}`,
      list,
      'absent: only regions, countries and jurisdictions are known',
    );
  }
  if (list === undefined) {
    return 0;
  }
  if (!Array.isArray(list)) {
    throw invalidOption(owner, `${option}.${name}`, list, `a list, each entry ${rule.what}`);
  }
  for (const entry of list) {
    if (!rule.isKnown(entry)) {
      throw invalidOption(owner, `${option}.${name}`, entry, rule.what);
    }
  }
  return list.length;
}
