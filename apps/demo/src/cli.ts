import { parseArgs } from 'node:util';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { reasonOf, UsageError } from './failure.ts';
import type { Features } from './pipeline.ts';
import { type DemoRegion, demoRegions } from './regions.ts';

/** What the command line asks for. */
export interface RunOptions {
  readonly help: boolean;
  readonly json: boolean;
  /** `-` is standard input; `undefined`: standard input where something is piped in, else the earthquakes. */
  readonly input: string | undefined;
  /** How many events to send. `undefined`: what the input holds. */
  readonly messages: number | undefined;
  readonly concurrency: number;
  /** How many of the events fail every time they are processed. */
  readonly poison: number;
  /** How much later each answer of the emulator comes. */
  readonly rttMs: number;
  /** `undefined`: the emulator. */
  readonly queueUrl: string | undefined;
  readonly naive: boolean;
  /** What the sqskit pipeline does beyond batching. */
  readonly features: Features;
  /** The region that goes away in the middle. */
  readonly failRegion: DemoRegion | undefined;
}

export const helpText = `The whole sqskit pipeline on one machine: events -> producer -> SQS queue -> consumer, beside the naive way.

Usage: npx -y pnpm@12.21.0 demo [options]

  --input FILE       events to send, one JSON value a line (NDJSON); - is standard input
                     (default: standard input if something is piped in, else 1,707 earthquakes)
  --messages N       how many events to send: the input is cut to N, or repeated up to N
                     (default: the input, once)
  --concurrency N    handlers of the sqskit consumer that run at a time, 1 to 1,000 (default: 100)
  --poison N         let the last N events fail whenever they are processed, to see them reach the
                     dead-letter queue; emulator only (default: 0)
  --rtt-ms N         let each answer of the emulator come N ms later, as over a network: without, it
                     answers within a millisecond, which flatters the naive way (default: 0)
  --queue-url URL    a real, empty queue instead of the emulator; its region is read from the URL,
                     credentials and endpoint come from the usual AWS environment
  --naive            run the naive way on a real queue too: 3 requests and more for each message
  --no-naive         leave the naive way out
  --no-compression   send messages as they are; by default those of 512 bytes and more are compressed
  --no-routing       use one region; by default each event goes to the nearest of
                     ${demoRegions.join(', ')} (emulator only)
  --no-metrics       record nothing; by default figures of every stage are published to CloudWatch: on the
                     emulator to an endpoint of this process, with --queue-url to AWS
  --fail-region ID   take one of the regions away in the middle, until everything else is sent; emulator only
  --json             print one JSON document on standard output and nothing else there
  --help             print this

Exit code: 0 all is well; 1 something failed or was lost; 2 bad usage; 130 interrupted (Ctrl-C).
`;

const flags = {
  help: { type: 'boolean', short: 'h', default: false },
  json: { type: 'boolean', default: false },
  input: { type: 'string' },
  messages: { type: 'string' },
  concurrency: { type: 'string', default: '100' },
  poison: { type: 'string', default: '0' },
  'rtt-ms': { type: 'string', default: '0' },
  'queue-url': { type: 'string' },
  naive: { type: 'boolean' },
  compression: { type: 'boolean', default: true },
  routing: { type: 'boolean', default: true },
  metrics: { type: 'boolean', default: true },
  'fail-region': { type: 'string' },
} as const;

/** Reads the command line. Throws a `UsageError` that says what was given and what is expected. */
export function parseCommandLine(args: readonly string[]): RunOptions {
  const { values } = parseFlags(args[0] === '--' ? args.slice(1) : args); // pnpm passes its own separator on
  const { compression, metrics } = values;
  const failRegion = regionOf(values['fail-region']);
  const queueUrl = values['queue-url'];
  const poison = wholeNumber('--poison', values.poison, 0, 1_000);
  const rttMs = wholeNumber('--rtt-ms', values['rtt-ms'], 0, 1_000);
  if (queueUrl !== undefined) {
    checkQueueUrl(queueUrl);
    if (poison > 0 || rttMs > 0 || failRegion !== undefined) {
      throw new UsageError(
        '--poison, --rtt-ms and --fail-region are for the emulator, and cannot go with --queue-url',
      );
    }
  }
  if (failRegion !== undefined && !values.routing) {
    throw new UsageError('--fail-region needs other regions to send to, and cannot go with --no-routing');
  }
  if (values.input === '') {
    throw new UsageError('--input: expected a file name or -, received nothing');
  }
  return {
    help: values.help,
    json: values.json,
    input: values.input,
    messages:
      values.messages === undefined ? undefined : wholeNumber('--messages', values.messages, 1, 1_000_000),
    concurrency: wholeNumber('--concurrency', values.concurrency, 1, 1_000),
    poison,
    rttMs,
    queueUrl,
    naive: values.naive ?? queueUrl === undefined,
    // A real queue is in one region.
    features: { compression, routing: values.routing && queueUrl === undefined, metrics },
    failRegion,
  };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true, allowNegative: true });
  } catch (error) {
    throw new UsageError(reasonOf(error), { cause: error });
  }
}

function regionOf(given: string | undefined): DemoRegion | undefined {
  const region = demoRegions.find((id) => id === given);
  if (given !== undefined && region === undefined) {
    throw new UsageError(`--fail-region: expected ${demoRegions.join(', ')}, received '${given}'`);
  }
  return region;
}

function wholeNumber(flag: string, given: string, min: number, max: number): number {
  const value = Number(given);
  if (!/^\d+$/.test(given) || value < min || value > max) {
    const range = `${min.toLocaleString('en-US')} to ${max.toLocaleString('en-US')}`;
    throw new UsageError(`${flag}: expected a whole number from ${range}, received '${given}'`);
  }
  return value;
}

function checkQueueUrl(url: string): void {
  try {
    parseQueueUrl(url);
  } catch (error) {
    throw new UsageError(`--queue-url: ${reasonOf(error)}`, { cause: error });
  }
}
