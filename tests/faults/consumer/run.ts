import {
  type Consumer,
  type ConsumerOptions,
  type ConsumerStats,
  createConsumer,
  type QueueSource,
  type StopOptions,
} from '@sqskit/consumer';
import { deadLetter, type Envelope, isQueueError, retry, toQueueError } from '@sqskit/core';
import type { Random } from '@sqskit/core/retry';
import {
  createFakeClock,
  createFakeQueue,
  createFaultPlan,
  createRandom,
  type FakeClock,
  type FakeMessage,
  type FaultPlan,
} from '@sqskit/testing';
import { type CountedClock, createCountedClock } from '../counted-clock.ts';
import { withOutage } from '../outage.ts';
import type { RunResult } from '../suite.ts';
import { createSealer, entryOf, nameCodec, type Sealer, slowOpening } from './contents.ts';
import { brokenNames, type Evidence, gatherEvidence, type QueuePair } from './evidence.ts';
import { createHandler } from './handlers.ts';
import { createHistory, type History, type Instance, type Stopping } from './history.ts';
import {
  type ConsumerChoice,
  drawScenario,
  type PlannedMessage,
  type QueueChoice,
  type Scenario,
  type Step,
  statedRates,
} from './scenario.ts';
import { createSimulatedProcess, type SimulatedProcess } from './simulated-process.ts';
import { timelineOf } from './timeline.ts';
import { countRun, type RunCounts } from './totals.ts';
import { judge } from './verdict.ts';
import { watchedQueue, watchedSends } from './watched-queue.ts';

/** One run in virtual time, judged: a pure function of its seed. */
export async function consumerRun(
  seed: number,
  tell?: (line: string) => void,
): Promise<RunResult<RunCounts>> {
  const run = new ConsumerRun(drawScenario(seed));
  await run.play();
  const evidence = run.evidence();
  for (const line of tell === undefined ? [] : timelineOf(evidence)) {
    tell?.(line);
  }
  return { seed, violations: judge(evidence), counts: countRun(evidence) };
}

const hourMs = 3_600_000;

/** A consumer and the process that it lives in. */
interface Inhabitant {
  readonly instance: Instance;
  readonly process: SimulatedProcess;
  readonly clock: CountedClock;
  readonly consumer: Consumer;
}

class ConsumerRun {
  readonly #scenario: Scenario;
  readonly #clock: FakeClock = createFakeClock();
  readonly #history: History = createHistory(this.#clock);
  readonly #sealer: Sealer;
  readonly #queues: readonly QueuePair[];
  readonly #random: Random;
  readonly #planned: PlannedMessage[] = [];
  readonly #stops: Promise<void>[] = [];
  /** By their place in the scenario; one that has crashed is followed by another. */
  readonly #inhabitants: Inhabitant[];
  #isCalm = false;
  #isSparing = false;

  constructor(scenario: Scenario) {
    const { seed, queues, isPacked, consumers } = scenario;
    this.#scenario = scenario;
    this.#sealer = createSealer(isPacked);
    this.#random = createRandom(seed * 5 + 3);
    this.#queues = queues.map((choice, place) => this.#createPair(choice, place));
    this.#inhabitants = consumers.map((choice) => this.#settleIn(choice));
  }

  async play(): Promise<void> {
    try {
      for (const step of this.#scenario.steps) {
        await this.#take(step);
      }
      await this.#clock.settle(Promise.all(this.#stops), { withinMs: hourMs });
      await this.#drain();
      await this.#end();
    } catch (error) {
      this.#history.complaints.push(`the run did not end: ${toQueueError(error, 'the run').message}`);
    }
  }

  evidence(): Evidence {
    return gatherEvidence({
      scenario: this.#scenario,
      history: this.#history,
      planned: this.#planned,
      queues: this.#queues,
      contentsOf: this.#sealer.contentsOf,
    });
  }

  #createPair({ fifo, redriveAfter }: QueueChoice, place: number): QueuePair {
    const { seed, latencyMs } = this.#scenario;
    const url = (name: string): string =>
      `https://sqs.us-east-1.amazonaws.com/123456789012/${name}-${place}${fifo ? '.fifo' : ''}`;
    const shared = { clock: this.#clock, latencyMs };
    const faults = this.#faults(seed * 4 + place * 2);
    const dead = createFakeQueue({
      ...shared,
      url: url('dead'),
      faults: this.#faults(seed * 4 + place * 2 + 1),
    });
    const queue = createFakeQueue({
      ...shared,
      url: url('queue'),
      faults,
      random: fifo ? undefined : createRandom(seed * 5 + 4 + place),
      deadLetterQueue: redriveAfter === undefined ? undefined : dead,
      maxReceiveCount: redriveAfter,
    });
    return { queue, dead };
  }

