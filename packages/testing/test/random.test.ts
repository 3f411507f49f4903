import { describe, expect, test } from 'vitest';
import { createRandom } from '../src/index.ts';

function draw(seed: number, count: number): number[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random());
}

describe('createRandom', () => {
  test('gives the same numbers for the same seed and others for another', () => {
    expect(draw(1, 20)).toEqual(draw(1, 20));
    expect(draw(1, 20)).not.toEqual(draw(2, 20));
    expect(draw(0, 3)).toEqual([0.3921251413412392, 0.8505931859835982, 0.684420470148325]);
  });

  test('gives numbers of [0, 1), evenly, for neighbouring seeds too', () => {
    const drawn = [1, 2, 3, 4].flatMap((seed) => draw(seed, 5_000));
    expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
    const tenths = new Array<number>(10).fill(0);
    for (const value of drawn) {
      const tenth = Math.floor(value * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    // 2,000 each on average, with a standard deviation of 42.
    expect(Math.min(...tenths)).toBeGreaterThan(1_800);
    expect(Math.max(...tenths)).toBeLessThan(2_200);
  });

  test('gives unlike first numbers for neighbouring seeds', () => {
    const firsts = Array.from({ length: 1_000 }, (_, seed) => draw(seed, 1)[0] ?? 0);
    expect(new Set(firsts.map((first) => Math.floor(first * 1_000))).size).toBeGreaterThan(550);
    const mean = firsts.reduce((sum, first) => sum + first, 0) / firsts.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
  });
});
