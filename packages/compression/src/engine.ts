import { QueueError } from '@sqskit/core';

/** What contents are compressed by. `deflate` is raw (RFC 1951), `zstd` is RFC 8878, `gzip` is RFC 1952. */
export type Algorithm = 'deflate' | 'zstd' | 'gzip';

/** 1 is the fastest, 9 the smallest. */
export type Level = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

export interface DecompressOptions {
  /** The most that may come out. More is an error, and no more than that and a little is allocated. */
  readonly maxOutputBytes: number;
  /** Whether `maxOutputBytes` is what comes out of undamaged data, so that it can be allocated at once. Default: false. */
  readonly isExact?: boolean | undefined;
  readonly dictionary?: Uint8Array | undefined;
}

/** One algorithm of one engine. Whatever one writes, another of the same algorithm reads. */
export interface Compressor {
  /** Whether it can be given a dictionary. */
  readonly takesDictionary: boolean;
  /** The same arguments give the same bytes. */
  compress(bytes: Uint8Array, level: Level, dictionary?: Uint8Array): Uint8Array;
  /** Throws for what is no such data, is cut off, or expands too far. */
  decompress(bytes: Uint8Array, options: DecompressOptions): Uint8Array;
  /** The same off the event loop, where the runtime can. */
  readonly compressLater?:
    | ((bytes: Uint8Array, level: Level, dictionary?: Uint8Array) => Promise<Uint8Array>)
    | undefined;
  readonly decompressLater?:
    | ((bytes: Uint8Array, options: DecompressOptions) => Promise<Uint8Array>)
    | undefined;
}

/** What compresses in this runtime. */
export interface Engine {
  /** `undefined` where this engine has no such algorithm. `brotli` is only read: some write it. */
  compressor(algorithm: Algorithm | 'brotli'): Compressor | undefined;
}

export function expandsTooFar(maxOutputBytes: number): QueueError<'decode-failed'> {
  const limit = maxOutputBytes.toLocaleString('en-US');
  return new QueueError(
    'decode-failed',
    `the compressed data expands to more than the ${limit} bytes that \`maxOutputBytes\` allows`,
    {},
  );
}

/**
 * Takes the operating system out of a gzip header: zlib writes 3 on Linux, 10 on Windows and 19 on macOS, and the same
 * message should give the same bytes. 255 is "unknown" (RFC 1952, 2.3.1).
 */
export function withoutSystem(gzip: Uint8Array): Uint8Array {
  gzip[9] = 255;
  return gzip;
}
