import { QueueError } from '@sqskit/core';
import { crc32 } from './crc32.ts';

/**
 * The binary block in which everything of this package but gzip travels; docs/wire-format.md is its specification.
 *
 *     1 byte      low nibble: the algorithm; 0x10: the content is text, in UTF-8; 0x20: a dictionary id follows
 *     1–5 bytes   length of the content, LEB128
 *     4 bytes     CRC-32 of the content, little-endian
 *     4 bytes     with 0x20: CRC-32 of the dictionary's bytes, little-endian
 *     the rest    the compressed content
 */
export interface Block {
  readonly algorithm: BlockAlgorithm;
  readonly isText: boolean;
  /** Bytes of the content, uncompressed. */
  readonly length: number;
  readonly crc: number;
  readonly dictionaryId: number | undefined;
  readonly data: Uint8Array;
}

export type BlockAlgorithm = 'stored' | 'deflate' | 'zstd';

/** By their number. */
const algorithms: readonly BlockAlgorithm[] = ['stored', 'deflate', 'zstd'];
const textBit = 0x10;
const dictionaryBit = 0x20;

/** The most that one byte of data expands to. What claims more is not even tried. */
const mostPerByte: Readonly<Record<BlockAlgorithm, number>> = { stored: 1, deflate: 1_032, zstd: 32_768 };

/** The most that comes before the data. */
const maxHeaderBytes = 14;

/** The block of `content`, of which `data` is the compressed form. */
export function writeBlock(
  content: Uint8Array,
  { algorithm, isText, dictionaryId, data }: Omit<Block, 'length' | 'crc'>,
): Uint8Array {
  const head = new Uint8Array(maxHeaderBytes);
  const view = new DataView(head.buffer);
  head[0] =
    algorithms.indexOf(algorithm) | (isText ? textBit : 0) | (dictionaryId === undefined ? 0 : dictionaryBit);
  let end = 1;
  let rest = content.length;
  while (rest > 0x7f) {
    head[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  head[end++] = rest;
  view.setUint32(end, crc32(content), true);
  end += 4;
  if (dictionaryId !== undefined) {
    view.setUint32(end, dictionaryId, true);
    end += 4;
  }
  const block = new Uint8Array(end + data.length);
  block.set(head.subarray(0, end));
  block.set(data, end);
  return block;
}

/** What a block says of itself. Throws `decode-failed`, also where it claims more than `maxOutputBytes`. */
export function readBlock(bytes: Uint8Array, maxOutputBytes: number): Block {
  const flags = bytes[0] ?? 0;
  const algorithm = algorithms[flags & 0x0f];
  if (algorithm === undefined || (flags & ~(0x0f | textBit | dictionaryBit)) !== 0) {
    throw undecodable(`the block begins with 0x${flags.toString(16)}, which this version does not know`);
  }
  const { length, end } = readLength(bytes);
  const hasDictionary = (flags & dictionaryBit) !== 0;
  const dataStart = end + (hasDictionary ? 8 : 4);
  if (bytes.length < dataStart) {
    throw undecodable('the block is cut off');
  }
  const data = bytes.subarray(dataStart);
  if (length > maxOutputBytes) {
    const [claimed, limit] = [length, maxOutputBytes].map((count) => count.toLocaleString('en-US'));
    throw undecodable(
      `the block claims to expand to ${claimed} bytes, more than the ${limit} that \`maxOutputBytes\` allows`,
    );
  }
  if (length > data.length * mostPerByte[algorithm]) {
    throw undecodable('the block claims to expand to more than its data can hold');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    algorithm,
    isText: (flags & textBit) !== 0,
    length,
    crc: view.getUint32(end, true),
    dictionaryId: hasDictionary ? view.getUint32(end + 4, true) : undefined,
    data,
  };
}

/** Throws `decode-failed` unless `content` is what the block was made of. */
export function checkContent(content: Uint8Array, { length, crc }: Block): Uint8Array {
  if (content.length !== length) {
    throw undecodable('the content is not as long as its block says');
  }
  if (crc32(content) !== crc) {
    throw undecodable(
      'the content does not have the CRC-32 that its block says: damaged, or another dictionary',
    );
  }
  return content;
}

/** At most five bytes of seven bits, the last below 0x10, and no more of them than it takes: 32 bits, in one form. */
function readLength(bytes: Uint8Array): { readonly length: number; readonly end: number } {
  let length = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[1 + index];
    if (byte === undefined) {
      throw undecodable('the block is cut off');
    }
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte <= 0x7f) {
      if (length > 0xffff_ffff || (byte === 0 && index > 0)) {
        break;
      }
      return { length, end: 2 + index };
    }
  }
  throw undecodable('the length in the block is no LEB128 number of up to 32 bits');
}

export function undecodable(message: string, cause?: unknown): QueueError<'decode-failed'> {
  return new QueueError('decode-failed', message, {}, { cause });
}
