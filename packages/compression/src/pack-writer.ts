import { contentBytes, type Item, type MessageAttributes } from '@sqskit/core';
import { encodeBase64 } from '@sqskit/core/wire';
import { createTextBuffer } from './text-buffer.ts';

/** The most contents of one pack, so that a reader's memory is bounded by more than the bytes. */
export const maxPackItems = 10_000;

/** The longest header of a pack: parsed, JSON may take thirty times its own size, and a message of 2 KB can hold 16 MB of it. */
export const maxPackHeaderBytes = 1_048_576;

/** What is left free before the contents, for the header. One that is longer costs a copy. */
const headerRoom = 256;

const lineFeed = 0x0a;

/**
 * Writes packs (pack-reader.ts has the form) into a buffer that is used again and again: a fresh one costs more than
 * all the rest, since each of its pages has to be fetched from the system (bench/packs.ts).
 *
 * The contents are written first, one by one, so that each is touched once; the header goes right before them. So a
 * pack of fewer of them is only another header.
 */
export interface PackWriter {
  /**
   * Writes a prefix of `items`: at most `maxItems`, no more than `fillBytes` beyond the first, and none from the first on
   * that has no form in UTF-8. How many.
   */
  gather(items: readonly Item[], maxItems: number, fillBytes: number): number;
  /** Bytes of the contents, attributes and trace headers of the first `count` that were gathered. */
  rawBytes(count: number): number;
  /** The pack of the first `count` that were gathered. Good until the next `gather`. */
  pack(count: number): WrittenPack;
}

export interface WrittenPack {
  readonly bytes: Uint8Array;
  /** Of these, the ones before the contents. */
  readonly headerBytes: number;
  readonly isText: boolean;
}

export function createPackWriter(): PackWriter {
  const buffer = createTextBuffer();
  let gathered: readonly Item[] = [];
  /** Whether the contents are told by line feeds between them; otherwise by their lengths. */
  let inLines = true;
  let ends: number[] = [];
  let raws: number[] = [];

  function gather(items: readonly Item[], maxItems: number, fillBytes: number, lines: boolean): number {
    gathered = items;
    inLines = lines;
    ends = [];
    raws = [];
    buffer.begin(headerRoom);
    let total = 0;
    for (const item of items) {
      const { content } = item;
      if (ends.length === maxItems) {
        break;
      }
      if (typeof content !== 'string' || content.includes('\n')) {
        if (lines) {
          return gather(items, maxItems, fillBytes, false);
        }
      }
      if (typeof content === 'string' && !content.isWellFormed()) {
        break;
      }
      if (lines && ends.length > 0) {
        buffer.byte(lineFeed);
      }
      total += buffer.write(content) + besideBytes(item);
      if (total > fillBytes && ends.length > 0) {
        break;
      }
      ends.push(buffer.end());
      raws.push(total);
    }
    return ends.length;
  }

  return {
    gather: (items, maxItems, fillBytes) => gather(items, maxItems, fillBytes, true),
    rawBytes: (count) => raws[count - 1] ?? 0,
    pack(count) {
      const items = gathered.slice(0, count);
      const lengths = inLines
        ? undefined
        : ends.slice(0, count).map((end, index) => end - (ends[index - 1] ?? headerRoom));
      const end = ends[count - 1] ?? headerRoom;
      const bytes = buffer.upTo(end, `${headerOf(items, lengths)}\n`);
      const headerBytes = bytes.length - (end - headerRoom);
      return {
        bytes,
        headerBytes,
        isText: inLines || items.every(({ content }) => typeof content === 'string'),
      };
    },
  };
}

/** What an item has besides its content; about, for the estimate. */
function besideBytes({ attributes, traceHeader }: Item): number {
  let bytes = traceHeader === undefined ? 0 : traceHeader.length;
  for (const name in attributes) {
    const attribute = attributes[name];
    bytes +=
      attribute === undefined ? 0 : name.length + attribute.type.length + contentBytes(attribute.value);
  }
  return bytes;
}

function headerOf(items: readonly Item[], lengths: readonly number[] | undefined): string {
  const hasAttempts = items.some(({ attempt }) => attempt !== 0);
  const hasTraces = items.some(({ traceHeader }) => traceHeader !== undefined);
  const attributes = attributesOf(items);
  const bytes =
    lengths && items.flatMap(({ content }, index) => (typeof content === 'string' ? [] : [index]));
  // What is undefined is left out by JSON.
  return JSON.stringify({
    n: items.length,
    ...idsOf(items),
    attempts: hasAttempts ? items.map(({ attempt }) => attempt) : undefined,
    attributes,
    traces: hasTraces ? items.map(({ traceHeader }) => traceHeader ?? null) : undefined,
    lengths,
    bytes: bytes === undefined || bytes.length === 0 ? undefined : bytes,
  });
}

type Ids = { readonly id: string; readonly at: number } | { readonly ids: readonly string[] };

const mostDigits = 15; // a safe integer, whatever the digits

/** A base and the first number, where each id is the one before plus one; otherwise all of them. Makes nothing per item. */
function idsOf(items: readonly Item[]): Ids {
  const first = items[0]?.id ?? '';
  let digitsAt = first.length;
  while (digitsAt > 0 && isDigit(first.charCodeAt(digitsAt - 1))) {
    digitsAt--;
  }
  const digits = first.length - digitsAt;
  const hasNumber = digits > 0 && digits <= mostDigits && (digits === 1 || first[digitsAt] !== '0');
  const base = first.slice(0, digitsAt);
  const at = Number(first.slice(digitsAt));
  return hasNumber && items.every(({ id }, index) => isNumbered(id, base, at + index))
    ? { id: base, at }
    : { ids: items.map(({ id }) => id) };
}

/** Whether an id is the base and the number, without making a text of it. */
function isNumbered(id: string, base: string, number: number): boolean {
  let value = 0;
  for (let index = base.length; index < id.length; index++) {
    const code = id.charCodeAt(index);
    if (!isDigit(code) || (value === 0 && index > base.length)) {
      return false; // another character, or a zero in front
    }
    value = value * 10 + code - 48;
  }
  return value === number && id.length > base.length && id.startsWith(base);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

type WrittenAttributes = Readonly<Record<string, readonly [type: string, value: string]>>;

function attributesOf(items: readonly Item[]): Readonly<Record<number, WrittenAttributes>> | undefined {
  let all: Record<number, WrittenAttributes> | undefined;
  items.forEach(({ attributes }, index) => {
    if (attributes !== undefined && Object.keys(attributes).length > 0) {
      all ??= {};
      all[index] = written(attributes);
    }
  });
  return all;
}

function written(attributes: MessageAttributes): WrittenAttributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { type, value }]) => [
      name,
      [type, typeof value === 'string' ? value : encodeBase64(value)],
    ]),
  );
}
