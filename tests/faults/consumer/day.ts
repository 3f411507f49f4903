import { type Consumer, createConsumer } from '@sqskit/consumer';
import type { Handler } from '@sqskit/core';
import { type Clock, sleep } from '@sqskit/core/clock';
import type { Random } from '@sqskit/core/retry';
import {
  createFakeClock,
  createFakeQueue,
  createFaultPlan,
  createRandom,
  type FakeClock,
  type FakeQueue,
  type FaultPlan,
} from '@sqskit/testing';
import { createDraws, type Draws } from '../draws.ts';
import { usedHeapBytes } from '../used-heap.ts';
import { comeTo, drawCalmConduct, drawConduct } from './conduct.ts';
import { createSealer, entryOf, nameCodec, type Sealer } from './contents.ts';
import { statedRates } from './scenario.ts';
import { createSimulatedProcess, type SimulatedProcess } from './simulated-process.ts';

/** What became of a day. */
export interface DayReport {
  /** Messages; of a pack each counts, as in what follows. */
  readonly sent: number;
  readonly handled: number;
  /** Found in the dead-letter queue, and not handled. */
  readonly moved: number;
  /** Handled once more, as SQS may have it. */
  readonly repeated: number;
  readonly stops: number;
  readonly crashes: number;
  /** Bytes in use, after everything was collected. */
  readonly heap: readonly HeapMark[];
  /** What is wrong; empty where nothing is. */
  readonly violations: readonly string[];
}

export interface HeapMark {
  readonly hours: number;
  readonly bytes: number;
}

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** When the heap is looked at: of a day after 2, 6, 12 and 24 hours. */
const marks: readonly number[] = [1 / 12, 1 / 4, 1 / 2, 1];

/** How much more may be in use at a mark than at any before it: what is in hand, and compiled, is not always the same. */
const mostGrowthBytes = 2 * 1_048_576;

/**
 * Steady load on a standard queue with packs and on a FIFO queue, each with a consumer, for so many hours of virtual time.
 * Everything fails at the stated rates; now and then a consumer is stopped and started, its event loop stands still, or its
 * process crashes. Nothing is kept here of what is over, so that what grows is the consumer's.
 */
export async function playDay(hours: number, onMark?: (mark: HeapMark) => void): Promise<DayReport> {
  const clock = createFakeClock();
  const lines = [new Line(clock, false), new Line(clock, true)];
  const heap: HeapMark[] = [];
  const lengthMs = hours * hourMs;
  for (let second = 0; second * secondMs < lengthMs; second++) {
    for (const line of lines) {
      line.tick(second);
    }
    await clock.advance(secondMs);
    const passed = ((second + 1) * secondMs) / lengthMs;
    if (heap.length < marks.length && passed >= (marks[heap.length] ?? 1)) {
      const mark = { hours: hours * passed, bytes: usedHeapBytes() };
      heap.push(mark);
      onMark?.(mark);
    }
  }
  for (const line of lines) {
    line.calm();
  }
  await clock.advance(hourMs);
  for (const line of lines) {
    await clock.settle(line.end());
  }
  const total = (what: 'sent' | 'handled' | 'moved' | 'repeated' | 'stops' | 'crashes'): number =>
    lines.reduce((sum, line) => sum + line.counts[what], 0);
  return {
    sent: total('sent'),
    handled: total('handled'),
    moved: total('moved'),
    repeated: total('repeated'),
    stops: total('stops'),
    crashes: total('crashes'),
    heap,
    violations: [...lines.flatMap((line) => line.violations), ...growth(heap)],
  };
}

function growth(heap: readonly HeapMark[]): string[] {
  return heap.flatMap(({ hours, bytes }, index) => {
    const least = Math.min(bytes, ...heap.slice(0, index).map((earlier) => earlier.bytes));
    const grownBytes = bytes - least;
    return grownBytes > mostGrowthBytes ? [`after ${hours} hours ${grownBytes} bytes more are in use`] : [];
  });
}

/** A queue, its dead-letter queue, and the consumer between them. */
class Line {
  readonly counts = { sent: 0, handled: 0, moved: 0, repeated: 0, stops: 0, crashes: 0 };
  readonly violations: string[] = [];
  readonly #clock: FakeClock;
  readonly #fifo: boolean;
  readonly #draws: Draws;
  readonly #random: Random;
  readonly #sealer: Sealer;
  readonly #queue: FakeQueue;
  readonly #dead: FakeQueue;
  /** Names of messages that were sent, and neither handled nor moved. */
  readonly #open = new Set<string>();
  #process: SimulatedProcess;
  #consumer: Consumer;
  #isCalm = false;
  #isSparing = false;

