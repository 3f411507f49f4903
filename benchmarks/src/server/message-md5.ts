import { hash } from 'node:crypto';

/** An attribute as the JSON protocol carries it: a `BinaryValue` is base64. */
export interface WireAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

export type WireAttributes = Readonly<Record<string, WireAttribute>>;

export function md5OfBody(body: string): string {
  return hash('md5', body, 'hex');
}

const stringTag = Buffer.from([1]);
const binaryTag = Buffer.from([2]);

/**
 * SQS's digest of message attributes: in order of their names, each with its name, type and value, whose lengths stand
 * before them. (SQS developer guide, "Calculating the MD5 message digest for message attributes")
 */
export function md5OfAttributes(attributes: WireAttributes): string {
  const parts: Buffer[] = [];
  for (const name of Object.keys(attributes).toSorted()) {
    const { DataType = '', StringValue, BinaryValue = '' } = attributes[name] ?? {};
    parts.push(...counted(Buffer.from(name)), ...counted(Buffer.from(DataType)));
    if (StringValue === undefined) {
      parts.push(binaryTag, ...counted(Buffer.from(BinaryValue, 'base64')));
    } else {
      parts.push(stringTag, ...counted(Buffer.from(StringValue)));
    }
  }
  return hash('md5', Buffer.concat(parts), 'hex');
}

function counted(bytes: Buffer): [Buffer, Buffer] {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return [length, bytes];
}

/** What SQS counts of attributes: names, types and values, these as bytes. */
export function attributeBytes(attributes: WireAttributes): number {
  let bytes = 0;
  for (const [name, { DataType, StringValue, BinaryValue = '' }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType);
    bytes +=
      StringValue === undefined ? Buffer.byteLength(BinaryValue, 'base64') : Buffer.byteLength(StringValue);
  }
  return bytes;
}
