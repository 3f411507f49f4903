/** What a heap is ordered by: the time, and among equal times the order of arrival. */
export interface Due {
  readonly at: number;
  readonly order: number;
}

/** A binary heap: the earliest first, every operation O(log n). */
export interface Heap<D extends Due> {
  readonly size: number;
  push(item: D): void;
  peek(): D | undefined;
  pop(): D | undefined;
  /** Drops everything that `keep` refuses. O(n). */
  filter(keep: (item: D) => boolean): void;
}

export function createHeap<D extends Due>(): Heap<D> {
  let items: D[] = [];

  const siftUp = (start: number): void => {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!swapIfEarlier(items, index, parent)) {
        return;
      }
      index = parent;
    }
  };
  const siftDown = (start: number): void => {
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      const child = isEarlier(items[right], items[left]) ? right : left;
      if (child >= items.length || !swapIfEarlier(items, child, index)) {
        return;
      }
      index = child;
    }
  };

  return {
    get size() {
      return items.length;
    },
    push(item) {
      items.push(item);
      siftUp(items.length - 1);
    },
    peek: () => items[0],
    pop() {
      const first = items[0];
      const last = items.pop();
      if (last !== undefined && items.length > 0) {
        items[0] = last;
        siftDown(0);
      }
      return first;
    },
    filter(keep) {
      const kept = items.filter(keep);
      items = [];
      for (const item of kept) {
        items.push(item);
        siftUp(items.length - 1);
      }
    },
  };
}

function isEarlier(one: Due | undefined, other: Due | undefined): boolean {
  if (one === undefined || other === undefined) {
    return false;
  }
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** Swaps the items at `index` and `parent` if the first is earlier; tells whether it did. */
function swapIfEarlier<D extends Due>(items: D[], index: number, parent: number): boolean {
  const item = items[index];
  const other = items[parent];
  if (item === undefined || other === undefined || !isEarlier(item, other)) {
    return false;
  }
  items[index] = other;
  items[parent] = item;
  return true;
}
