import { getEventListeners } from 'node:events';
import { createProducer, type Producer } from '@sqskit/batching';
import {
  type Envelope,
  isQueueError,
  type OutgoingMessage,
  type Sender,
  type SendOptions,
  type SendReceipt,
  sendAll,
  toQueueError,
} from '@sqskit/core';
import {
  createFakeClock,
  createFakeQueue,
  createFaultPlan,
  createLedger,
  createRandom,
  type FakeClock,
  type FakeQueue,
  type Ledger,
} from '@sqskit/testing';
import { type CountedClock, createCountedClock } from '../counted-clock.ts';
import { withOutage } from '../outage.ts';
import type { RunResult } from '../suite.ts';
import { createEnvelope, slowEnvelope, watchedEnvelope } from './envelopes.ts';
import { gatherEvidence } from './evidence.ts';
import { type Closing, createHistory, type History, type Offering, watchedQueue } from './history.ts';
import { codecOf, outgoing } from './messages.ts';
import {
  drawScenario,
  type PlannedMessage,
  type PlannedOptions,
  type Scenario,
  type Step,
  statedRates,
} from './scenario.ts';
import { countRun, type RunCounts } from './totals.ts';
import { judge } from './verdict.ts';

/** One run in virtual time, judged: a pure function of its seed. */
export async function producerRun(seed: number): Promise<RunResult<RunCounts>> {
  const run = new ProducerRun(drawScenario(seed));
  await run.play();
  return run.result();
}

type HowToSend = 'send' | 'trySend';

class ProducerRun {
  readonly #scenario: Scenario;
  readonly #clock: FakeClock = createFakeClock();
  readonly #history: History = createHistory(this.#clock);
  readonly #ledger: Ledger = createLedger();
  readonly #fake: FakeQueue;
  readonly #envelope: Envelope;
  readonly #producer: Producer<string>;
  readonly #signals: readonly AbortSignal[];
  /** What the producer is given, to count the timers that it leaves. */
  readonly #producerClock: CountedClock = createCountedClock(this.#clock);
  readonly #pending: Promise<unknown>[] = [];

