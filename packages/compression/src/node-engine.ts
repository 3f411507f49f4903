import {
  type Algorithm,
  type Compressor,
  type DecompressOptions,
  type Engine,
  expandsTooFar,
  type Level,
  withoutSystem,
} from './engine.ts';
import { type NodeZlib, nodeZlib, type ZlibLater, type ZlibOptions, type ZlibSync } from './node-zlib.ts';

/**
 * Node's own zlib: several times as fast as JavaScript, and with zstd from Node 22.15. `undefined` where there is none:
 * in browsers.
 */
export function nodeEngine(): Engine | undefined {
  const zlib = nodeZlib();
  return zlib === undefined ? undefined : engineOf(zlib);
}

/** Looks for each algorithm when it is first asked for: one that is missing is not a crash on an older Node. */
function engineOf(zlib: NodeZlib): Engine {
  const made = new Map<Algorithm | 'brotli', Compressor | undefined>();
  return {
    compressor(algorithm) {
      if (!made.has(algorithm)) {
        made.set(algorithm, makers[algorithm](zlib));
      }
      return made.get(algorithm);
    },
  };
}

const makers: Readonly<Record<Algorithm | 'brotli', (zlib: NodeZlib) => Compressor | undefined>> = {
  gzip: gzipOf,
  deflate: deflateOf,
  zstd: zstdOf,
  brotli: brotliOf,
};

function gzipOf(zlib: NodeZlib): Compressor {
  const later = promised(zlib.gzip);
  return {
    takesDictionary: false,
    compress: (bytes, level) => withoutSystem(zlib.gzipSync(bytes, { level })),
    compressLater: async (bytes, level) => withoutSystem(await later(bytes, { level })),
    decompress(bytes, { maxOutputBytes }) {
      const { buffer, engine } = limited(maxOutputBytes, () =>
        zlib.gunzipSync(bytes, { maxOutputLength: maxOutputBytes, info: true }),
      );
      // zlib leaves out what follows the last member if it begins with a zero.
      if (engine.bytesWritten !== bytes.length) {
        throw new RangeError('data after its end');
      }
      return buffer;
    },
  };
}

function deflateOf(zlib: NodeZlib): Compressor {
  const given = (level: Level, dictionary: Uint8Array | undefined): ZlibOptions => ({
    level,
    chunkSize: chunkBytes,
    ...(dictionary && { dictionary }),
  });
  const later = promised(zlib.deflateRaw);
  return {
    takesDictionary: true,
    compress: (bytes, level, dictionary) => zlib.deflateRawSync(bytes, given(level, dictionary)),
    compressLater: (bytes, level, dictionary) => later(bytes, given(level, dictionary)),
    ...decompressing(zlib.inflateRawSync, zlib.inflateRaw),
  };
}

// Parameters of zstd, as node:zlib numbers them.
const compressionLevel = 100;
const windowLog = 101;
const windowLogMax = 100;

/** 256 KiB, as their binary logarithm. Level 1 takes twice as much itself: for packs as small, a tenth more time. (bench/zstd-window.ts) */
const fastWindowLog = 18;

function zstdOf({
  zstdCompressSync,
  zstdCompress,
  zstdDecompressSync,
  zstdDecompress,
}: NodeZlib): Compressor | undefined {
  if (!(zstdCompressSync && zstdCompress && zstdDecompressSync && zstdDecompress)) {
    return undefined;
  }
  // With the size pledged, the synchronous and the asynchronous call give the same bytes.
  const given = (bytes: Uint8Array, level: Level, dictionary: Uint8Array | undefined): ZlibOptions => ({
    params: { [compressionLevel]: level, ...(level === 1 && { [windowLog]: fastWindowLog }) },
    pledgedSrcSize: bytes.length,
    chunkSize: chunkBytes,
    ...(dictionary && { dictionary }),
  });
  const later = promised(zstdCompress);
  return {
    takesDictionary: heedsDictionary(zstdCompressSync),
    compress: (bytes, level, dictionary) => zstdCompressSync(bytes, given(bytes, level, dictionary)),
    compressLater: (bytes, level, dictionary) => later(bytes, given(bytes, level, dictionary)),
    // A frame may ask for a window of 128 MiB; RFC 8878, 3.1.1.1.2 has decoders support 8 MiB.
    ...decompressing(zstdDecompressSync, zstdDecompress, {
      [windowLogMax]: 23,
    }),
  };
}

/** Whether the `dictionary` option has an effect: Node 22.15 to 22.18 has zstd, and ignores it. */
function heedsDictionary(compressSync: ZlibSync): boolean {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => (index * index * 31 + index * 7) >> 3);
  const options: ZlibOptions = { params: { [compressionLevel]: 1 }, pledgedSrcSize: bytes.length };
  return (
    compressSync(bytes, { ...options, dictionary: bytes }).length < compressSync(bytes, options).length - 32
  );
}

function brotliOf({ brotliCompressSync, brotliDecompressSync }: NodeZlib): Compressor {
  const quality = 1; // BROTLI_PARAM_QUALITY
  return {
    takesDictionary: false,
    compress: (bytes, level) => brotliCompressSync(bytes, { params: { [quality]: level } }),
    decompress: (bytes, options) =>
      limited(options.maxOutputBytes, () => brotliDecompressSync(bytes, outputOf(options))),
  };
}

/** What compressing puts out at a time: a pack of one billed unit comes in one piece. */
const chunkBytes = 65_536;

function decompressing(
  sync: ZlibSync,
  callback: ZlibLater,
  params?: Readonly<Record<number, number>>,
): Pick<Compressor, 'decompress' | 'decompressLater'> {
  const later = promised(callback);
  const given = (options: DecompressOptions): ZlibOptions => ({
    ...outputOf(options),
    ...(params && { params }),
    ...(options.dictionary && { dictionary: options.dictionary }),
  });
  return {
    decompress: (bytes, options) => limited(options.maxOutputBytes, () => sync(bytes, given(options))),
    async decompressLater(bytes, options) {
      try {
        return await later(bytes, given(options));
      } catch (reason) {
        throw outOfBounds(reason, options.maxOutputBytes);
      }
    },
  };
}

/** With room for one byte more than comes out, zlib ends in one piece: nothing is copied, nothing more allocated. */
function outputOf({ maxOutputBytes, isExact }: DecompressOptions): ZlibOptions {
  return {
    maxOutputLength: Math.max(maxOutputBytes, 1), // zlib takes none below
    ...(isExact === true && { chunkSize: Math.max(maxOutputBytes + 1, 64) }),
  };
}

function limited<T>(maxOutputBytes: number, work: () => T): T {
  try {
    return work();
  } catch (reason) {
    throw outOfBounds(reason, maxOutputBytes);
  }
}

function outOfBounds(reason: unknown, maxOutputBytes: number): unknown {
  const isTooLarge = reason instanceof Error && 'code' in reason && reason.code === 'ERR_BUFFER_TOO_LARGE';
  return isTooLarge ? expandsTooFar(maxOutputBytes) : reason;
}

function promised(work: ZlibLater): (bytes: Uint8Array, options: ZlibOptions) => Promise<Uint8Array> {
  return (bytes, options) =>
    new Promise((resolve, reject) => {
      work(bytes, options, (error, result) => (error === null ? resolve(result) : reject(error)));
    });
}
