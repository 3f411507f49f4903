import { type Algorithm, type Compressor, type Engine, fflateEngine, nodeEngine } from '../src/index.ts';

const node = nodeEngine();
if (node === undefined) {
  throw new Error('the tests run on Node, which has a zlib');
}

/** Both engines, by name. */
export const engines: Readonly<Record<'node' | 'fflate', Engine>> = { node, fflate: fflateEngine };

/** Each engine with its name, for `describe.each`. */
export const everyEngine: readonly (readonly [name: string, engine: Engine])[] = Object.entries(engines);

/** Node as it was before 22.15. */
export const withoutZstd: Engine = {
  compressor: (algorithm) => (algorithm === 'zstd' ? undefined : node.compressor(algorithm)),
};

export function compressorOf(engine: Engine, algorithm: Algorithm): Compressor {
  const compressor = engine.compressor(algorithm);
  if (compressor === undefined) {
    throw new Error(`this engine has no ${algorithm}`);
  }
  return compressor;
}

export const gzipOf = (engine: Engine): Compressor => compressorOf(engine, 'gzip');
