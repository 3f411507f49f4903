import { parseArgs } from 'node:util';
import { parseQueueUrl } from '@sqskit/core/queue-url';
import { reasonOf, UsageError } from './failure.ts';

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
} as const;

/** Reads the command line. Throws a `UsageError` that says what was given and what is expected. */
export function parseCommandLine(args: readonly string[]): RunOptions {
  const { values } = parseFlags(args[0] === '--' ? args.slice(1) : args); // pnpm passes its own separator on
  const queueUrl = values['queue-url'];
  const poison = wholeNumber('--poison', values.poison, 0, 1_000);
  const rttMs = wholeNumber('--rtt-ms', values['rtt-ms'], 0, 1_000);
  if (queueUrl !== undefined) {
    checkQueueUrl(queueUrl);
    if (poison > 0 || rttMs > 0) {
      throw new UsageError('--poison and --rtt-ms are for the emulator, and cannot go with --queue-url');
    }
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
  };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true, allowNegative: true });
  } catch (error) {
    throw new UsageError(reasonOf(error), { cause: error });
  }
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
