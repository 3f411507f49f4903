import { fflateGzip, type GzipEngine, nodeGzip } from '../src/index.ts';

const node = nodeGzip();
if (node === undefined) {
  throw new Error('the tests run on Node, which has a zlib');
}

/** Both engines, by name. */
export const engines: Readonly<Record<'node' | 'fflate', GzipEngine>> = { node, fflate: fflateGzip };

/** Each engine with its name, for `describe.each`. */
export const everyEngine: readonly (readonly [name: string, engine: GzipEngine])[] = Object.entries(engines);