  #faults(seed: number): FaultPlan {
    const { timeoutMs, slowReplyMs, outage } = this.#scenario;
    const plan = createFaultPlan({ seed, rates: statedRates, timeoutMs, slowReplyMs });
    const weather = withOutage(plan, outage, { clock: this.#clock, timeoutMs });
    return { next: (call) => (this.#isCalm || this.#isSparing ? [] : weather.next(call)) };
  }

  #settleIn(choice: ConsumerChoice): Inhabitant {
    const process = createSimulatedProcess(this.#clock);
    const clock = createCountedClock(process.clock);
    const instance: Instance = {
      choice,
      stretch: 0,
      slots: choice.maxConcurrency,
      mostSlots: choice.maxConcurrency,
      isOpen: false,
      admitted: 0,
      asked: 0,
      crashed: undefined,
      starts: [],
      mostInHand: 0,
      blocks: [],
      pauses: [],
    };
    this.#history.instances.push(instance);
    const { contentsOf } = this.#sealer;
    const watch = { history: this.#history, by: instance, contentsOf };
    const sources = this.#queues.map(({ queue, dead }, place): QueueSource => {
      const deadInProcess = process.queue(dead);
      return {
        queue: watchedQueue(process.queue(queue), watch),
        weight: this.#scenario.queues[place]?.weight,
        deadLetterQueue: choice.deadLetters
          ? { ...deadInProcess, sendBatch: watchedSends(deadInProcess, 'dead', watch) }
          : undefined,
      };
    });
    const handler = createHandler({
      history: this.#history,
      by: instance,
      clock: process.clock,
      random: this.#random,
      isMarathon: this.#scenario.isMarathon,
      isCalm: () => this.#isCalm,
      onStart: () => {
        const { running, waiting } = consumer.stats();
        instance.mostInHand = Math.max(instance.mostInHand, running + waiting);
      },
    });
    const consumer: Consumer = createConsumer<string>(sources, handler, {
      ...this.#optionsOf(instance, () => consumer.stats().state),
      envelope: this.#envelopeFor(process),
      clock,
      onError: (_error, { during, messageId }) =>
        this.#history.failures.push({ by: instance, at: this.#history.now(), during, messageId }),
    });
    return { instance, process, clock, consumer };
  }

  #envelopeFor({ clock }: SimulatedProcess): Envelope {
    const { openMs } = this.#scenario;
    const { envelope } = this.#sealer;
    return openMs === 0 ? envelope : slowOpening(envelope, clock, this.#random, openMs);
  }

  #optionsOf(instance: Instance, state: () => ConsumerStats['state']): ConsumerOptions<string> {
    const { deadLetters: _, failurePolicy, admits, breaker, ...others } = instance.choice;
    return {
      ...others,
      breaker: breaker && {
        ...breaker,
        onChange: ({ to }) => {
          // The next run has a breaker of its own.
          instance.isOpen = to === 'open' && state() !== 'stopping';
        },
      },
      admit: admits ? (wanted) => this.#admit(instance, wanted) : undefined,
      codec: nameCodec,
      random: this.#random,
      failurePolicy:
        failurePolicy === 'default'
          ? undefined
          : (error) => {
              if (failurePolicy === 'broken' && this.#random() < 0.3) {
                throw new Error('the policy of the scenario fails');
              }
              return isQueueError(error, 'decode-failed') ? deadLetter('it cannot be read') : retry();
            },
    };
  }

  async #take(step: Step): Promise<void> {
    if (step.does === 'wait') {
      return this.#clock.advance(step.ms);
    }
    if (step.does === 'send') {
      this.#send(step.messages);
      return;
    }
    const inhabitant = this.#inhabitants[step.who];
    if (inhabitant === undefined) {
      return;
    }
    const { instance, process, consumer } = inhabitant;
    switch (step.does) {
      case 'block':
        process.block(step.ms);
        instance.blocks.push({ fromMs: this.#clock.monotonic(), toMs: process.blockedUntil });
        return;
      case 'crash':
        instance.crashed = this.#history.now();
        process.crash(step.hangsUp);
        this.#inhabitants[step.who] = this.#settleIn(instance.choice);
        return;
      case 'start':
        process.whenAwake(() => {
          this.#start(inhabitant);
        });
        return;
      case 'pause':
        process.whenAwake(() => {
          consumer.pause();
          instance.pauses.push({ from: this.#history.now(), to: undefined });
        });
        return;
      case 'resume':
        process.whenAwake(() => {
          this.#endPause(instance);
          consumer.resume();
        });
        return;
      case 'resize':
        process.whenAwake(() => {
          instance.slots = step.slots;
          instance.mostSlots = Math.max(instance.mostSlots, step.slots);
          consumer.setMaxConcurrency(step.slots);
        });
        return;
      case 'stop':
        this.#stops.push(this.#stop(inhabitant, step));
    }
  }

  /** Lets through all, some or none, at once or later; or fails. */
  #admit(instance: Instance, wanted: number): number | Promise<number> {
    const drawn = this.#random();
    if (drawn < 0.1 && !this.#isCalm) {
      throw new Error('the admission of the scenario fails');
    }
    const admitted = this.#isCalm ? wanted : Math.floor(this.#random() * (wanted + 1));
    instance.admitted += admitted;
    return drawn < 0.7 ? admitted : Promise.resolve(admitted);
  }

  /** Nothing befalls what the run itself sends. */
  #send(messages: readonly PlannedMessage[]): void {
    for (const planned of messages) {
      this.#planned.push(planned);
      const fifo = this.#scenario.queues[planned.queue]?.fifo === true;
      const entry = entryOf(this.#sealer.seal(planned), planned, fifo);
      this.#isSparing = true;
      void this.#queues[planned.queue]?.queue.sendBatch([entry]);
      this.#isSparing = false;
    }
  }

  async #stop(
    { instance, process, consumer, clock }: Inhabitant,
    { timeoutMs, mode = 'finish' }: StopOptions,
  ): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      process.whenAwake(() => {
        const isJoining = consumer.stats().state === 'stopping';
        const stopping: Stopping = {
          by: instance,
          began: this.#history.now(),
          timeoutMs: timeoutMs ?? defaultStopMs,
          mode,
          isJoining,
          ended: undefined,
          report: undefined,
          after: undefined,
        };
        this.#endPause(instance);
        this.#history.stops.push(stopping);
        instance.isOpen = false;
        void consumer.stop({ timeoutMs, mode }).then((report) => {
          stopping.ended = this.#history.now();
          stopping.report = report;
          instance.stretch += isJoining ? 0 : 1;
          const stats = consumer.stats();
          if (stats.state === 'stopped') {
            stopping.after = { stats, timers: clock.pendingTimers };
          }
          resolve();
        });
      });
    });
    await Promise.race([stopped, process.ended]);
  }

  #start({ instance, consumer }: Inhabitant): void {
    this.#endPause(instance);
    instance.starts.push(this.#history.now());
    consumer.start();
  }

  #endPause({ pauses }: Instance): void {
    for (const pause of pauses) {
      pause.to ??= this.#history.now();
    }
  }

  /** Nothing fails any more, until everything is done that can be. */
  async #drain(): Promise<void> {
    this.#isCalm = true;
    for (const inhabitant of this.#inhabitants) {
      inhabitant.process.whenAwake(() => {
        this.#start(inhabitant);
        inhabitant.consumer.resume();
      });
    }
    const { isMarathon } = this.#scenario;
    const [stepMs, mostMs] = isMarathon ? [600_000, 80 * hourMs] : [1_000, hourMs];
    for (let waitedMs = 0; !this.#isDrained(); waitedMs += stepMs) {
      if (waitedMs >= mostMs) {
        this.#history.complaints.push(`the queue was not drained within ${mostMs} ms`);
        return;
      }
      await this.#clock.advance(stepMs);
    }
  }

  /** Nothing is in the queue but what nobody can read and nothing moves, and no handler runs. */
  #isDrained(): boolean {
    const broken = brokenNames(this.#planned);
    const isStuck = (message: FakeMessage): boolean =>
      this.#sealer.contentsOf(message).some(({ name }) => broken.has(name));
    return (
      this.#queues.every(({ queue }) => queue.messages().every(isStuck)) &&
      this.#history.runs.every(({ ended, by }) => ended !== undefined || by.crashed !== undefined)
    );
  }

  async #end(): Promise<void> {
    const stops = this.#inhabitants.map((inhabitant) => this.#stop(inhabitant, {}));
    await this.#clock.settle(Promise.all(stops));
    const before = this.#calls;
    await this.#clock.advance(100_000);
    if (this.#calls !== before) {
      this.#history.complaints.push(`${this.#calls - before} calls were made after the last stop`);
    }
  }

  get #calls(): number {
    return this.#queues.reduce((sum, { queue, dead }) => sum + queue.calls.length + dead.calls.length, 0);
  }
}

const defaultStopMs = 30_000;
