import { QueueError } from '@sqskit/core';

/** 1 is the fastest, 9 the smallest. */
export type GzipLevel = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** What makes and reads gzip (RFC 1952). Any engine reads what any other wrote. */
export interface GzipEngine {
  /** One member. The same bytes and level give the same result, so there is no time of making in its header. */
  gzip(bytes: Uint8Array, level: GzipLevel): Uint8Array;
  /**
   * The content of one or more members with nothing after them, each checked against its own CRC-32 and length. Throws
   * for anything else, and as soon as there are more than `maxOutputBytes`. How much memory it takes depends on
   * `maxOutputBytes` and on the length of `bytes`, never on a length that `bytes` claims.
   */
  gunzip(bytes: Uint8Array, maxOutputBytes: number): Uint8Array;
}

export function expandsTooFar(maxOutputBytes: number): QueueError<'decode-failed'> {
  const limit = maxOutputBytes.toLocaleString('en-US');
  return new QueueError(
    'decode-failed',
    `the gzip data expands to more than the ${limit} bytes that \`maxOutputBytes\` allows`,
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
