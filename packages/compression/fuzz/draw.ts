import { createRandom } from '@sqskit/testing';

/** Draws from a seed what a fuzzed input is made of. */
export interface Draw {
  /** A whole number from 0 to below `end`. */
  readonly below: (end: number) => number;
  readonly of: <const C extends readonly [unknown, ...unknown[]]>(choices: C) => C[number];
  readonly bytes: (length: number) => Uint8Array;
}

export function createDraw(seed: number): Draw {
  const random = createRandom(seed);
  const below = (end: number): number => Math.floor(random() * end);
  return {
    below,
    of: (choices) => choices[below(choices.length)] ?? choices[0],
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
  };
}
