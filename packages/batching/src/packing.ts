import {
  assertFits,
  attributesBytes,
  type Envelope,
  type Item,
  QueueError,
  type Sealed,
  type SendEntry,
} from '@sqskit/core';
import { asUnknown } from '@sqskit/core/accumulator';
import { type Alarm, createAlarm } from '@sqskit/core/alarm';
import type { Clock } from '@sqskit/core/clock';
import { createLinkedList, type LinkedList } from '@sqskit/core/linked-list';
import type { Delivery } from './delivery.ts';
import { Gathering, isPackable, type Members } from './gathering.ts';
import { checkContent, checkSealed } from './message-rules.ts';
import type { Outgoing } from './outgoing.ts';
import { Pack } from './pack.ts';
import type { Packaging, PackagingHooks } from './packaging.ts';
import { entryOf, isPromise, sealError } from './seal.ts';

export interface PackingOptions {
  readonly envelope: Envelope;
  readonly fifo: boolean;
  readonly clock: Clock;
  readonly lingerMs: number;
  readonly lingerWhenIdle: boolean;
  /** Begins the deduplication ids of packs: unlike that of any other producer. */
  readonly idPrefix: string;
}

/**
 * Packs the messages of a group together.
 *
 *     gathering  → seal →  pack  →  accumulator
 *
 * A gathering is sealed as soon as it is full; or once its oldest has lingered, with nothing in flight, or hurried, as
 * soon as a call could begin: until then it goes on filling. Gatherings that are due take turns. On a FIFO queue one
 * pack of a group is out at a time, and the next is due when that is settled.
 */
export class Packing<T> implements Packaging<T> {
  readonly #options: PackingOptions;
  readonly #delivery: Pick<Delivery<T>, 'hasPlace' | 'inFlight' | 'hurry'>;
  readonly #hooks: PackagingHooks<T>;
  #maxBytes: number | undefined;
  /** How much content the last pack took that could not take all. */
  #takenBytes = Number.POSITIVE_INFINITY;
  #packNumber = 0;

  readonly #gatherings = new Map<string | symbol | undefined, Gathering<T>>();
  /** Oldest first. */
  readonly #lingering: LinkedList<Gathering<T>> = createLinkedList();
  readonly #due: LinkedList<Gathering<T>> = createLinkedList();
  readonly #alarm: Alarm;
  /** What is being sealed by envelopes that take their time. */
  readonly #seals = new Set<Seal<T>>();
  /** Not a Set: like that of calls under way, it would keep what it held. */
  readonly #packs: LinkedList<Pack<T>> = createLinkedList();

  constructor(
    options: PackingOptions,
    delivery: Pick<Delivery<T>, 'hasPlace' | 'inFlight' | 'hurry'>,
    hooks: PackagingHooks<T>,
  ) {
    this.#options = options;
    this.#delivery = delivery;
    this.#hooks = hooks;
    this.#alarm = createAlarm(options.clock, () => this.#ring());
  }

  get isEmpty(): boolean {
    return this.#gatherings.size === 0 && this.#seals.size === 0 && this.#packs.size === 0;
  }

