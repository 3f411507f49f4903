import { getFips, hash } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { createBodyCheck } from '../src/body-checksum.ts';

vi.mock('node:crypto', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:crypto')>()),
  getFips: vi.fn<() => number>(() => 0),
}));

test('a body is compared by the MD5 of its UTF-8 form, and none is as bad as a wrong one', () => {
  const md5 = hash('md5', Buffer.from('é'));
  expect(createBodyCheck()(['é', 'e', 'e', 'é'], [md5, md5, undefined, md5])).toEqual([
    true,
    false,
    false,
    true,
  ]);
});

test('in FIPS mode, where there is no MD5, every body is taken for intact', () => {
  vi.mocked(getFips).mockReturnValueOnce(1);
  expect(createBodyCheck()(['e', 'e'], ['anything', undefined])).toEqual([true, true]);
});
