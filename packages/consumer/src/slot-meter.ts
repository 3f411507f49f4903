/**
 * How much of a slot's time an SQS message takes, of late: slots in use, added up over time, by SQS messages that are
 * done. So messages of a pack that run side by side count each, and one that runs long counts for what it is.
 */
export interface SlotMeter {
  /** From now on so many slots are in use. */
  inUse(slots: number, now: number): void;
  /** An SQS message is done. */
  done(): void;
  /** `undefined` before the first is done. */
  readonly perMessageMs: number | undefined;
}

/** What is counted is halved at so many messages: older ones come to count for less and less. */
const halvedAt = 1_000;

export function createSlotMeter(): SlotMeter {
  return new DecayingMeter();
}

class DecayingMeter implements SlotMeter {
  #slots = 0;
  #since = 0;
  #usedMs = 0;
  #messages = 0;

  get perMessageMs(): number | undefined {
    return this.#messages === 0 ? undefined : this.#usedMs / this.#messages;
  }

  inUse(slots: number, now: number): void {
    this.#usedMs += this.#slots * (now - this.#since);
    this.#slots = slots;
    this.#since = now;
  }

  done(): void {
    if (++this.#messages === halvedAt) {
      this.#messages /= 2;
      this.#usedMs /= 2;
    }
  }
}
