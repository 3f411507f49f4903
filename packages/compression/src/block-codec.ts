import { isQueueError } from '@sqskit/core';
import {
  type Block,
  type BlockAlgorithm,
  checkContent,
  readBlock,
  undecodable,
  writeBlock,
} from './block.ts';
import type { Dictionary } from './dictionary.ts';
import type { Compressor, Engine, Level } from './engine.ts';
import type { Pace, Pacer } from './pace.ts';
import { whenReady } from './when-ready.ts';

export interface BlockCodecOptions {
  readonly engine: Engine;
  readonly maxOutputBytes: number;
  /** What to read with, by id. */
  readonly dictionaries: ReadonlyMap<number, Dictionary>;
  readonly pacer: Pacer;
}

/** How a block is to be made. */
export interface BlockMaking {
  readonly algorithm: Exclude<BlockAlgorithm, 'stored'>;
  readonly level: Level;
  readonly dictionary: Dictionary | undefined;
  readonly isText: boolean;
}

export interface BlockCodec {
  /** The block of a content: stored where compressing does not make it smaller. Asynchronous where it takes long. */
  encode(content: Uint8Array, making: BlockMaking): EncodedBlock | Promise<EncodedBlock>;
  /** The block of a content that is not worth compressing. */
  store(content: Uint8Array, isText: boolean): EncodedBlock;
  /** The content of a block. Throws, or rejects with, `decode-failed`. */
  decode(block: Uint8Array): DecodedBlock | Promise<DecodedBlock>;
}

export interface EncodedBlock {
  readonly block: Uint8Array;
  readonly algorithm: BlockAlgorithm;
}

export interface DecodedBlock {
  readonly content: Uint8Array;
  readonly isText: boolean;
}

interface Paces {
  readonly compress: Pace;
  readonly decompress: Pace;
}

export function createBlockCodec(options: BlockCodecOptions): BlockCodec {
  const { engine, maxOutputBytes, dictionaries, pacer } = options;
  // In microseconds a byte, until they have been timed: level 6 of deflate and level 1 of zstd on JSON.
  const paces: Readonly<Record<BlockMaking['algorithm'], Paces>> = {
    deflate: { compress: pacer(0.012), decompress: pacer(0.001) },
    zstd: { compress: pacer(0.0025), decompress: pacer(0.001) },
  };

  function decompressed(block: Block): Uint8Array | Promise<Uint8Array> {
    if (block.algorithm === 'stored') {
      return block.data;
    }
    const compressor = compressorFor(block, engine);
    const given = {
      maxOutputBytes: block.length,
      isExact: true,
      dictionary: dictionaryOf(block, dictionaries),
    };
    const { decompressLater } = compressor;
    return paces[block.algorithm].decompress.run(
      block.length,
      () => {
        try {
          return compressor.decompress(block.data, given);
        } catch (reason) {
          throw corrupt(reason, block);
        }
      },
      decompressLater &&
        (() =>
          decompressLater(block.data, given).catch((reason: unknown) => {
            throw corrupt(reason, block);
          })),
    );
  }

  return {
    encode(content, { algorithm, level, dictionary, isText }) {
      const compressor = engine.compressor(algorithm);
      const later = compressor?.compressLater;
      const compressed =
        compressor === undefined
          ? content
          : paces[algorithm].compress.run(
              content.length,
              () => compressor.compress(content, level, dictionary?.bytes),
              later && (() => later(content, level, dictionary?.bytes)),
            );
      return whenReady(compressed, (data) =>
        data.length < content.length
          ? {
              algorithm,
              block: writeBlock(content, { algorithm, isText, dictionaryId: dictionary?.id, data }),
            }
          : stored(content, isText),
      );
    },
    store: stored,

    decode(bytes) {
      const block = readBlock(bytes, maxOutputBytes);
      return whenReady(decompressed(block), (content) => ({
        content: checkContent(content, block),
        isText: block.isText,
      }));
    },
  };
}

function stored(content: Uint8Array, isText: boolean): EncodedBlock {
  const algorithm = 'stored';
  return {
    algorithm,
    block: writeBlock(content, { algorithm, isText, dictionaryId: undefined, data: content }),
  };
}

function compressorFor({ algorithm, dictionaryId }: Block, engine: Engine): Compressor {
  const compressor = algorithm === 'stored' ? undefined : engine.compressor(algorithm);
  if (compressor === undefined) {
    const remedy =
      algorithm === 'zstd' ? ": Node has it from 22.15 on, or give the producer `algorithm: 'deflate'`" : '';
    throw undecodable(`the block is compressed by ${algorithm}, which this runtime does not have${remedy}`);
  }
  if (dictionaryId !== undefined && !compressor.takesDictionary) {
    throw undecodable(`the block needs a dictionary, and this runtime's ${algorithm} takes none`);
  }
  return compressor;
}

function dictionaryOf(
  { dictionaryId }: Block,
  dictionaries: ReadonlyMap<number, Dictionary>,
): Uint8Array | undefined {
  if (dictionaryId === undefined) {
    return undefined;
  }
  const dictionary = dictionaries.get(dictionaryId);
  if (dictionary === undefined) {
    const id = dictionaryId.toString(16).padStart(8, '0');
    throw undecodable(
      `the block needs the dictionary ${id}, which is not among those given as \`dictionary\` and \`dictionaries\``,
    );
  }
  return dictionary.bytes;
}

function corrupt(reason: unknown, { algorithm }: Block): unknown {
  if (isQueueError(reason)) {
    return reason;
  }
  const text = reason instanceof Error ? reason.message : String(reason);
  return undecodable(`the ${algorithm} data is corrupt: ${text}`, reason);
}
