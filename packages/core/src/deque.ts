/**
 * A double-ended queue on a ring buffer: every operation is O(1), where `Array#shift` is O(n).
 *
 *     slots  [ c  d  .  .  .  a  b ]      head → a, size 4, capacity a power of two
 */
export interface Deque<V> {
  readonly size: number;
  pushBack(value: V): void;
  pushFront(value: V): void;
  peekFront(): V | undefined;
  popFront(): V | undefined;
  /** From front to back. Changing the deque meanwhile is not allowed. */
  [Symbol.iterator](): IterableIterator<V>;
}

const initialCapacity = 16;

class RingDeque<V> implements Deque<V> {
  #slots: (V | undefined)[] = new Array<V | undefined>(initialCapacity);
  #mask = initialCapacity - 1;
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  pushBack(value: V): void {
    this.#makeRoom();
    this.#slots[(this.#head + this.#size) & this.#mask] = value;
    this.#size++;
  }

  pushFront(value: V): void {
    this.#makeRoom();
    this.#head = (this.#head - 1) & this.#mask;
    this.#slots[this.#head] = value;
    this.#size++;
  }

  peekFront(): V | undefined {
    return this.#size === 0 ? undefined : this.#slots[this.#head];
  }

  popFront(): V | undefined {
    if (this.#size === 0) {
      return undefined;
    }
    const value = this.#slots[this.#head];
    this.#slots[this.#head] = undefined; // let the value be collected
    this.#head = (this.#head + 1) & this.#mask;
    this.#size--;
    return value;
  }

  *[Symbol.iterator](): IterableIterator<V> {
    for (let offset = 0; offset < this.#size; offset++) {
      yield this.#slots[(this.#head + offset) & this.#mask] as V;
    }
  }

  #makeRoom(): void {
    const capacity = this.#slots.length;
    if (this.#size < capacity) {
      return;
    }
    const grown = new Array<V | undefined>(capacity * 2);
    for (let offset = 0; offset < this.#size; offset++) {
      grown[offset] = this.#slots[(this.#head + offset) & this.#mask];
    }
    this.#slots = grown;
    this.#mask = grown.length - 1;
    this.#head = 0;
  }
}

export function createDeque<V>(): Deque<V> {
  return new RingDeque<V>();
}
