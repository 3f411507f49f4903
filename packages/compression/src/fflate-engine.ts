import { deflateSync, gzipSync, Inflate, inflateSync } from 'fflate';
import { type Compressor, type Engine, expandsTooFar, withoutSystem } from './engine.ts';
import { fflateGunzip } from './fflate-gunzip.ts';
import { joined } from './joined.ts';

// Deflate expands at most 1,032 times, so at most 4 MiB come of one push, or of one call into a buffer that is too
// small, before the limit is looked at.
const pushBytes = 4_096;

const gzip: Compressor = {
  takesDictionary: false,
  compress: (bytes, level) => withoutSystem(gzipSync(bytes, { level, mtime: 0 })),
  decompress: (bytes, { maxOutputBytes }) => fflateGunzip(bytes, maxOutputBytes),
};

const deflate: Compressor = {
  takesDictionary: true,
  compress: (bytes, level, dictionary) => deflateSync(bytes, { level, ...(dictionary && { dictionary }) }),

  decompress(bytes, { maxOutputBytes, isExact, dictionary }) {
    if (bytes.length === 0) {
      throw new RangeError('unexpected end of data'); // fflate would make nothing of it
    }
    const options = dictionary && { dictionary };
    // Six times as fast as letting it grow a buffer of its own, at a kilobyte.
    const out =
      isExact === true && bytes.length <= pushBytes
        ? inflateSync(bytes, { ...options, out: new Uint8Array(maxOutputBytes + 1) })
        : inflateInPieces(bytes, maxOutputBytes, options);
    if (out.length > maxOutputBytes) {
      throw expandsTooFar(maxOutputBytes);
    }
    return out;
  },
};

function inflateInPieces(
  bytes: Uint8Array,
  maxOutputBytes: number,
  options: { readonly dictionary: Uint8Array } | undefined,
): Uint8Array {
  const chunks: Uint8Array[] = [];
  let totalBytes = 0;
  const stream = new Inflate(options ?? {}, (chunk) => {
    totalBytes += chunk.length;
    if (totalBytes > maxOutputBytes) {
      throw expandsTooFar(maxOutputBytes);
    }
    chunks.push(chunk);
  });
  for (let offset = 0; offset < bytes.length; offset += pushBytes) {
    const end = offset + pushBytes;
    stream.push(bytes.subarray(offset, end), end >= bytes.length);
  }
  return joined(chunks);
}

/** In plain JavaScript, on fflate: everywhere. Deflate and gzip, no zstd. */
export const fflateEngine: Engine = {
  compressor(algorithm) {
    switch (algorithm) {
      case 'deflate':
        return deflate;
      case 'gzip':
        return gzip;
      case 'zstd':
      case 'brotli':
        return undefined;
    }
  },
};
