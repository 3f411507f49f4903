import type { Recorder } from '@sqskit/core';
import type { Clock } from '@sqskit/core/clock';
import { clockRule, type OptionRules, recorderRule } from '@sqskit/core/options';
import type { Transport } from './body.ts';
import type { Dictionary } from './dictionary.ts';
import type { Engine, Level } from './engine.ts';

/** Options of everything in this package. */
export interface CommonOptions {
  /**
   * The most that a message may expand to. Default: 16,777,216 bytes (16 MiB), which is twenty times what gzip data
   * one SQS message can hold; unbounded, it could expand to 800 MB with gzip and to 25 GB with zstd. Larger contents
   * are not compressed.
   */
  readonly maxOutputBytes?: number | undefined;
  /** Default: Node's own zlib where there is one, otherwise fflate. */
  readonly engine?: Engine | undefined;
  /** Default: records nothing. */
  readonly recorder?: Recorder | undefined;
  /** Times what the recorder is told, and what may block the event loop. Default: the machine's clock. */
  readonly clock?: Clock | undefined;
}

/** Options of `guideEnvelope` and `createMessageCompressor`. */
export interface GuideOptions extends CommonOptions {
  /** Texts of more bytes than this, in UTF-8, are compressed, and sent so where that is smaller. Default: 1,024 bytes, the guide's. */
  readonly thresholdBytes?: number | undefined;
  /** Default: 6. From about 16 KB on, level 1 takes half the time and makes a tenth to a quarter more bytes. */
  readonly level?: Level | undefined;
}

/** What `compressed` and `packed` share. */
export interface BlockOptions extends CommonOptions {
  /**
   * Contents of more bytes than this, in UTF-8, are compressed, and sent so where that is smaller. Default: 256 bytes,
   * below which single JSON messages gain nothing; with a dictionary 48.
   */
  readonly thresholdBytes?: number | undefined;
  /** Default: 1 for zstd, which is as small as 3 on JSON and faster; 6 for the others: a request costs more than the time it saves. */
  readonly level?: Level | undefined;
  /** What consumers were given too, from samples of such messages: contents of 300 bytes become a third. Default: none. */
  readonly dictionary?: Dictionary | undefined;
  /** More dictionaries to read with: the next one before it is written with, the last one while it still comes in. Default: none. */
  readonly dictionaries?: readonly Dictionary[] | undefined;
  /**
   * `attribute` sends what is compressed as the raw bytes of the Binary attribute `sqskit`, a quarter smaller than in base64.
   * Default: `body`, which passes through everything between that knows bodies alone.
   */
  readonly transport?: Transport | undefined;
  /**
   * A call that would hold up the event loop for longer, by how long earlier ones took, is made off it, where the runtime
   * can; at most two at a time. Default: 2 ms. Off the loop it costs twice the CPU time.
   */
  readonly maxBlockMs?: number | undefined;
}

/** Options of `compressed`. */
export interface CompressionOptions extends BlockOptions {
  /**
   * `auto` is deflate below 16 KiB, which small messages are decompressed from in half the time, and zstd from there, where
   * this runtime has it. `gzip` writes what any gzip reads, without dictionary, in the body. Default: `auto`.
   */
  readonly algorithm?: 'auto' | 'zstd' | 'deflate' | 'gzip' | undefined;
}

export type UnsetCommon = 'engine';
export type UnsetBlock = UnsetCommon | 'thresholdBytes' | 'level' | 'dictionary' | 'dictionaries';

const commonRules: OptionRules<CommonOptions, UnsetCommon> = {
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
    methods: ['compressor'],
    what: 'an engine',
    shown: "Node's zlib, else `fflateEngine`",
    doc: 'What compresses: `nodeEngine()`, `fflateEngine` or your own.',
  },
  recorder: recorderRule('Where the metrics listed below are recorded.'),
  clock: clockRule('Times what the recorder is told and what may block the event loop. Replaced in tests.'),
};

export const guideRules: OptionRules<GuideOptions, UnsetCommon> = {
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
  ...commonRules,
};

export const blockRules: OptionRules<BlockOptions, UnsetBlock> = {
  thresholdBytes: {
    kind: 'number',
    shown: '256 bytes; 48 with a dictionary',
    min: 0,
    max: Number.POSITIVE_INFINITY,
    unit: 'bytes',
    doc: 'Single contents of more bytes than this, in UTF-8, are compressed, and sent so where that is smaller.',
  },
  level: {
    kind: 'number',
    shown: 'zstd 1, others 6',
    min: 1,
    max: 9,
    doc: 'Effort: 1 is the fastest, 9 the smallest.',
  },
  dictionary: {
    kind: 'object',
    methods: [],
    what: 'a dictionary of createDictionary or dictionaryFromSamples',
    shown: 'none',
    doc: 'What is compressed with. Every consumer must have been given it before.',
  },
  dictionaries: {
    kind: 'object',
    methods: [],
    what: 'an array of dictionaries',
    shown: 'none',
    doc: 'More dictionaries that can be read: the next one, and the one before.',
  },
  transport: {
    kind: 'choice',
    default: 'body',
    values: ['body', 'attribute'],
    doc: 'Where compressed data travels: in base64 in the body, or a quarter smaller as the Binary attribute `sqskit`. A message that has ten attributes, or one of that name, uses the body.',
  },
  maxBlockMs: {
    kind: 'number',
    default: 2,
    min: 0,
    max: Number.POSITIVE_INFINITY,
    unit: 'ms',
    fractional: true,
    doc: 'What would hold up the event loop for longer is done off it, where the runtime can, two at a time.',
  },
  ...commonRules,
};

export const compressionRules: OptionRules<CompressionOptions, UnsetBlock> = {
  algorithm: {
    kind: 'choice',
    default: 'auto',
    values: ['auto', 'zstd', 'deflate', 'gzip'],
    doc: '`auto`: deflate below 16 KiB, zstd from there where the runtime has it. `gzip` is readable without this package.',
  },
  ...blockRules,
};
