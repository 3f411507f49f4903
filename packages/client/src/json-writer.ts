import { type Simd, simd } from './simd.ts';

/** Texts from here on are escaped by sixteen bytes at a time; what is shorter costs more to hand over than to look at. */
const longLength = 64;
/** How far objects are looked into: to the fields of a batch's entries. */
const maxDepth = 3;

/** How often JSON was written to the memory that all writers share. */
let writes = 0;

/**
 * JSON in UTF-8, as JSON.stringify would have it, for a quarter of what it costs to escape 10 KB and make bytes of them
 * (`bench/json-writer.ts`): it is written straight into bytes.
 */
export class JsonWriter {
  readonly #simd: Simd = simd();
  readonly #bytes: Buffer = this.#simd.bytes;
  readonly #limit: number = this.#simd.jsonAt + this.#simd.jsonBytes;
  /** Where the end is once something did not fit. */
  readonly #full: number = this.#limit + 1;
  #end = 0;

  /**
   * The bytes, good until any writer's next call. `undefined` where the value has no JSON form, where that might be too long,
   * and where a getter or `toJSON` of the value had JSON written too.
   */
  write(value: unknown): Uint8Array | undefined {
    const { jsonAt } = this.#simd;
    const before = ++writes;
    this.#end = jsonAt;
    const isWritten = this.#value(value, 0) && this.#end <= this.#limit && writes === before;
    return isWritten ? this.#bytes.subarray(jsonAt, this.#end) : undefined;
  }

  /** Whether the value has a JSON form. */
  #value(value: unknown, depth: number): boolean {
    if (typeof value === 'string') {
      this.#text(value);
    } else if (depth < maxDepth && isArray(value)) {
      this.#array(value, depth);
    } else if (depth < maxDepth && isPlainObject(value)) {
      this.#object(value, depth);
    } else {
      const json: string | undefined = JSON.stringify(value);
      if (json === undefined) {
        return false;
      }
      this.#json(json);
    }
    return true;
  }

  #array(values: readonly unknown[], depth: number): void {
    this.#byte(bracket);
    values.forEach((value, index) => {
      if (index > 0) {
        this.#byte(comma);
      }
      if (!this.#value(value, depth + 1)) {
        this.#json('null');
      }
    });
    this.#byte(bracketEnd);
  }

  #object(fields: Readonly<Record<string, unknown>>, depth: number): void {
    this.#byte(brace);
    const start = this.#end;
    for (const name of Object.keys(fields)) {
      const before = this.#end;
      if (before > start) {
        this.#byte(comma);
      }
      this.#text(name);
      this.#byte(colon);
      if (!this.#value(fields[name], depth + 1)) {
        this.#end = before;
      }
    }
    this.#byte(braceEnd);
  }

  #text(text: string): void {
    if (text.length < longLength) {
      this.#shortText(text);
    } else {
      this.#longText(text);
    }
  }

  /** Most have nothing to escape. */
  #shortText(text: string): void {
    const bytes = this.#bytes;
    let end = this.#end;
    if (end + longLength > this.#limit) {
      this.#end = this.#full;
      return;
    }
    bytes[end++] = quote;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code < 0x20 || code === quote || code === backslash || code > 0x7f) {
        this.#json(JSON.stringify(text));
        return;
      }
      bytes[end++] = code;
    }
    bytes[end++] = quote;
    this.#end = end;
  }

  #longText(text: string): void {
    const { textAt, textBytes, escapeJson } = this.#simd;
    if (3 * text.length > textBytes || !text.isWellFormed()) {
      this.#json(JSON.stringify(text));
      return;
    }
    const length = this.#bytes.write(text, textAt);
    this.#byte(quote);
    this.#end = escapeJson(textAt, length, this.#end, this.#limit) || this.#full;
    this.#byte(quote);
  }

  /** What is JSON already. */
  #json(json: string): void {
    const isShort = this.#end + 3 * json.length <= this.#limit;
    this.#end = isShort ? this.#end + this.#bytes.write(json, this.#end) : this.#full;
  }

  #byte(byte: number): void {
    this.#bytes[this.#end++] = byte;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const bracket = 0x5b;
const bracketEnd = 0x5d;
const brace = 0x7b;
const braceEnd = 0x7d;

const isArray: (value: unknown) => value is readonly unknown[] = Array.isArray;

/** One that JSON.stringify takes field by field. */
function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype &&
    !('toJSON' in value)
  );
}
