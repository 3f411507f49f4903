import { noopRecorder, type Recorder } from '@sqskit/core';
import { invalidOption, type Resolved } from '@sqskit/core/options';
import { type BlockCodec, createBlockCodec } from './block-codec.ts';
import type { Transport } from './body.ts';
import type {
  BlockOptions,
  CommonOptions,
  CompressionOptions,
  UnsetBlock,
  UnsetCommon,
} from './compression-options.ts';
import { crc32 } from './crc32.ts';
import type { Dictionary } from './dictionary.ts';
import type { Algorithm, Engine, Level } from './engine.ts';
import { fflateEngine } from './fflate-engine.ts';
import { nodeEngine } from './node-engine.ts';
import { createPacer } from './pace.ts';
import { timedEngine } from './timed-engine.ts';

/** The options of `compressed` and `packed` put to work. */
export interface Settings {
  readonly engine: Engine;
  readonly maxOutputBytes: number;
  readonly thresholdBytes: number;
  readonly transport: Transport;
  readonly dictionary: Dictionary | undefined;
  readonly recorder: Recorder;
  /** Asynchronous where it would block for too long. */
  readonly codec: BlockCodec;
  /** Never asynchronous, and records nothing: for explaining. */
  readonly promptCodec: BlockCodec;
  readonly levelOf: (algorithm: Algorithm) => Level;
  /** Whether this runtime has zstd, with the dictionary where there is one. */
  readonly hasZstd: boolean;
}

/** The engine of the options, timed where a recorder listens. */
export function engineOf(options: Resolved<CommonOptions, UnsetCommon>): Engine {
  return timedEngine(options.engine ?? nodeEngine() ?? fflateEngine, options.recorder, options.clock);
}

/** `owner` is the function whose options they are, for errors. Throws `option-invalid`. */
export function settingsOf(
  owner: string,
  options: Resolved<BlockOptions, UnsetBlock>,
  algorithm: CompressionOptions['algorithm'] = 'auto',
): Settings {
  const {
    dictionary,
    dictionaries = [],
    level,
    maxOutputBytes,
    maxBlockMs,
    clock,
    recorder,
    transport,
  } = options;
  checkDictionaries(owner, dictionary, dictionaries);
  if (algorithm === 'gzip' && (dictionary !== undefined || transport !== 'body')) {
    throw invalidOption(
      owner,
      'algorithm',
      algorithm,
      "another than 'gzip', which has neither dictionary nor attribute",
    );
  }
  const engine = engineOf(options);
  const has = (wanted: Algorithm): boolean => {
    const compressor = engine.compressor(wanted);
    return compressor !== undefined && (dictionary === undefined || compressor.takesDictionary);
  };
  const hasZstd = has('zstd');
  if (algorithm === 'zstd' && !hasZstd) {
    throw invalidOption(
      owner,
      'algorithm',
      algorithm,
      dictionary === undefined
        ? "'auto' or 'deflate': there is no zstd here (Node has it from 22.15 on)"
        : "'auto' or 'deflate': there is no zstd that takes dictionaries here (Node has it from 22.19 and 24.6 on)",
    );
  }
  const needed = algorithm === 'auto' ? 'deflate' : algorithm;
  if (!has(needed)) {
    const expected =
      dictionary === undefined ? `one that has ${needed}` : `one whose ${needed} takes dictionaries`;
    throw invalidOption(owner, 'engine', options.engine, expected);
  }
  const known = [...(dictionary === undefined ? [] : [dictionary]), ...dictionaries];
  const codecOptions = { engine, maxOutputBytes, dictionaries: new Map(known.map((one) => [one.id, one])) };
  return {
    engine,
    maxOutputBytes,
    thresholdBytes: options.thresholdBytes ?? (dictionary === undefined ? 256 : 48),
    transport,
    dictionary,
    recorder,
    codec: createBlockCodec({ ...codecOptions, pacer: createPacer(maxBlockMs, clock) }),
    promptCodec: createBlockCodec({
      ...codecOptions,
      engine: engineOf({ ...options, recorder: noopRecorder }),
      pacer: createPacer(Number.POSITIVE_INFINITY, clock),
    }),
    levelOf: (chosen) => level ?? (chosen === 'zstd' ? 1 : 6),
    hasZstd,
  };
}

function checkDictionaries(
  owner: string,
  dictionary: Dictionary | undefined,
  dictionaries: readonly Dictionary[],
): void {
  const expected = 'a dictionary of createDictionary or dictionaryFromSamples';
  if (dictionary !== undefined && !isDictionary(dictionary)) {
    throw invalidOption(owner, 'dictionary', dictionary, expected);
  }
  if (!Array.isArray(dictionaries) || !dictionaries.every(isDictionary)) {
    throw invalidOption(owner, 'dictionaries', dictionaries, 'an array of dictionaries');
  }
}

function isDictionary(value: unknown): value is Dictionary {
  return (
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    'bytes' in value &&
    value.bytes instanceof Uint8Array &&
    value.id === crc32(value.bytes)
  );
}
