import { expect, test, vi } from 'vitest';
import { fuzz } from '../fuzz/fuzz.ts';

// A reader for which every checksum is right, because it takes none: what the fuzzer is there to catch.
vi.mock('../src/crc32.ts', async (original) => ({
  ...(await original<typeof import('../src/crc32.ts')>()),
  crc32: () => 0,
}));

test('a reader that skips the CRC-32 is caught', async () => {
  const { failures } = await fuzz({ inputs: 900, seed: 1 });
  const flipped = failures.filter((failure) => failure.includes('bits flipped'));
  expect(flipped.length).toBeGreaterThan(0);
  expect(flipped.join()).toContain('something else came out than what went in');
});