  held(): readonly Outgoing<T>[] {
    const sealing = [...this.#seals].flatMap(({ members }) => members.filter((each) => !isSettled(each)));
    return [...sealing, ...[...this.#gatherings.values()].flatMap((gathering) => [...gathering])];
  }

  handed(): readonly Outgoing<T>[] {
    return [...this.#packs].flatMap(({ members }) => members.filter(({ stage }) => stage === 'handed'));
  }

  prepare(outgoing: Outgoing<T>): void {
    const { content = '', attributes, traceHeader } = outgoing;
    const bytes = checkContent(content) + attributesBytes(attributes) + (traceHeader?.length ?? 0);
    this.#hooks.resize(outgoing, bytes);
  }

  take(outgoing: Outgoing<T>): void {
    const gathering = this.#gatheringOf(outgoing);
    outgoing.stage = 'held';
    gathering.push(outgoing);
    this.#hooks.held(outgoing);
    if (this.#maxBytes === undefined || gathering.isOut) {
      return;
    }
    while (this.#isFull(gathering) && !gathering.isOut && this.#seals.size < maxSeals) {
      this.#seal(gathering, false);
    }
    if (gathering.row !== this.#lingering) {
      this.#lineUp(gathering, false);
    }
  }

  remove(outgoing: Outgoing<T>): void {
    const gathering = this.#gatheringOf(outgoing);
    gathering.remove(outgoing);
    this.#tidy(gathering);
    this.#setAlarm();
  }

  /**
   * A pack that certainly had no effect is dissolved: the others are packed again. Otherwise it goes on without anyone
   * waiting for this one's part in it.
   */
  withdraw(outgoing: Outgoing<T>, error: QueueError): void {
    const { pack } = outgoing;
    if (pack?.ticket === undefined) {
      return;
    }
    if (pack.ticket.isUnderWay || pack.ticket.ambiguous) {
      this.#hooks.fail(outgoing, asUnknown(error));
      pack.unsettled--;
      if (pack.unsettled === 0) {
        pack.ticket.cancel(error);
      }
      return;
    }
    pack.isDissolved = true;
    this.#hooks.fail(outgoing, error);
    this.#putBack(pack.members, pack.ticket.attempts);
    pack.ticket.cancel(error);
    this.#hooks.discard(pack.sealed);
  }

  start(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    for (const gathering of this.#gatherings.values()) {
      this.#line(gathering, this.#due);
    }
    this.#advance();
  }

  hurry(): void {
    let next = this.#lingering.first;
    while (next !== undefined) {
      this.#line(next, this.#due);
      next = this.#lingering.first;
    }
    this.#advance();
  }

  answered(): void {
    this.#advance();
  }

  settled(pack: Pack<T>): void {
    this.#packs.remove(pack);
    if (this.#options.fifo || pack.isDissolved) {
      this.#release(this.#gatheringOf(pack.members[0]));
      this.#setAlarm();
    }
  }

  /** What has lingered is due. Only the alarm tells so: what a loop sends without pausing is packed together. */
  #ring(): void {
    const now = this.#options.clock.monotonic();
    let next = this.#lingering.first;
    while (next !== undefined && this.#dueAt(next) <= now) {
      this.#line(next, this.#due);
      next = this.#lingering.first;
    }
    this.#advance();
  }

  /** Seals what is due, as far as calls could begin. */
  #advance(): void {
    let isAny = false;
    let due = this.#due.first;
    while (due !== undefined && this.#canSeal) {
      this.#seal(due, true);
      this.#line(due, this.#due);
      this.#tidy(due);
      isAny = true;
      due = this.#due.first;
    }
    if (isAny) {
      this.#delivery.hurry();
    }
    this.#setAlarm();
  }

  /** What is due goes on as soon as the present turn is over: members of one pack may be given up one after the other. */
  #setAlarm(): void {
    const { first } = this.#lingering;
    if (this.#due.size > 0 && this.#canSeal) {
      this.#alarm.ringBy(Number.NEGATIVE_INFINITY);
    } else if (first !== undefined) {
      this.#alarm.ringBy(this.#dueAt(first));
    } else {
      this.#alarm.clear();
    }
  }

  /** Whether a gathering that is due may be sealed now. */
  get #canSeal(): boolean {
    return this.#seals.size < maxSeals && this.#delivery.hasPlace;
  }

