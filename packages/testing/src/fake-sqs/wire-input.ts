import { refusal } from './wire-error.ts';

/** The input of one action, or one entry of it, as it came off the wire. Throws what SQS answers to what is no such thing. */
export class WireInput {
  readonly #operation: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(operation: string, fields: unknown) {
    if (!isRecord(fields)) {
      throw refusal(
        operation,
        'SerializationException',
        'Start of structure or map found where not expected.',
      );
    }
    this.#operation = operation;
    this.#fields = fields;
  }

  get operation(): string {
    return this.#operation;
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.#missing(name);
  }

  optionalText(name: string): string | undefined {
    const value = this.#fields[name] ?? undefined;
    return value === undefined || typeof value === 'string' ? value : this.#malformed(name);
  }

  number(name: string): number {
    return this.optionalNumber(name) ?? this.#missing(name);
  }

  optionalNumber(name: string): number | undefined {
    const value = this.#fields[name] ?? undefined;
    return value === undefined || typeof value === 'number' ? value : this.#malformed(name);
  }

  /** An empty list where it is not given. */
  texts(name: string): readonly string[] {
    const value = this.#fields[name] ?? [];
    return Array.isArray(value) && value.every((one) => typeof one === 'string')
      ? value
      : this.#malformed(name);
  }

  /** An empty list where it is not given. */
  structures(name: string): readonly WireInput[] {
    const value = this.#fields[name] ?? [];
    return Array.isArray(value)
      ? value.map((one) => new WireInput(this.#operation, one))
      : this.#malformed(name);
  }

  /** A map of structures; nothing where it is not given. */
  map(name: string): readonly (readonly [key: string, value: WireInput])[] | undefined {
    const value = this.#fields[name] ?? undefined;
    if (value === undefined) {
      return undefined;
    }
    return isRecord(value)
      ? Object.entries(value).map(([key, one]) => [key, new WireInput(this.#operation, one)])
      : this.#malformed(name);
  }

  /** A map of texts; an empty one where it is not given. */
  textMap(name: string): Readonly<Record<string, string>> {
    const value = this.#fields[name] ?? {};
    if (!isRecord(value)) {
      return this.#malformed(name);
    }
    const texts: Record<string, string> = {};
    for (const [key, one] of Object.entries(value)) {
      texts[key] = typeof one === 'string' ? one : this.#malformed(name);
    }
    return texts;
  }

  #missing(name: string): never {
    throw refusal(this.#operation, 'MissingParameter', `The request must contain the parameter ${name}.`);
  }

  #malformed(name: string): never {
    throw refusal(this.#operation, 'SerializationException', `${name} is of another type.`);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