  constructor(scenario: Scenario) {
    const { seed, fifo, queueBytes, oversized, latencyMs, sealMs, producer } = scenario;
    const { timeoutMs, slowReplyMs, outage } = scenario;
    this.#scenario = scenario;
    this.#fake = createFakeQueue({
      clock: this.#clock,
      fifo,
      contentBasedDeduplication: producer.deduplication === 'content',
      maxMessageBytes: queueBytes,
      oversized,
      latencyMs,
      faults: withOutage(
        createFaultPlan({
          seed,
          rates: statedRates,
          verbs: ['sendBatch', 'describe'],
          timeoutMs,
          slowReplyMs,
        }),
        outage,
        { clock: this.#clock, timeoutMs },
      ),
    });
    const random = createRandom(seed * 3);
    const inner = createEnvelope(scenario, this.#clock);
    const slow = sealMs === 0 ? inner : slowEnvelope(inner, this.#clock, random, sealMs);
    this.#envelope = watchedEnvelope(slow, this.#history.seals);
    this.#producer = createProducer<string>(
      watchedQueue(this.#fake, this.#history, () => this.#look()),
      {
        ...producer,
        envelope: this.#envelope,
        codec: codecOf(scenario),
        clock: this.#producerClock,
        random,
      },
    );
    this.#signals = scenario.signals.map((abortsAtMs) => {
      const controller = new AbortController();
      if (abortsAtMs !== undefined) {
        this.#clock.setTimer(() => controller.abort(new Error('stop')), abortsAtMs);
      }
      return controller.signal;
    });
  }

  async play(): Promise<void> {
    try {
      for (const step of this.#scenario.steps) {
        await this.#take(step);
      }
      await this.#clock.settle(Promise.all(this.#pending), { withinMs: 24 * 3_600_000 });
      for (const signal of this.#signals) {
        const listeners = getEventListeners(signal, 'abort').length;
        this.#complainIf(listeners > 0, `${listeners} listeners are left on a signal`);
      }
      await this.#clock.advance(600_000);
    } catch (error) {
      this.#history.complaints.push(`the run did not end: ${toQueueError(error, 'the run').message}`);
    }
  }

  async result(): Promise<RunResult<RunCounts>> {
    const scenario = this.#scenario;
    const evidence = await gatherEvidence({
      scenario,
      history: this.#history,
      ledger: this.#ledger,
      stats: this.#producer.stats(),
      messages: this.#fake.messages(),
      envelope: this.#envelope,
    });
    const counts = countRun(evidence, this.#fake.injectedFaults);
    return { seed: scenario.seed, violations: judge(evidence), counts };
  }

  async #take(step: Step): Promise<void> {
    switch (step.does) {
      case 'send':
      case 'trySend':
        void this.#offer(step.message, outgoing(step.message), this.#options(step.message), step.does);
        return;
      case 'sendAll':
        this.#pending.push(this.#sendAll(step.messages, this.#options(step)));
        return;
      case 'wait':
        return this.#clock.advance(step.ms);
      case 'flush':
        this.#pending.push(this.#flush());
        return;
      case 'resume':
        this.#producer.resumeGroup();
        return;
      case 'close':
        this.#pending.push(this.#close(step.timeoutMs));
        return;
    }
  }

  #options({ signal, deadlineMs }: PlannedOptions): SendOptions {
    return { signal: signal === undefined ? undefined : this.#signals[signal], deadlineMs };
  }

  #offer(
    planned: PlannedMessage,
    message: OutgoingMessage<string>,
    options: SendOptions | undefined,
    how: HowToSend,
  ): Promise<SendReceipt> | undefined {
    const began = this.#history.now();
    const takenBefore = this.#taken();
    const receipt = this.#producer[how](message, options);
    const taken = this.#taken() - takenBefore;
    this.#look();
    if (receipt === undefined) {
      this.#complainIf(taken !== 0, `trySend took ${planned.name} in and refused it`);
      return undefined;
    }
    this.#complainIf(taken !== 0 && taken !== 1, `${planned.name} was counted ${taken} times`);
    const offering: Offering = {
      planned,
      body: message.body,
      deadlineMs: options?.deadlineMs ?? this.#scenario.producer.deadlineMs,
      began,
      isTakenIn: taken === 1,
      settled: undefined,
      receipt: undefined,
      error: undefined,
    };
    this.#note(offering, receipt);
    return receipt;
  }

  #note(offering: Offering, receipt: Promise<SendReceipt>): void {
    const { name } = offering.planned;
    this.#complainIf(this.#history.offerings.has(name), `${name} was offered twice`);
    this.#history.offerings.set(name, offering);
    const settled = this.#ledger.offered(name, receipt).then(
      (value) => {
        offering.receipt = value;
        offering.settled = this.#history.now();
      },
      (reason: unknown) => {
        offering.error = toQueueError(reason, 'send');
        offering.settled = this.#history.now();
        this.#complainIf(!isQueueError(reason), `${name} failed with something else than a QueueError`);
      },
    );
    this.#pending.push(settled);
  }

  async #sendAll(messages: readonly PlannedMessage[], options: SendOptions): Promise<void> {
    const plannedOf = new Map(messages.map((planned) => [outgoing(planned), planned]));
    const offer = (
      message: OutgoingMessage<string>,
      given: SendOptions | undefined,
      how: HowToSend,
    ): Promise<SendReceipt> | undefined => {
      const planned = plannedOf.get(message);
      if (planned === undefined) {
        throw new RangeError('sendAll offered a message that it was not given');
      }
      return this.#offer(planned, message, given, how);
    };
    const producer = this.#producer;
    const sender: Sender<string> = {
      send: (message, given) => offer(message, given, 'send') ?? Promise.reject(new Error('no receipt')),
      trySend: (message, given) => offer(message, given, 'trySend'),
      flush: () => producer.flush(),
      close: (given) => producer.close(given),
      [Symbol.asyncDispose]: () => producer[Symbol.asyncDispose](),
    };
    let summary: Awaited<ReturnType<typeof sendAll>>;
    try {
      summary = await sendAll(sender, plannedOf.keys(), options);
    } catch (reason) {
      this.#complainIf(!isQueueError(reason, 'aborted'), `sendAll failed: ${String(reason)}`);
      return;
    }
    const { sent, failed, failures } = summary;
    const offerings = messages.map(({ name }) => this.#history.offerings.get(name));
    const accepted = offerings.filter((offering) => offering?.receipt !== undefined).length;
    this.#complainIf(
      sent !== accepted || failed !== messages.length - accepted || failures.length !== failed,
      `sendAll says ${sent} sent and ${failed} failed; it was ${accepted} of ${messages.length}`,
    );
  }

  async #flush(): Promise<void> {
    const before = [...this.#history.offerings.values()].filter(({ settled }) => settled === undefined);
    await this.#producer.flush();
    await turnsOfMicrotasks();
    const late = before.filter(({ settled }) => settled === undefined).map(({ planned }) => planned.name);
    this.#complainIf(late.length > 0, `a flush resolved before ${late.join()} settled`);
  }

  async #close(timeoutMs: number | undefined): Promise<void> {
    const closing: Closing = {
      began: this.#history.now(),
      timeoutMs: timeoutMs ?? this.#scenario.producer.deadlineMs,
      failedBefore: this.#producer.stats().failed,
      ended: undefined,
      report: undefined,
    };
    this.#history.closing = closing;
    closing.report = await this.#producer.close({ timeoutMs });
    closing.ended = this.#history.now();
    const { pendingTimers } = this.#producerClock;
    this.#complainIf(pendingTimers > 0, `${pendingTimers} timers are left after close`);
  }

  /** Messages that the producer has ever taken in, by its own books. */
  #taken(): number {
    const { bufferedMessages, waitingMessages, sent, failed } = this.#producer.stats();
    return bufferedMessages + waitingMessages + sent + failed;
  }

  /** Notes the most that has been in memory. */
  #look(): void {
    const { peaks } = this.#history;
    const { bufferedMessages, bufferedBytes, waitingMessages, waitingBytes } = this.#producer.stats();
    peaks.bufferedMessages = Math.max(peaks.bufferedMessages, bufferedMessages);
    peaks.bufferedBytes = Math.max(peaks.bufferedBytes, bufferedBytes);
    peaks.waitingMessages = Math.max(peaks.waitingMessages, waitingMessages);
    peaks.waitingBytes = Math.max(peaks.waitingBytes, waitingBytes);
  }

  #complainIf(is: boolean, complaint: string): void {
    if (is) {
      this.#history.complaints.push(complaint);
    }
  }
}

/** As long as promises that have settled need to tell those that wait for them. */
async function turnsOfMicrotasks(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) {
    await Promise.resolve();
  }
}
