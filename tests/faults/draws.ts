import { createRandom } from '@sqskit/testing';

/** What a scenario is drawn with: the same seed gives the same scenario. */
export interface Draws {
  /** Whether something of this probability happens. */
  readonly chance: (probability: number) => boolean;
  /** A whole number from `min` to `max`, both included. */
  readonly whole: (min: number, max: number) => number;
  /** One of these, all as likely; name one twice to make it likelier. */
  readonly pick: <V>(values: readonly [V, ...V[]]) => V;
  /** Something of this probability, otherwise `undefined`. */
  readonly maybe: <V>(probability: number, draw: () => V) => V | undefined;
}

export function createDraws(seed: number): Draws {
  const random = createRandom(seed);
  const whole = (min: number, max: number): number => min + Math.floor(random() * (max - min + 1));
  const chance = (probability: number): boolean => random() < probability;
  return {
    chance,
    whole,
    pick: (values) => values[whole(0, values.length - 1)] ?? values[0],
    maybe: (probability, draw) => (chance(probability) ? draw() : undefined),
  };
}
