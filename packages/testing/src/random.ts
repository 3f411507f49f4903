import type { Random } from '@sqskit/core/retry';

/**
 * A small seeded generator: the same seed gives the same numbers in [0, 1) on every machine. For tests, not for secrets.
 *
 * A Weyl sequence through a 32-bit avalanche function; any whole number is a good seed, neighbours included.
 */
export function createRandom(seed: number): Random {
  let state = Math.trunc(seed) | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
