import { availableParallelism, cpus } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { type Figure, figures, gainOf } from './figures.ts';
import type { Input } from './input.ts';
import type { Measurement } from './measure.ts';
import type { Target } from './target.ts';

/** Everything a run has to say: the JSON document, and what the scorecard is drawn from. */
export interface Report {
  readonly startedAt: string;
  readonly machine: {
    readonly node: string;
    readonly platform: string;
    readonly cpu: string;
    readonly cpus: number;
  };
  readonly target: { readonly kind: 'emulator' | 'queue'; readonly name: string };
  readonly input: { readonly source: string; readonly events: number; readonly bytes: number };
  /** The signal that ended the run before its time. */
  readonly interruptedBy: string | null;
  readonly ways: Readonly<Record<string, WayReport>>;
  /** How many times better sqskit is than the naive way, figure by figure; above 1 is better. */
  readonly gains: Readonly<Record<string, number | null>>;
  /** What went wrong, in sentences. Empty: all is well. */
  readonly problems: readonly string[];
}

export interface WayReport extends Measurement {
  readonly figures: Readonly<Record<string, number | null>>;
}

export interface Facts {
  readonly startedAt: Date;
  readonly target: Pick<Target, 'isEmulator' | 'name'>;
  readonly input: Pick<Input, 'source' | 'events' | 'bytes'>;
  readonly poison: number;
  readonly interruptedBy: string | undefined;
  readonly measurements: readonly Measurement[];
}

export function createReport(facts: Facts): Report {
  const { startedAt, target, input, interruptedBy, measurements } = facts;
  const [first, last] = [measurements[0], measurements.at(-1)];
  return {
    startedAt: startedAt.toISOString(),
    machine: {
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      cpu: cpus()[0]?.model ?? 'unknown',
      cpus: availableParallelism(),
    },
    target: { kind: target.isEmulator ? 'emulator' : 'queue', name: target.name },
    input: { source: input.source, events: input.events.length, bytes: input.bytes },
    interruptedBy: interruptedBy ?? null,
    ways: Object.fromEntries(
      measurements.map((measurement) => {
        const figuresOfWay = perFigure((figure) => figure.of(measurement));
        return [measurement.name, { ...measurement, figures: figuresOfWay }];
      }),
    ),
    gains:
      first === undefined || last === undefined || first === last
        ? {}
        : perFigure((figure) => gainOf(figure, figure.of(first), figure.of(last))),
    problems: problemsOf(facts),
  };
}

function perFigure(value: (figure: Figure) => number | undefined): Record<string, number | null> {
  return Object.fromEntries(figures.map((figure) => [figure.key, value(figure) ?? null]));
}

/** What a run must not have: whatever is wrong with it makes the exit code 1. */
export function problemsOf({
  measurements,
  poison,
  interruptedBy,
}: Omit<Facts, 'startedAt' | 'target' | 'input'>): string[] {
  const problems = measurements.flatMap((measurement) => {
    const interrupted = interruptedBy !== undefined;
    return problemsOfWay(measurement, poison, interrupted).map(
      (problem) => `${measurement.name}: ${problem}`,
    );
  });
  const [first, ...others] = measurements;
  const areComplete = interruptedBy === undefined && problems.length === 0;
  if (areComplete && others.some(({ findings }) => !isDeepStrictEqual(first?.findings, findings))) {
    problems.push('the ways came to different results from the same events');
  }
  return problems;
}

function problemsOfWay(measurement: Measurement, poison: number, interrupted: boolean): string[] {
  const { ledger, warmUp, lostIds, sendFailures, findings, failures, stages } = measurement;
  const problems = [...failures];
  for (const { reason, messages } of sendFailures) {
    problems.push(`${counted(messages, 'message')} could not be sent: ${reason}`);
  }
  if (lostIds.length > 0) {
    problems.push(`${counted(lostIds.length, 'message')} lost: ${listed(lostIds)}`);
  }
  const left = ledger.left + warmUp.left;
  if (left > 0 && !interrupted) {
    problems.push(`${counted(left, 'message')} left in the queue`);
  }
  const unexpected = ledger.deadLettered + warmUp.deadLettered - poison;
  if (unexpected > 0) {
    problems.push(`${counted(unexpected, 'message')} dead-lettered that should not have been`);
  }
  if (stages !== undefined && !interrupted && stages.messagesSent !== ledger.sent) {
    problems.push(`${ledger.sent} messages sent, but ${stages.messagesSent} published as MessagesSent`);
  }
  if (findings.events !== ledger.processed) {
    problems.push(`${ledger.processed} messages processed, but ${findings.events} events counted`);
  }
  return problems;
}

const mostListed = 20;

function listed(ids: readonly string[]): string {
  const more = ids.length > mostListed ? ` and ${counted(ids.length - mostListed, 'other')}` : '';
  return ids.slice(0, mostListed).join(', ') + more;
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString('en-US')} ${what}${count === 1 ? '' : 's'}`;
}
