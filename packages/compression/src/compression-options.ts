import type { Recorder } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { clockRule, type OptionRules, recorderRule } from '@sqskit/core/options';
import type { GzipEngine, GzipLevel } from './gzip-engine.ts';

/** Options of `compressed`, `guideEnvelope` and `createMessageCompressor`. */
export interface CompressionOptions {
  /**
   * Contents of more bytes than this, in UTF-8, are compressed, and sent so where that is smaller. Default: 1,024 bytes.
   * Single JSON messages below about 500 gain nothing.
   */
  readonly thresholdBytes?: number | undefined;
  /** Default: 6. From about 16 KB on, level 1 takes half the time and makes a tenth to a quarter more bytes. */
  readonly level?: GzipLevel | undefined;
  /**
   * The most that a message may expand to. Default: 16,777,216 bytes (16 MiB), which is twenty times what gzip data
   * one SQS message can hold; unbounded, it could expand to 800 MB. Larger contents are not compressed.
   */
  readonly maxOutputBytes?: number | undefined;
  /** Default: Node's own zlib where there is one, otherwise fflate. */
  readonly engine?: GzipEngine | undefined;
  /** Default: records nothing. */
  readonly recorder?: Recorder | undefined;
  /** Times what the recorder is told. Default: the machine's clock. */
  readonly clock?: Clock | undefined;
}

export type UnsetCompressionOption = 'engine';

export const compressionRules: OptionRules<CompressionOptions, UnsetCompressionOption> = {
  thresholdBytes: {
    kind: 'number',
    default: 1_024,
    min: 0,
    max: Number.POSITIVE_INFINITY,
    unit: 'bytes',
    doc: 'Contents of more bytes than this, in UTF-8, are compressed, and sent so where that is smaller.',
  },
  level: {
    kind: 'number',
    default: 6,
    min: 1,
    max: 9,
    doc: 'Effort of gzip: 1 is the fastest, 9 the smallest.',
  },
  maxOutputBytes: {
    kind: 'number',
    default: 16_777_216,
    min: 1,
    max: 1_073_741_824,
    unit: 'bytes',
    doc: 'The most that a received message may expand to; one that would exceed it fails alone with `decode-failed`. Larger contents are not compressed.',
  },
  engine: {
    kind: 'object',
    methods: ['gzip', 'gunzip'],
    what: 'a gzip engine',
    shown: "Node's zlib, else `fflateGzip`",
    doc: 'What compresses: `fflateGzip`, `nodeGzip()` or your own.',
  },
  recorder: recorderRule('Where the metrics listed below are recorded.'),
  clock: clockRule('Times what the recorder is told. Replaced in tests.'),
};
