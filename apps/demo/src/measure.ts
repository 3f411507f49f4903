import { randomBytes } from 'node:crypto';
import { account } from './account.ts';
import { drive, type Outage } from './drive.ts';
import { RunError } from './failure.ts';
import type { Balance } from './ledger.ts';
import { between, createMeter, type Reading } from './meter.ts';
import { parcelBody } from './parcel.ts';
import type { Findings } from './process-event.ts';
import type { Progress } from './progress.ts';
import { type DemoRegion, demoRegions } from './regions.ts';
import { createDesk, createRound, type Round } from './round.ts';
import type { StageReport } from './stage-metrics.ts';
import type { Target } from './target.ts';
import type { OpenWay } from './way.ts';

export interface MeasureOptions {
  readonly name: string;
  /** Whether there is a queue in each region, or in the first alone. */
  readonly manyRegions: boolean;
  /** A region that goes away in the middle. */
  readonly failRegion: DemoRegion | undefined;
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
  /** Why messages could not be sent, those of the warm-up included. */
  readonly sendFailures: readonly { readonly reason: string; readonly messages: number }[];
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
  readonly dollarsPerMillionRequests: number;
  readonly findings: Findings;
  /** What it recorded about itself, where it records. */
  readonly stages: StageReport | undefined;
  /** Why it could not go on, or not be accounted for, if so. */
  readonly failures: readonly string[];
}

/** Sends the events one way, waits until each is accounted for, and reads back what is left. */
export async function measure(target: Target, open: OpenWay, options: MeasureOptions): Promise<Measurement> {
  const { name, manyRegions, failRegion, events, warmUpEvents, poison, concurrency, stop, progress } =
    options;
  const places = await target.placesFor(name, manyRegions ? demoRegions : demoRegions.slice(0, 1));
  const [{ description, dollarsPerMillionRequests }] = places;
  const { fifo, maxMessageBytes } = description;
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
  const way = await open({ places, isEmulator: target.isEmulator, desk, meter, concurrency });

  let failure = await drive(
    way,
    warmUp,
    places,
    stop,
    progress.begin(`${name} warm-up`, warmUp.ledger.events, { brief: true }),
  );
  await way.begin?.();
  const networkBefore = meter.read();
  const cpuBefore = process.cpuUsage();
  if (failure === undefined && !stop.aborted) {
    const outage = failRegion && createOutage(target, failRegion, progress);
    failure = await drive(way, round, places, stop, progress.begin(name, events.length), outage);
  }
  const stages = await way.close();
  const network = between(networkBefore, meter.read());
  const cpu = process.cpuUsage(cpuBefore);
  meter.close();
  const unread = await account(places, [warmUp, round], progress);

  const { ledger, latencyUs, statistics } = round;
  return {
    name,
    ledger: ledger.balance(),
    warmUp: warmUp.ledger.balance(),
    sendFailures: [...warmUp.sendFailures, ...round.sendFailures].map(([reason, messages]) => ({
      reason,
      messages,
    })),
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
    dollarsPerMillionRequests,
    findings: statistics.findings(),
    stages,
    failures: [failure, unread].filter((reason) => reason !== undefined),
  };
}

function createOutage(target: Target, region: DemoRegion, progress: Progress): Outage {
  return {
    begin() {
      progress.say(`${region} is away`);
      target.failRegion(region);
    },
    end() {
      progress.say(`${region} is back`);
      target.failRegion(undefined);
    },
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

function lostIds({ ledger }: Round): string[] {
  return ledger.outstanding().map((seq) => `${ledger.run} #${seq}`);
}
