import type { Site } from './distance.ts';

/**
 * The site of a message group: by rendezvous hashing, a function of the group's id and of which sites there are, and
 * of nothing else, so that every process picks the same one, also after a restart. A site that is added or taken away
 * moves only the groups that go to it or were on it.
 *
 * The hash must never change: groups would move, and their order would not hold while they do.
 */
export function pinGroup<S extends Site>(groupId: string, sites: readonly [S, ...S[]]): S {
  // No two scores are equal: the ids of all regions have different hashes, and mixing keeps them apart.
  const groupHash = fnv1a(groupId);
  let pinned = sites[0];
  let highest = -1;
  for (const site of sites) {
    const score = mix(groupHash ^ fnv1a(site.region.id));
    if (score > highest) {
      pinned = site;
      highest = score;
    }
  }
  return pinned;
}

/** FNV-1a, 32 bits, over UTF-16 units. Source: http://www.isthe.com/chongo/tech/comp/fnv/ */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
}

/** MurmurHash3's finalizer: every bit of the input changes every bit of the result. As an unsigned number. */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
