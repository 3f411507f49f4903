import { createDeque, type Deque } from '@sqskit/core/deque';
import type { Delivery } from './delivery.ts';
import type { Pack } from './pack.ts';
import type { StartLine } from './start-line.ts';

/** A delivery that is opened. */
export interface Open {
  readonly delivery: Delivery;
  readonly pack: Pack;
}

/**
 * Opened SQS messages of which messages want slots. Pure bookkeeping.
 *
 * Each message of a pack has the group of the SQS message, and takes a place of its own in it. A pack takes what its group
 * has free when it is opened, and a place that is given up goes to a pack that is open before another is opened. So no
 * more packs of a group are open than it has places.
 */
export interface OpenPacks {
  /** Messages that want a slot. */
  readonly waiting: number;
  /** Of these, those without a place in their group. */
  readonly capped: number;
  /** One message of this pack starts now, in the place that it was opened in. The others want slots. */
  push(open: Open): void;
  /** Takes the next message of the pack that is returned, which must start it. */
  next(): Open | undefined;
  /** The slot of one of its messages is free. */
  leave(open: Open): void;
  /** None that waits in it will start. */
  drop(open: Open): void;
  /** Takes out every pack of which messages wait. */
  drain(): readonly Open[];
}

export function createOpenPacks(line: Pick<StartLine, 'widen' | 'leave'>): OpenPacks {
  return new Turns(line);
}

/** A pack of a group, while messages of it wait. */
interface Share {
  readonly open: Open;
  readonly group: string;
  /** How many of those that wait have a place: so often it is in `#turns`. */
  placed: number;
}

class Turns implements OpenPacks {
  readonly #line: Pick<StartLine, 'widen' | 'leave'>;
  /** Those without a group once each, until none of theirs waits; and what is left of those that were dropped. */
  #turns: Deque<Open> = createDeque();
  readonly #shares = new Map<Pack, Share>();
  readonly #sharesOf = new Map<string, Set<Share>>();
  waiting = 0;
  capped = 0;

  constructor(line: Pick<StartLine, 'widen' | 'leave'>) {
    this.#line = line;
  }

  push(open: Open): void {
    const { delivery, pack } = open;
    const others = pack.waiting - 1;
    if (others <= 0) {
      return;
    }
    this.waiting += others;
    if (delivery.group === undefined) {
      delivery.origin.load.unpacked += others;
      this.#turns.pushBack(open);
    } else {
      this.#cap(delivery, others);
      const share = this.#share(open, delivery.group);
      while (share.placed < others && this.#line.widen(share.group)) {
        this.#place(share);
      }
    }
  }

  next(): Open | undefined {
    for (;;) {
      const open = this.#turns.peekFront();
      if (open === undefined) {
        return undefined;
      }
      const { delivery, pack } = open;
      if (delivery.group === undefined && pack.waiting > 0) {
        this.#took(delivery);
        return open;
      }
      this.#turns.popFront();
      const share = this.#shares.get(pack);
      if (share !== undefined) {
        share.placed--;
        this.#took(delivery);
        if (pack.waiting === 1) {
          this.#forget(share);
        }
        return open;
      }
      if (delivery.group !== undefined) {
        this.#line.leave(delivery.group); // it was dropped while it had a place
      }
    }
  }

  leave({ delivery: { group }, pack }: Open): void {
    if (group === undefined) {
      return;
    }
    const share = [this.#shares.get(pack), ...(this.#sharesOf.get(group) ?? [])].find(wantsPlace);
    if (share === undefined) {
      this.#line.leave(group);
    } else {
      this.#place(share);
    }
  }

  drop({ delivery, pack }: Open): void {
    const dropped = pack.dropWaiting();
    const share = this.#shares.get(pack);
    this.waiting -= dropped;
    delivery.origin.load.unpacked -= share?.placed ?? dropped;
    if (share !== undefined) {
      this.#cap(delivery, share.placed - dropped);
      this.#forget(share);
    }
  }

  drain(): readonly Open[] {
    const loose = [...this.#turns].filter(({ delivery, pack }) => {
      return delivery.group === undefined && pack.waiting > 0;
    });
    const opens = [...loose, ...[...this.#shares.values()].map(({ open }) => open)];
    for (const { delivery, pack } of opens) {
      const placed = this.#shares.get(pack)?.placed ?? pack.waiting;
      delivery.origin.load.unpacked -= placed;
      this.#cap(delivery, placed - pack.waiting);
    }
    this.#turns = createDeque();
    this.#shares.clear();
    this.#sharesOf.clear();
    this.waiting = 0;
    return opens;
  }

  #share(open: Open, group: string): Share {
    const share = { open, group, placed: 0 };
    const others = this.#sharesOf.get(group);
    this.#shares.set(open.pack, share);
    if (others === undefined) {
      this.#sharesOf.set(group, new Set([share]));
    } else {
      others.add(share);
    }
    return share;
  }

  #forget(share: Share): void {
    const others = this.#sharesOf.get(share.group);
    this.#shares.delete(share.open.pack);
    others?.delete(share);
    if (others?.size === 0) {
      this.#sharesOf.delete(share.group);
    }
  }

  #place(share: Share): void {
    share.placed++;
    this.#cap(share.open.delivery, -1);
    share.open.delivery.origin.load.unpacked++;
    this.#turns.pushBack(share.open);
  }

  /** So many more messages, or fewer, wait for others of their group. */
  #cap({ origin }: Delivery, by: number): void {
    this.capped += by;
    origin.load.capped += by;
  }

  #took({ origin }: Delivery): void {
    this.waiting--;
    origin.load.unpacked--;
  }
}

function wantsPlace(share: Share | undefined): share is Share {
  return share !== undefined && share.placed < share.open.pack.waiting;
}
