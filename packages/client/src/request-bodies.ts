import { JsonWriter } from './json-writer.ts';

/** A body on its way: its bytes, and the memory that they are in where that is used again. */
export interface RequestBody {
  readonly bytes: Uint8Array;
  readonly memory: Buffer | undefined;
}

/** Holds the messages of one billed unit, and what JSON adds to them. */
const memoryBytes = 81_920;
/** As many as a client has connections, and some that wait: 5 MiB. */
const maxKept = 64;

/**
 * Makes the bodies of requests, in memory that is used again: to allocate 10 KB for each costs a third of what it takes to
 * write them (`bench/request-bodies.ts`).
 */
export class RequestBodies {
  readonly #writer = new JsonWriter();
  readonly #kept: Buffer[] = [];

  make(input: object): RequestBody {
    const json = this.#writer.write(input);
    if (json === undefined || json.length > memoryBytes) {
      return { bytes: Buffer.from(json ?? JSON.stringify(input)), memory: undefined };
    }
    const memory = this.#kept.pop() ?? Buffer.allocUnsafeSlow(memoryBytes);
    memory.set(json);
    return { bytes: memory.subarray(0, json.length), memory };
  }

  /**
   * The request has been answered. The memory of one that failed is never used again: it may still be being written. (Where
   * a service answers before it has read all of a request, what it still reads of it no longer matters.)
   */
  answered({ memory }: RequestBody): void {
    if (memory !== undefined && this.#kept.length < maxKept) {
      this.#kept.push(memory);
    }
  }
}
