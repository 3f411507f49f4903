import { getFips, hash } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { createBodyCheck } from '../src/body-checksum.ts';

vi.mock('node:crypto', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:crypto')>()),
  getFips: vi.fn<() => number>(() => 0),
}));

test('a body is compared by the MD5 of its UTF-8 form, and none is as bad as a wrong one', () => {
  const isIntact = createBodyCheck();
  expect(isIntact('é', hash('md5', Buffer.from('é')))).toBe(true);
  expect(isIntact('e', hash('md5', Buffer.from('é')))).toBe(false);
  expect(isIntact('e', undefined)).toBe(false);
});

test('in FIPS mode, where there is no MD5, every body is taken for intact', () => {
  vi.mocked(getFips).mockReturnValueOnce(1);
  const isIntact = createBodyCheck();
  expect(isIntact('e', 'anything')).toBe(true);
  expect(isIntact('e', undefined)).toBe(true);
});
