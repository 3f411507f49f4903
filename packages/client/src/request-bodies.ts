/** A body on its way: its bytes, and the memory that they are in where that is used again. */
export interface RequestBody {
  readonly bytes: Uint8Array;
  readonly memory: Buffer | undefined;
}

/** Holds ten messages of 2 KB, however many bytes their characters take. */
const memoryBytes = 65_536;
/** As many as a client has connections, and some that wait: 4 MiB. */
const maxKept = 64;

/**
 * Makes the bodies of requests in memory that is used again: to allocate 10 KB for each costs several times as much as to
 * fill them (`bench/request-bodies.ts`).
 */
export class RequestBodies {
  readonly #kept: Buffer[] = [];

  make(text: string): RequestBody {
    if (text.length * 3 > memoryBytes) {
      return { bytes: Buffer.from(text), memory: undefined };
    }
    const memory = this.#kept.pop() ?? Buffer.allocUnsafeSlow(memoryBytes);
    return { bytes: memory.subarray(0, memory.write(text)), memory };
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