  constructor(clock: FakeClock, fifo: boolean) {
    const seed = fifo ? 2 : 1;
    this.#clock = clock;
    this.#fifo = fifo;
    this.#draws = createDraws(seed);
    this.#random = createRandom(seed * 7);
    this.#sealer = createSealer(!fifo);
    const shared = { clock, latencyMs: 10, history: false };
    this.#dead = createFakeQueue({
      ...shared,
      url: `https://sqs.us-east-1.amazonaws.com/123456789012/dead${fifo ? '.fifo' : ''}`,
      faults: this.#faults(seed * 2),
    });
    this.#queue = createFakeQueue({
      ...shared,
      fifo,
      random: fifo ? undefined : createRandom(seed * 9),
      faults: this.#faults(seed * 2 + 1),
      deadLetterQueue: this.#dead,
      maxReceiveCount: 8,
    });
    [this.#process, this.#consumer] = this.#settleIn();
  }

  /** What happens in this second. */
  tick(second: number): void {
    const { chance, whole } = this.#draws;
    this.#send(1);
    if (!this.#fifo && second % 10 === 0) {
      this.#send(whole(2, 8));
    }
    if (second % 60 === 30) {
      void this.#emptyDead();
    }
    if (second % 600 === 300) {
      this.#lookForLost();
    }
    if (chance(1 / 300)) {
      this.#disturb();
    }
  }

  calm(): void {
    this.#isCalm = true;
    this.#process.whenAwake(() => this.#consumer.start());
  }

  async end(): Promise<void> {
    const { isClean } = await this.#consumer.stop();
    await this.#emptyDead();
    if (!isClean) {
      this.violations.push('the last stop was not clean');
    }
    const left = this.#queue.messages().length;
    if (left > 0 || this.#open.size > 0) {
      this.violations.push(
        `${left} messages are left in the queue, ${this.#open.size} are not accounted for`,
      );
    }
  }

  #settleIn(): [SimulatedProcess, Consumer] {
    const process = createSimulatedProcess(this.#clock);
    const consumer = createConsumer<string>(process.queue(this.#queue), this.#handler(process.clock), {
      envelope: this.#sealer.envelope,
      codec: nameCodec,
      clock: process.clock,
      random: this.#random,
      visibilityTimeoutMs,
      retryMaxMs: 10_000,
      deadLetterQueue: process.queue(this.#dead),
    });
    consumer.start();
    return [process, consumer];
  }

  #handler(clock: Clock): Handler<string> {
    return async ({ body }, { signal }) => {
      const conduct = this.#isCalm
        ? drawCalmConduct(this.#random)
        : drawConduct(this.#random, { visibilityTimeoutMs, isMarathon: false });
      if (conduct.takesMs !== undefined) {
        await sleep(clock, conduct.takesMs, conduct.isHeedful ? { signal } : {});
      }
      // It may be told to end; a verdict says that it is done all the same.
      if (conduct.result === 'ack' && (conduct.isExplicit || !signal.aborted)) {
        this.counts[this.#open.delete(body) ? 'handled' : 'repeated']++;
      }
      return comeTo(conduct);
    };
  }

  #send(size: number): void {
    const names = Array.from({ length: size }, () => `${this.counts.sent++}`);
    for (const name of names) {
      this.#open.add(name);
    }
    const groupId = this.#fifo ? `g${this.#draws.whole(1, 20)}` : undefined;
    const planned = { names, queue: 0, groupId, broken: undefined, bytes: this.#draws.whole(10, 300) };
    const entry = entryOf(this.#sealer.seal(planned), planned, this.#fifo);
    void this.#sparing(() => this.#queue.sendBatch([entry]));
  }

  #disturb(): void {
    const { pick, whole, chance } = this.#draws;
    switch (pick(['stop', 'stop', 'block', 'block', 'crash'])) {
      case 'stop':
        this.counts.stops++;
        this.#process.whenAwake(() => {
          void this.#consumer.stop({ timeoutMs: pick([0, 1_000, 30_000]) });
          this.#consumer.start();
        });
        return;
      case 'block':
        this.#process.block(whole(1, 20_000));
        return;
      case 'crash':
        this.counts.crashes++;
        this.#process.crash(chance(0.5));
        [this.#process, this.#consumer] = this.#settleIn();
    }
  }

  /** Notes what was moved, and deletes it. */
  async #emptyDead(): Promise<void> {
    for (;;) {
      const messages = await this.#sparing(() => this.#dead.receive({ maxMessages: 10, waitTimeMs: 0 }));
      if (messages.length === 0) {
        return;
      }
      for (const { name } of messages.flatMap(this.#sealer.contentsOf)) {
        this.counts.moved += this.#open.delete(name) ? 1 : 0;
      }
      const handles = messages.map(({ receiptHandle }) => receiptHandle);
      await this.#sparing(() => this.#dead.deleteBatch(handles));
    }
  }

  /** What was sent and is open must be in one of the queues. */
  #lookForLost(): void {
    const held = [...this.#queue.messages(), ...this.#dead.messages()];
    const found = new Set(
      held.flatMap((message) => this.#sealer.contentsOf(message).map(({ name }) => name)),
    );
    // What is just being sent is on its way.
    const onTheWay = this.counts.sent - 20;
    const lost = [...this.#open].filter((name) => !found.has(name) && Number(name) < onTheWay);
    if (lost.length > 0) {
      this.violations.push(`lost: ${lost.join()}`);
      for (const name of lost) {
        this.#open.delete(name); // told once
      }
    }
  }

  #faults(seed: number): FaultPlan {
    const plan = createFaultPlan({ seed, rates: statedRates });
    return { next: (call) => (this.#isCalm || this.#isSparing ? [] : plan.next(call)) };
  }

  /** Nothing befalls the calls of the day's own. */
  #sparing<R>(call: () => Promise<R>): Promise<R> {
    this.#isSparing = true;
    const answer = call();
    this.#isSparing = false;
    return answer;
  }
}

const visibilityTimeoutMs = 10_000;
