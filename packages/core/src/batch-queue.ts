import { cheapestPrefix } from './billed-units.ts';
import { type Flowing, Flows } from './flows.ts';
import { type Laned, type LaneOrder, Lanes } from './lanes.ts';
import { sqsLimits } from './limits.ts';
import type { Linked } from './linked-list.ts';
import { Tally } from './tally.ts';

/** A member of a batch queue. It is loose, in a flow, unless it has a lane. */
export interface Queued extends Flowing, Laned {
  /** Most entries of a batch it may be in. */
  readonly maxCompany: number;
}

/**
 * What waits for a batch, and what a batch takes of it. No timers and no calls: pure bookkeeping, O(1) an entry.
 *
 * Loose entries take turns by flow, lanes among themselves; of the loose entry and the laned one whose turn it is, the
 * older leaves first.
 */
export class BatchQueue<Q extends Queued & Linked<Q>> {
  /** What could leave now. */
  readonly tally: Tally = new Tally();
  readonly #flows = new Flows<Q>(this.tally);
  readonly lanes: Lanes<Q>;

  constructor(laneOrder: LaneOrder) {
    this.lanes = new Lanes(this.tally, laneOrder);
  }

  push(entry: Q): void {
    if (entry.lane === undefined) {
      this.#flows.push(entry);
    } else {
      this.lanes.push(entry.lane, entry);
    }
  }

  /** Puts an entry that had left back to the front: it leaves before all that wait. Of several, the last first. */
  putBack(entry: Q): void {
    if (entry.lane === undefined) {
      this.#flows.putBack(entry);
    } else {
      this.lanes.putBack(entry.lane, entry);
    }
  }

  /** Takes out an entry that waits. */
  withdraw(entry: Q): void {
    if (entry.lane === undefined) {
      this.#flows.withdraw(entry);
    } else {
      this.lanes.withdraw(entry.lane, entry);
    }
  }

  /** An entry that had left is settled: its lane may go on. */
  release(entry: Q): void {
    if (entry.lane !== undefined) {
      this.lanes.release(entry.lane);
    }
  }

  /** The entry that would leave next. */
  peek(): Q | undefined {
    return older(this.#flows.first, this.lanes.first);
  }

  /** Of those that could leave next in their flow or lane, the one that decides when a batch must leave. */
  oldest(): Q | undefined {
    return older(this.#flows.oldest, this.lanes.first);
  }

  /**
   * Takes what fits one batch, and of that so many that a byte costs least where it would be billed as several requests.
   * An entry larger than `maxBytes` goes alone.
   */
  cut(maxEntries: number, maxBytes: number): Q[] {
    const batch: Q[] = [];
    let mostEntries = maxEntries;
    let bytes = 0;
    for (let entry = this.peek(); entry !== undefined; entry = this.peek()) {
      const fits = batch.length < Math.min(mostEntries, entry.maxCompany) && bytes + entry.bytes <= maxBytes;
      if (batch.length > 0 && !fits) {
        break;
      }
      if (entry.lane === undefined) {
        this.#flows.takeFirst();
      } else {
        this.lanes.takeFirst();
      }
      batch.push(entry);
      bytes += entry.bytes;
      mostEntries = Math.min(mostEntries, entry.maxCompany);
    }
    this.lanes.endCall();
    if (bytes > sqsLimits.billedUnitBytes) {
      for (const entry of batch.splice(cheapestPrefix(batch)).reverse()) {
        this.putBack(entry);
      }
    }
    return batch;
  }
}

function older<Q extends Queued>(one: Q | undefined, other: Q | undefined): Q | undefined {
  if (one === undefined || other === undefined) {
    return one ?? other;
  }
  return one.sequence < other.sequence ? one : other;
}
