/** A body on its way: its bytes, and the memory that they are in where that is used again. */
export interface RequestBody {
  readonly bytes: Uint8Array;
  readonly memory: Buffer | undefined;
}

/** Holds ten messages of 2 KB, however many bytes their characters take. */
const memoryBytes = 65_536;
/** As many as a client has connections, and some that wait. */
const maxKept = 64;

/**
 * Makes the bodies of requests in memory that is used again: to have 10 KB of their own for each costs ten times as much as
 * to fill them.
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

  /** The request has been answered. The memory of one that failed is never used again: it may still be being written. */
  answered({ memory }: RequestBody): void {
    if (memory !== undefined && this.#kept.length < maxKept) {
      this.#kept.push(memory);
    }
  }
}