  #dueAt({ first }: Gathering<T>): number {
    const { lingerMs, lingerWhenIdle } = this.#options;
    const isIdle = !lingerWhenIdle && this.#seals.size === 0 && this.#delivery.inFlight === 0;
    const waitingSince = first?.startedAt ?? Number.POSITIVE_INFINITY;
    return waitingSince + (isIdle ? 0 : lingerMs);
  }

  /** How much content makes one SQS message. */
  get #fillBytes(): number {
    const { fillBytes = this.#maxBytes ?? 0 } = this.#options.envelope;
    return Math.min(fillBytes, this.#takenBytes);
  }

  #isFull(gathering: Gathering<T>): boolean {
    const { first, bytes, size } = gathering;
    return (
      first !== undefined &&
      (bytes >= this.#fillBytes || size >= this.#options.envelope.maxItems || !isPackable(first))
    );
  }

  /** Seals one SQS message of a gathering, or begins to: the first that make up `maxItems`. */
  #seal(gathering: Gathering<T>, isDue: boolean, maxItems: number = this.#options.envelope.maxItems): void {
    const maxBytes = this.#maxBytes;
    const members = gathering.cut(maxItems, this.#fillBytes);
    if (members === undefined || maxBytes === undefined) {
      return;
    }
    this.#line(gathering, undefined);
    gathering.isOut = this.#options.fifo;
    let sealed: Sealed | Promise<Sealed>;
    try {
      sealed = this.#options.envelope.seal(itemsOf(members), maxBytes);
      if (isPromise(sealed)) {
        this.#sealLate({ members, isDue }, sealed, maxBytes);
        return;
      }
    } catch (reason) {
      this.#refuse(members, isDue, reason);
      return;
    }
    this.#accept(members, isDue, sealed, maxBytes);
  }

  #sealLate(seal: Seal<T>, sealed: Promise<Sealed>, maxBytes: number): void {
    const { members, isDue } = seal;
    this.#seals.add(seal);
    for (const outgoing of members) {
      outgoing.stage = 'sealing';
    }
    const settle = (goOn: () => void): void => {
      this.#seals.delete(seal);
      goOn();
      this.#lineUp(this.#gatheringOf(members[0]), isDue);
      if (isDue) {
        this.#delivery.hurry();
      }
      this.#advance();
    };
    sealed.then(
      (late) =>
        settle(() => {
          if (members.some(isSettled)) {
            this.#hooks.discard(late);
            this.#takeBack(members);
          } else {
            this.#accept(members, isDue, late, maxBytes);
          }
        }),
      (reason: unknown) => settle(() => this.#refuse(members, isDue, reason)),
    );
  }

  #accept(members: Members<T>, isDue: boolean, sealed: Sealed, maxBytes: number): void {
    let pack: Pack<T>;
    try {
      pack = this.#pack(members, sealed, maxBytes);
    } catch (reason) {
      this.#refuse(members, isDue, reason);
      return;
    }
    this.#learn(pack.members, members.length);
    this.#putBack(members.slice(pack.members.length));
    this.#packs.pushBack(pack);
    for (const outgoing of pack.members) {
      outgoing.stage = 'handed';
      outgoing.pack = pack;
    }
    this.#hooks.handOver(pack);
  }

  /** The pack of what was sealed. Throws where SQS would not take it. */
  #pack(members: Members<T>, sealed: Sealed, maxBytes: number): Pack<T> {
    const { payload, taken } = sealed;
    const [first] = members;
    try {
      if (!(Number.isInteger(taken) && taken >= 1 && taken <= members.length)) {
        const message = `the envelope took ${taken} of ${members.length} messages`;
        throw new QueueError('encode-failed', message, {});
      }
      const bytes = assertFits(payload, maxBytes, checkSealed(sealed, first.attributes));
      const wire = taken === 1 ? entryOf(first, payload) : this.#packEntry(members, sealed);
      const packed: Members<T> = taken === members.length ? members : [first, ...members.slice(1, taken)];
      return new Pack(packed, wire, sealed, bytes);
    } catch (error) {
      this.#hooks.discard(sealed);
      throw error;
    }
  }

  /** Its deduplication id is its own: no other pack, of these messages or of others, ever has the same. */
  #packEntry(members: Members<T>, { payload: { body, attributes } }: Sealed): SendEntry {
    const { fifo, idPrefix } = this.#options;
    const [first] = members;
    const { groupId } = first.message;
    const deduplicationId = fifo ? `${idPrefix}p${++this.#packNumber}` : undefined;
    const traceHeader = shareTrace(members) ? first.traceHeader : undefined;
    return { body, attributes, groupId, deduplicationId, traceHeader };
  }

  /**
   * None of these could be sealed together. Halves are tried until the one to blame stands alone; so it fails alone, and
   * those before it are sealed.
   */
  #refuse(members: Members<T>, isDue: boolean, reason: unknown): void {
    this.#takeBack(members);
    const [first] = members;
    const gathering = this.#gatheringOf(first);
    if (members.length > 1) {
      this.#seal(gathering, isDue, Math.ceil(members.length / 2));
      this.#line(gathering, this.#due);
    } else if (!isSettled(first)) {
      this.#hooks.fail(first, sealError(reason));
    }
  }

  /** Gives back what was being sealed. */
  #takeBack(members: Members<T>): void {
    this.#putBack(members);
    this.#release(this.#gatheringOf(members[0]));
  }

  /** Those that are not settled come first again. */
  #putBack(members: readonly Outgoing<T>[], attempts = 0): void {
    const left = members.filter((outgoing) => !isSettled(outgoing));
    const [first] = left;
    if (first === undefined) {
      return;
    }
    for (const outgoing of left) {
      outgoing.stage = 'held';
      outgoing.pack = undefined;
      outgoing.earlierAttempts += attempts;
    }
    const gathering = this.#gatheringOf(first);
    gathering.putBack(left);
  }

  /** None of the gathering's packs is out any more. */
  #release(gathering: Gathering<T>): void {
    gathering.isOut = false;
    this.#line(gathering, this.#due);
    this.#tidy(gathering);
  }

  #learn(taken: readonly Outgoing<T>[], given: number): void {
    const bytes = taken.reduce((sum, outgoing) => sum + outgoing.bytes, 0);
    if (taken.length < given) {
      this.#takenBytes = bytes;
    } else if (bytes >= this.#takenBytes) {
      this.#takenBytes = Number.POSITIVE_INFINITY;
    }
  }

  #gatheringOf(outgoing: Outgoing<T>): Gathering<T> {
    const key = this.#options.fifo || isPackable(outgoing) ? outgoing.message.groupId : alone;
    let gathering = this.#gatherings.get(key);
    if (gathering === undefined) {
      gathering = new Gathering(key);
      this.#gatherings.set(key, gathering);
    }
    return gathering;
  }

  /** What is left of a gathering waits for its turn, or for company. */
  #lineUp(gathering: Gathering<T>, isDue: boolean): void {
    if (gathering.row !== this.#due) {
      this.#line(gathering, isDue || this.#isFull(gathering) ? this.#due : this.#lingering);
    }
    this.#tidy(gathering);
    this.#setAlarm();
  }

  /** Puts a gathering at the end of a row, unless it stands there, or nothing of it could go on. */
  #line(gathering: Gathering<T>, row: LinkedList<Gathering<T>> | undefined): void {
    const next = gathering.size === 0 || gathering.isOut ? undefined : row;
    if (gathering.row !== next) {
      gathering.row?.remove(gathering);
      gathering.row = next;
      next?.pushBack(gathering);
    }
  }

  /** Forgets a gathering of which nothing is left. */
  #tidy(gathering: Gathering<T>): void {
    if (gathering.size === 0) {
      this.#line(gathering, undefined);
      if (!gathering.isOut && this.#gatherings.get(gathering.key) === gathering) {
        this.#gatherings.delete(gathering.key);
      }
    }
  }
}

