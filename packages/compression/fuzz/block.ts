import { crc32, deflateRawSync, zstdCompressSync } from 'node:zlib';
import type { Payload } from '@sqskit/core';
import { encodeBase64 } from '@sqskit/core/wire';
import type { Dictionary } from '../src/index.ts';

// Blocks written after docs/wire-format.md, not by the code that is tested.

export type BlockAlgorithm = 'stored' | 'deflate' | 'zstd';

export interface BlockClaims {
  readonly algorithm: BlockAlgorithm;
  readonly isText: boolean;
  readonly length: number;
  readonly crc: number;
  readonly dictionaryId: number | undefined;
  readonly data: Uint8Array;
}

const numbers: Readonly<Record<BlockAlgorithm, number>> = { stored: 0, deflate: 1, zstd: 2 };

/** What a block of `content` says if it does not lie. */
export function honestClaims(
  content: Uint8Array,
  algorithm: BlockAlgorithm,
  dictionary?: Dictionary,
): BlockClaims {
  return {
    algorithm,
    isText: true,
    length: content.length,
    crc: crc32(content),
    dictionaryId: dictionary?.id,
    data: compress(content, algorithm, dictionary?.bytes),
  };
}

export function compress(
  content: Uint8Array,
  algorithm: BlockAlgorithm,
  dictionary?: Uint8Array,
): Uint8Array {
  const options = dictionary === undefined ? {} : { dictionary };
  switch (algorithm) {
    case 'stored':
      return content;
    case 'deflate':
      return deflateRawSync(content, options);
    case 'zstd':
      return zstdCompressSync(content, options);
  }
}

export function blockOf({ algorithm, isText, length, crc, dictionaryId, data }: BlockClaims): Uint8Array {
  const head = [numbers[algorithm] | (isText ? 0x10 : 0) | (dictionaryId === undefined ? 0 : 0x20)];
  let rest = length;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) {
    head.push((rest % 128) | 0x80);
  }
  head.push(rest, ...littleEndian(crc), ...(dictionaryId === undefined ? [] : littleEndian(dictionaryId)));
  return Buffer.concat([Uint8Array.from(head), data]);
}

function littleEndian(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

export type Transport = 'body' | 'attribute';

export function payloadOf(kind: 'c' | 'p', block: Uint8Array, transport: Transport): Payload {
  return transport === 'body'
    ? { body: `~1${kind}${encodeBase64(block)}` }
    : { body: `~1a${kind}`, attributes: { sqskit: { type: 'Binary', value: block } } };
}
