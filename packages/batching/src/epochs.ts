/** The messages that came between two flushes. */
export interface Epoch {
  unsettled: number;
}

interface LinkedEpoch extends Epoch {
  readonly onSettled: (() => void)[];
  next: LinkedEpoch | undefined;
}

/**
 * Tells when everything that came before a moment is settled, for two additions a message. `current` counts what comes
 * now; `close` ends it and begins another.
 */
export class Epochs {
  #oldest: LinkedEpoch = { unsettled: 0, onSettled: [], next: undefined };
  #current = this.#oldest;

  get current(): Epoch {
    return this.#current;
  }

  /** Resolves when all that has come so far is settled. */
  close(): Promise<void> {
    const closed = this.#current;
    const next = { unsettled: 0, onSettled: [], next: undefined };
    closed.next = next;
    this.#current = next;
    return new Promise((resolve) => {
      closed.onSettled.push(resolve);
      this.#retire();
    });
  }

  /** A message of this epoch is settled. */
  settle(epoch: Epoch): void {
    epoch.unsettled--;
    if (epoch.unsettled === 0 && epoch !== this.#current) {
      this.#retire();
    }
  }

  #retire(): void {
    let oldest = this.#oldest;
    while (oldest.unsettled === 0 && oldest.next !== undefined) {
      for (const settled of oldest.onSettled) {
        settled();
      }
      oldest = oldest.next;
    }
    this.#oldest = oldest;
  }
}