/** What is being sealed. */
interface Seal<T> {
  readonly members: Members<T>;
  /** Whether it has waited long enough: it need not linger in the accumulator. */
  readonly isDue: boolean;
}

/** Where messages of a standard queue gather that cannot be packed: nothing waits for them. */
const alone: unique symbol = Symbol('alone');

// As many threads as zlib has in Node.
const maxSeals = 4;

function isSettled<T>({ stage }: Outgoing<T>): boolean {
  return stage === 'settled';
}

function itemsOf<T>(members: Members<T>): [Item, ...Item[]] {
  const carryTrace = members.length > 1 && !shareTrace(members);
  const items: [Item, ...Item[]] = [itemOf(members[0], carryTrace)];
  for (let index = 1; index < members.length; index++) {
    const outgoing = members[index];
    if (outgoing !== undefined) {
      items.push(itemOf(outgoing, carryTrace));
    }
  }
  return items;
}

function itemOf<T>({ id, content = '', attributes, traceHeader }: Outgoing<T>, carryTrace: boolean): Item {
  return { id, content, attributes, traceHeader: carryTrace ? traceHeader : undefined, attempt: 0 };
}

/** Whether one trace header, or none, is that of all. */
function shareTrace<T>(members: Members<T>): boolean {
  const [{ traceHeader: shared }] = members;
  return members.every(({ traceHeader }) => traceHeader === shared);
}
