import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunError, reasonOf } from './failure.ts';
import type { Balance } from './ledger.ts';
import { between, createMeter, type Reading } from './meter.ts';
import { parcelBody } from './parcel.ts';
import type { Findings } from './process-event.ts';
import type { Phase, Progress } from './progress.ts';
import { readBack } from './read-back.ts';
import { createDesk, createRound, type Round } from './round.ts';
import type { Target, TargetQueue } from './target.ts';
import type { OpenWay, Way } from './way.ts';

export interface MeasureOptions {
  readonly name: string;
  readonly events: readonly string[];
  readonly warmUpEvents: number;
  readonly poison: number;
  readonly concurrency: number;
  readonly stop: AbortSignal;
  readonly progress: Progress;
}

/** What was measured of one way, after its warm-up. */
export interface Measurement {
  readonly name: string;
  readonly ledger: Balance;
  /** The ledger of the warm-up, whose messages are not in the figures. */
  readonly warmUp: Balance;
  /** Why messages could not be sent, with the number of them. */
  readonly sendFailures: Readonly<Record<string, number>>;
  /** Messages that were sent and found nowhere, by run and sequence number. */
  readonly lostIds: readonly string[];
  /** Messages of others that were seen, and left in the queue. */
  readonly foreignIds: readonly string[];
  /** From handing over the first message to the end of the last handler. */
  readonly elapsedMs: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** From handing over the first message until everything had stopped: nothing is left out. */
  readonly network: Reading;
  readonly cpuMs: { readonly user: number; readonly system: number };
  readonly findings: Findings;
  /** Why it could not go on, if it could not. */
  readonly failure: string | undefined;
}

/** Sends the events one way, waits until each is accounted for, and reads back what is left. */
export async function measure(target: Target, open: OpenWay, options: MeasureOptions): Promise<Measurement> {
  const { name, events, warmUpEvents, poison, concurrency, stop, progress } = options;
  const place = await target.queueFor(name);
  const { fifo, maxMessageBytes } = place.description;
  const run = `${name}-${randomBytes(4).toString('hex')}`;
  refuseOversized(run, events, maxMessageBytes);
  const warmUp = createRound({
    run: `${run}-warm-up`,
    events: events.slice(0, warmUpEvents),
    poison: 0,
    fifo,
  });
  const round = createRound({ run, events, poison, fifo });
  const desk = createDesk();
  desk.open(warmUp);
  desk.open(round);
  const meter = createMeter();
  const { url: queueUrl } = place.queue;
  const way = open({ clientConfig: target.clientConfig, queueUrl, desk, meter, concurrency });

  let failure = await drive(
    way,
    warmUp,
    place,
    stop,
    progress.begin(`${name} warm-up`, warmUp.ledger.events, { brief: true }),
  );
  const networkBefore = meter.read();
  const cpuBefore = process.cpuUsage();
  if (failure === undefined && !stop.aborted) {
    failure = await drive(way, round, place, stop, progress.begin(name, events.length));
  }
  await way.close();
  const network = between(networkBefore, meter.read());
  const cpu = process.cpuUsage(cpuBefore);
  meter.close();
  await account(place, [warmUp, round], failure);

  const { ledger, latencyUs, statistics } = round;
  return {
    name,
    ledger: ledger.balance(),
    warmUp: warmUp.ledger.balance(),
    sendFailures: Object.fromEntries([...warmUp.sendFailures, ...round.sendFailures]),
    lostIds: [warmUp, round].flatMap(lostIds),
    foreignIds: [...desk.foreign],
    elapsedMs: round.lastProcessedAt - round.startedAt,
    latencyMs: {
      p50: latencyUs.percentile(50) / 1_000,
      p99: latencyUs.percentile(99) / 1_000,
      max: latencyUs.max / 1_000,
    },
    network,
    cpuMs: { user: cpu.user / 1_000, system: cpu.system / 1_000 },
    findings: statistics.findings(),
    failure,
  };
}

/** One event that the queue cannot take stops the run before it has sent any. */
function refuseOversized(run: string, events: readonly string[], maxBytes: number): void {
  for (const [seq, event] of events.entries()) {
    const bytes = Buffer.byteLength(parcelBody(run, seq, event));
    if (bytes > maxBytes) {
      const sizes = `${bytes.toLocaleString('en-US')} bytes as a message; the queue takes up to ${maxBytes.toLocaleString('en-US')}`;
      throw new RunError(`event ${seq + 1} of the input is ${sizes}; nothing was sent`);
    }
  }
}

/** Without progress for `quietMs` the dead-letter queue is looked into; after `stalledMs` nothing more is expected. */
const quietMs = 2_000;
const stalledMs = 30_000;
const glanceMs = 250;

/** Sends a round and waits until nothing of it is outstanding. Returns why it could not go on, if it could not. */
async function drive(
  way: Way,
  round: Round,
  place: TargetQueue,
  stop: AbortSignal,
  phase: Phase,
): Promise<string | undefined> {
  const { ledger, latencyUs } = round;
  const ticker = setInterval(() => phase.update(latencyUs.count), 100);
  const halt = new AbortController();
  const sending = way.send(round, AbortSignal.any([stop, halt.signal]));
  try {
    await Promise.race([sending, way.broken]);
    let quietSince = performance.now();
    while (ledger.outstandingCount() > 0 && !stop.aborted) {
      const processed = latencyUs.count;
      await Promise.race([round.finished, way.broken, sleep(glanceMs)]);
      const now = performance.now();
      if (latencyUs.count > processed) {
        quietSince = now;
      } else if (now - quietSince > stalledMs) {
        return `${ledger.outstandingCount()} messages did not arrive, and nothing has arrived for ${stalledMs / 1_000} s`;
      } else if (now - quietSince > quietMs) {
        await readDeadLetters(place, round);
      }
    }
    while (!way.isSettled() && !stop.aborted) {
      await Promise.race([way.broken, sleep(5)]);
    }
    return undefined;
  } catch (error) {
    halt.abort();
    await sending;
    return reasonOf(error);
  } finally {
    clearInterval(ticker);
    phase.end(latencyUs.count);
  }
}

async function readDeadLetters({ deadLetterQueue }: TargetQueue, { ledger }: Round): Promise<void> {
  if (deadLetterQueue !== undefined) {
    await readBack(deadLetterQueue, ledger, (seq) => ledger.deadLettered(seq), {
      limitMs: 10_000,
      onceEmpty: true,
    });
  }
}

/** What was received and not finished comes back when its visibility timeout is over. */
const longestReadBackMs = 60_000;

/** Finds what is outstanding, in the dead-letter queue and in the queue itself, and takes it out. */
async function account(
  place: TargetQueue,
  rounds: readonly Round[],
  failure: string | undefined,
): Promise<void> {
  const limitMs = Math.min(place.description.visibilityTimeoutMs + 5_000, longestReadBackMs);
  try {
    for (const round of rounds.filter((each) => each.ledger.outstandingCount() > 0)) {
      const { ledger } = round;
      await readDeadLetters(place, round);
      await readBack(place.queue, ledger, (seq) => ledger.left(seq), { limitMs, onceEmpty: false });
    }
  } catch (error) {
    const reasons = [failure, `the messages left in the queue could not be read back: ${reasonOf(error)}`];
    throw new RunError(reasons.filter((reason) => reason !== undefined).join('; '), { cause: error });
  }
}

function lostIds({ ledger }: Round): string[] {
  return ledger.outstanding().map((seq) => `${ledger.run} #${seq}`);
}
