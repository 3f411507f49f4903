import { helpText, parseCommandLine, type RunOptions } from './cli.ts';
import { RunError, reasonOf, UsageError } from './failure.ts';
import { type Input, readInput } from './input.ts';
import { type Interruption, watchForInterruption } from './interruption.ts';
import { type Measurement, measure } from './measure.ts';
import { openNaive } from './naive.ts';
import { openPipeline } from './pipeline.ts';
import { createProgress, type Progress } from './progress.ts';
import { createReport } from './report.ts';
import { renderScorecard } from './scorecard.ts';
import { openEmulator, openQueue, type Target } from './target.ts';
import type { OpenWay } from './way.ts';

/** Sent each way before the measuring begins, so that code and connections are warm. */
const warmUpEvents = 300;

const { stdout, stderr } = process;

async function main(args: readonly string[]): Promise<number> {
  const options = parseCommandLine(args);
  if (options.help) {
    stdout.write(helpText);
    return 0;
  }
  const input = await readInput(options.input, options.messages);
  const target = await (options.queueUrl === undefined ? openEmulator(options) : openQueue(options.queueUrl));
  try {
    return await run(options, input, target);
  } finally {
    await target.close();
  }
}

/** Sends the events both ways, one after the other, and reports. Returns the exit code. */
async function run(options: RunOptions, input: Input, target: Target): Promise<number> {
  const startedAt = new Date();
  const progress = createProgress(stderr);
  const interruption = watchForInterruption(() => progress.say('stopping'));
  stderr.write(announcement(options, input, target));

  const measurements = await measureWays(options, input, target, progress, interruption);

  const { poison } = options;
  const { name: interruptedBy, exitCode } = interruption;
  const report = createReport({ startedAt, target, input, poison, interruptedBy, measurements });
  stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : renderScorecard(report, stdout));
  return report.problems.length > 0 ? 1 : exitCode;
}

async function measureWays(
  options: RunOptions,
  { events }: Input,
  target: Target,
  progress: Progress,
  { stop }: Interruption,
): Promise<readonly Measurement[]> {
  const measurements: Measurement[] = [];
  for (const { name, open, manyRegions = false, failRegion } of waysOf(options)) {
    const hasFailed = measurements.some(({ failures }) => failures.length > 0);
    if (!stop.aborted && !hasFailed) {
      const { poison, concurrency } = options;
      const measurement = await measure(target, open, {
        name,
        manyRegions,
        failRegion,
        events,
        warmUpEvents,
        poison,
        concurrency,
        stop,
        progress,
      });
      measurements.push(measurement);
    }
  }
  return measurements;
}

interface NamedWay {
  readonly name: string;
  readonly open: OpenWay;
  readonly manyRegions?: boolean;
  readonly failRegion?: RunOptions['failRegion'];
}

/** The ways to compare: naive, sqskit with batching alone, and sqskit with its other features. */
function waysOf({ naive, features, failRegion }: RunOptions): readonly NamedWay[] {
  const bare = { compression: false, routing: false, metrics: false };
  const hasFeatures = Object.values(features).includes(true);
  return [
    ...(naive ? [{ name: 'naive', open: openNaive }] : []),
    ...(naive && hasFeatures ? [{ name: 'batched', open: openPipeline(bare) }] : []),
    { name: 'sqskit', open: openPipeline(features), manyRegions: features.routing, failRegion },
  ];
}

function announcement(options: RunOptions, { source, events, bytes }: Input, target: Target): string {
  const count = events.length.toLocaleString('en-US');
  const warmUp = Math.min(warmUpEvents, events.length);
  const lines = [
    `${count} events (${(bytes / 1_000).toLocaleString('en-US', { maximumFractionDigits: 1 })} kB): ${source}`,
    `to ${target.name}`,
    `${waysOf(options)
      .map(({ name }) => name)
      .join(', then ')}; each after an unmeasured warm-up of ${warmUp} messages`,
  ];
  if (options.naive && !target.isEmulator) {
    const requests = (3 * (events.length + warmUp)).toLocaleString('en-US');
    lines.push(`the naive way makes ${requests} requests of this queue and more, which are billed`);
  }
  return `${lines.join('\n')}\n\n`;
}

for (const stream of [stdout, stderr]) {
  stream.on('error', () => undefined); // nobody reads on (`| head`): the run still comes to its end
}
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isExpected = error instanceof RunError || error instanceof UsageError;
  stderr.write(`demo: ${isExpected || !(error instanceof Error) ? reasonOf(error) : error.stack}\n`);
  if (error instanceof UsageError) {
    stderr.write('See --help.\n');
  }
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
