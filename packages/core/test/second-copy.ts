import { vi } from 'vitest';

/** A module evaluated again, as a second installed copy of the package would be. */
export async function secondCopy<M>(load: () => Promise<M>): Promise<M> {
  vi.resetModules();
  return await load();
}
