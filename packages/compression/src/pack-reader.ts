import {
  type BrokenItem,
  type MessageAttribute,
  type MessageAttributes,
  type MessageAttributeType,
  type OpenedItem,
  toQueueError,
} from '@sqskit/core';
import { decodeBase64 } from '@sqskit/core/wire';
import { undecodable } from './block.ts';
import { maxPackHeaderBytes, maxPackItems } from './pack-writer.ts';

/**
 * The items of an uncompressed pack; docs/wire-format.md is its specification:
 *
 *     {"n":2,"id":"orders-","at":41}
 *     {"first":"content"}
 *     {"second":"content"}
 *
 * Attributes of the SQS message itself count for every item that has none of that name. What is wrong with one item
 * breaks it alone; throws `decode-failed` where the header, or where the contents begin and end, cannot be told.
 */
export function readPack(pack: Uint8Array, outer: MessageAttributes): readonly (OpenedItem | BrokenItem)[] {
  const headerEnd = pack.indexOf(lineFeed);
  if (headerEnd >= maxPackHeaderBytes) {
    throw undecodable(`the pack's header is longer than ${maxPackHeaderBytes.toLocaleString('en-US')} bytes`);
  }
  const header = readHeader(pack.subarray(0, Math.max(headerEnd, 0)));
  const { n, base, at, ids, attempts, attributes, traces, isBytes } = header;
  const ends = contentEnds(pack, headerEnd + 1, header);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const separator = header.lengths === undefined ? 1 : 0;

  const items: (OpenedItem | BrokenItem)[] = [];
  let start = headerEnd + 1;
  for (let index = 0; index < n; index++) {
    const end = ends[index] ?? start;
    const bytes = pack.subarray(start, end);
    start = end + separator;
    const id = ids === undefined ? numbered(base, at + index) : ids[index];
    try {
      items.push({
        id: id === undefined ? undefined : checkedId(id),
        content: isBytes?.has(index) === true ? new Uint8Array(bytes) : textOf(() => decoder.decode(bytes)),
        attributes: attributes === undefined ? outer : attributesOf(attributes[index], outer),
        traceHeader: traces === undefined ? undefined : checkedTrace(traces[index]),
        attempt: attempts === undefined ? 0 : checkedAttempt(attempts[index]),
      });
    } catch (reason) {
      items.push({ id: typeof id === 'string' ? id : undefined, error: toQueueError(reason, 'open') });
    }
  }
  return items;
}

const lineFeed = 0x0a;

function numbered(base: string | undefined, number: number): string | undefined {
  return base === undefined ? undefined : base + number;
}

interface Header {
  readonly n: number;
  readonly base: string | undefined;
  readonly at: number;
  readonly ids: readonly unknown[] | undefined;
  readonly attempts: readonly unknown[] | undefined;
  readonly traces: readonly unknown[] | undefined;
  readonly attributes: Readonly<Record<string, unknown>> | undefined;
  readonly lengths: readonly unknown[] | undefined;
  readonly isBytes: ReadonlySet<unknown> | undefined;
}

function readHeader(line: Uint8Array): Header {
  const header = parsed(line);
  const { n, id, at, ids, attempts, traces, attributes, lengths, bytes } = header;
  if (!isCount(n) || n < 1 || n > maxPackItems) {
    throw undecodable(`the pack's header has no count from 1 to ${maxPackItems}`);
  }
  if (id !== undefined && !(typeof id === 'string' && isCount(at))) {
    throw undecodable("the ids of the pack's header are no text and number");
  }
  if (attributes !== undefined && !isObject(attributes)) {
    throw undecodable("the attributes of the pack's header are no object");
  }
  if (bytes !== undefined && !(Array.isArray(bytes) && lengths !== undefined)) {
    throw undecodable("the pack's header says which contents are bytes, but not their lengths");
  }
  return {
    n,
    base: id,
    at: isCount(at) ? at : 0,
    ids: listOf(n, 'ids', ids),
    attempts: listOf(n, 'attempts', attempts),
    traces: listOf(n, 'traces', traces),
    attributes,
    lengths: listOf(n, 'lengths', lengths),
    isBytes: bytes === undefined ? undefined : new Set(bytes),
  };
}

function parsed(line: Uint8Array): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
  } catch (reason) {
    throw undecodable('the pack does not begin with a line of JSON', reason);
  }
  if (!isObject(header)) {
    throw undecodable("the pack's header is no object");
  }
  return header;
}

function listOf(n: number, name: string, value: unknown): readonly unknown[] | undefined {
  if (value !== undefined && !(Array.isArray(value) && value.length === n)) {
    throw undecodable(`\`${name}\` of the pack's header is no list of ${n}`);
  }
  return value;
}

/** Where each content ends: by the lengths, or before each line feed. */
function contentEnds(pack: Uint8Array, from: number, { n, lengths }: Header): readonly number[] {
  const ends: number[] = [];
  let start = from;
  for (let index = 0; index < n; index++) {
    let end: number;
    if (lengths !== undefined) {
      const length = lengths[index];
      end = isCount(length) ? start + length : Number.POSITIVE_INFINITY;
      start = end;
    } else {
      const found = pack.indexOf(lineFeed, start);
      const isLast = index === n - 1;
      if ((found === -1) !== isLast) {
        throw undecodable(`the pack does not hold ${n} contents`);
      }
      end = isLast ? pack.length : found;
      start = end + 1;
    }
    if (end > pack.length) {
      throw undecodable("the lengths of the pack's header are not those of its contents");
    }
    ends.push(end);
  }
  if (lengths !== undefined && start !== pack.length) {
    throw undecodable("the lengths of the pack's header are not those of its contents");
  }
  return ends;
}

function textOf(decode: () => string): string {
  try {
    return decode();
  } catch (reason) {
    throw undecodable('the content should be text but is not UTF-8', reason);
  }
}

function checkedId(id: unknown): string {
  if (typeof id !== 'string') {
    throw undecodable('the id of the item is no text');
  }
  return id;
}

function checkedAttempt(attempt: unknown): number {
  if (!isCount(attempt)) {
    throw undecodable('the attempt of the item is no count');
  }
  return attempt;
}

function checkedTrace(trace: unknown): string | undefined {
  if (trace !== null && typeof trace !== 'string') {
    throw undecodable('the trace header of the item is no text');
  }
  return trace ?? undefined;
}

function attributesOf(own: unknown, outer: MessageAttributes): MessageAttributes {
  if (own === undefined) {
    return outer;
  }
  if (!isObject(own)) {
    throw undecodable('the attributes of the item are no object');
  }
  const entries = Object.entries(own).map(([name, value]) => [name, attributeOf(value)] as const);
  // Not by assigning: a name may be `__proto__`.
  return Object.fromEntries([...Object.entries(outer), ...entries]);
}

function attributeOf(given: unknown): MessageAttribute {
  const [type, value]: readonly unknown[] = Array.isArray(given) && given.length === 2 ? given : [];
  if (!isAttributeType(type) || typeof value !== 'string') {
    throw undecodable('an attribute of the item is no type and value');
  }
  if (!type.startsWith('Binary')) {
    return { type, value };
  }
  const bytes = decodeBase64(value);
  if (bytes === undefined) {
    throw undecodable('a Binary attribute of the item is not base64');
  }
  return { type, value: bytes };
}

function isAttributeType(type: unknown): type is MessageAttributeType {
  return typeof type === 'string' && /^(?:String|Number|Binary)(?:\.|$)/.test(type);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
