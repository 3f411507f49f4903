import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Balance } from '../src/ledger.ts';
import type { Report, WayReport } from '../src/report.ts';

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url));

interface Run {
  readonly child: ChildProcess;
  /** Resolves when this text has appeared on standard error. */
  saying(text: string): Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

/** Starts the demo as a process group of its own, as a terminal does. */
function start(
  args: readonly string[],
  { stdin, env = {} }: { stdin?: string; env?: NodeJS.ProcessEnv } = {},
): Run {
  const child = spawn(process.execPath, [program, ...args], {
    detached: true,
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  let stdout = '';
  let stderr = '';
  const waiting = new Map<string, () => void>();
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    for (const [text, resolve] of waiting) {
      if (stderr.includes(text)) {
        resolve();
      }
    }
  });
  child.stdin?.end(stdin);
  return {
    child,
    saying: (text) =>
      new Promise((resolve) => {
        waiting.set(text, resolve);
      }),
    ended: once(child, 'close').then(() => ({ code: child.exitCode, stdout, stderr })),
  };
}

const demo = (args: readonly string[], options?: Parameters<typeof start>[1]) => start(args, options).ended;

/** Whether any process of the demo's group is left. */
function isAnyLeft({ child }: Run): boolean {
  try {
    return child.pid !== undefined && process.kill(-child.pid, 0);
  } catch {
    return false;
  }
}

function expectBalanced({ events, notSent, rejected, unconfirmed, sent, ...rest }: Balance): void {
  expect(sent).toBe(rest.processed + rest.deadLettered + rest.left);
  expect(rest.lost).toBe(0);
  expect(events).toBe(notSent + rejected + unconfirmed + sent);
}

function wayOf({ ways }: Report, name: string): WayReport {
  const way = ways[name];
  if (way === undefined) {
    throw new Error(`no ${name} in the report, only ${Object.keys(ways).join(', ')}`);
  }
  return way;
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sqskit-demo-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const own = '{"order":1}\n{"order":2,"note":"日本 😀"}\n\n[3]\n"four"\n';

describe.concurrent('bad input ends with a clear message and a non-zero exit code, and sends nothing', () => {
  test.each([
    [['--bogus'], "Unknown option '--bogus'"],
    [['extra'], "Unexpected argument 'extra'"],
    [['--messages', '0'], "--messages: expected a whole number from 1 to 1,000,000, received '0'"],
    [['--messages', '1e3'], "--messages: expected a whole number from 1 to 1,000,000, received '1e3'"],
    [['--concurrency', '-1'], 'argument is ambiguous'],
    [['--input', ''], '--input: expected a file name or -, received nothing'],
    [['--queue-url', 'my-queue'], '--queue-url: expected a queue URL such as'],
    [
      ['--queue-url', 'http://localhost/1/q', '--poison', '1'],
      '--poison, --rtt-ms and --fail-region are for the emulator',
    ],
    [
      ['--fail-region', 'mars-1'],
      "--fail-region: expected us-east-1, eu-west-1, ap-northeast-1, received 'mars-1'",
    ],
    [['--fail-region', 'eu-west-1', '--no-routing'], 'cannot go with --no-routing'],
  ])('usage: %j', async (args, message) => {
    const { code, stdout, stderr } = await demo(args);
    expect(stderr).toContain(message);
    expect(stderr).toContain('See --help.');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test.each([
    ['an unreadable file', ['--input', '/nowhere/x.ndjson'], 'demo: cannot read /nowhere/x.ndjson: ENOENT'],
    ['a folder', ['--input', tmpdir()], 'EISDIR'],
  ])('%s', async (_name, args, message) => {
    const { code, stdout, stderr } = await demo(args);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  test('a malformed line, named by file and number', async () => {
    const file = fileOf('malformed.ndjson', '{"a":1}\n{"b":\n');
    const { code, stdout, stderr } = await demo(['--input', file]);
    expect(stderr).toMatch(/malformed\.ndjson, line 2: not JSON: .*; nothing was sent\n$/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  test('an empty standard input that was asked for', async () => {
    const { code, stderr } = await demo(['--input', '-'], { stdin: '' });
    expect(stderr).toBe('demo: standard input: no events in it\n');
    expect(code).toBe(1);
  });

  test('an event larger than the queue takes', async () => {
    const file = fileOf('large.ndjson', `1\n"${'x'.repeat(1_048_576)}"\n`);
    const { code, stderr } = await demo(['--input', file]);
    expect(stderr).toMatch(
      /event 2 of the input is 1,048,\d+ bytes as a message; the queue takes up to 1,048,576; nothing was sent/,
    );
    expect(code).toBe(1);
  });

  test('an endpoint that nobody listens at, within seconds', async () => {
    const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders';
    const env = {
      AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:9',
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'y',
    };
    const { code, stdout, stderr } = await demo(['--queue-url', queueUrl, '--json'], { env });
    expect(stderr).toBe(
      `demo: cannot use ${queueUrl} at http://127.0.0.1:9: GetQueueAttributes: connect ECONNREFUSED 127.0.0.1:9; nothing was sent\n`,
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });
});

test('--help explains every flag', async () => {
  const { code, stdout, stderr } = await demo(['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const flag of [
    'input',
    'messages',
    'concurrency',
    'poison',
    'rtt-ms',
    'queue-url',
    'naive',
    'no-naive',
    'no-compression',
    'no-routing',
    'no-metrics',
    'fail-region',
    'json',
  ]) {
    expect(stdout).toContain(`--${flag}`);
  }
});

describe('a run on the emulator', () => {
  test('every way accounts for every message, in JSON on standard output and nothing else there', async () => {
    const run = start(['--messages', '200', '--json']);
    const { code, stdout, stderr } = await run.ended;
    const report: Report = JSON.parse(stdout);
    expect({ code, problems: report.problems, interruptedBy: report.interruptedBy }).toEqual({
      code: 0,
      problems: [],
      interruptedBy: null,
    });
    expect(Object.keys(report.ways)).toEqual(['naive', 'batched', 'sqskit']);
    for (const { ledger, warmUp, figures, network, findings } of Object.values(report.ways)) {
      expect(ledger).toMatchObject({
        events: 200,
        sent: 200,
        processed: 200,
        deadLettered: 0,
        left: 0,
        lost: 0,
      });
      expectBalanced(ledger);
      expectBalanced(warmUp);
      expect(findings).toMatchObject({ events: 200 });
      expect(figures['callsPerMessage']).toBe(network.calls / 200);
      expect(figures['dollarsPerMillionMessages']).toBeCloseTo((network.billedRequests / 200) * 0.4);
      expect(Object.values(figures).every((figure) => figure !== null && figure > 0)).toBe(true);
    }
    // One message a call. An empty poll more or less is a matter of timing.
    expect(wayOf(report, 'naive').network.callsByOperation).toEqual({
      SendMessage: 200,
      ReceiveMessage: expect.any(Number),
      DeleteMessage: 200,
    });
    expect(report.gains['callsPerMessage']).toBeGreaterThan(3);
    expect(report.target).toEqual({ kind: 'emulator', name: expect.stringMatching(/^fauxqs 2\.\d+\.\d+/) });
    expect(stderr).toContain('200 events');
    expect(isAnyLeft(run)).toBe(false);
  });

  test('what the pipeline published agrees with the ledger, and each feature says what it did', async () => {
    const { code, stdout } = await demo(['--messages', '1707', '--no-naive', '--json']);
    const report: Report = JSON.parse(stdout);
    expect({ code, problems: report.problems }).toEqual({ code: 0, problems: [] });
    const { ledger, stages } = wayOf(report, 'sqskit');
    expect(stages).toMatchObject({ messagesSent: ledger.sent, messagesAcked: ledger.processed });
    expect(stages?.compressionRatio).toBeGreaterThan(1);
    const shares = Object.values(stages?.messagesByRegion ?? {});
    expect(shares).toHaveLength(3);
    expect(shares.reduce((total, share) => total + share, 0)).toBe(ledger.sent);
    expect(stages?.stages.find(({ stage }) => stage === 'handler')?.samples).toBe(ledger.processed);
  });

  test('with every feature switched off, batching is left', async () => {
    const off = ['--no-compression', '--no-routing', '--no-metrics'];
    const { code, stdout } = await demo(['--messages', '50', ...off, '--json']);
    const report: Report = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(Object.keys(report.ways)).toEqual(['naive', 'sqskit']);
    expect(wayOf(report, 'sqskit').stages).toBeUndefined();
  });

  test('a region that goes away in the middle costs time and no message', async () => {
    const { code, stdout, stderr } = await demo(['--no-naive', '--fail-region', 'us-east-1', '--json']);
    const report: Report = JSON.parse(stdout);
    expect({ code, problems: report.problems }).toEqual({ code: 0, problems: [] });
    expect(stderr).toContain('us-east-1 is away');
    const { ledger, stages, network } = wayOf(report, 'sqskit');
    expectBalanced(ledger);
    expect(ledger).toMatchObject({ events: 1_707, sent: 1_707, processed: 1_707 });
    expect(stages?.failovers).toBeGreaterThan(0);
    expect(network.failedCalls).toBeGreaterThan(0);
  });

  test('the scorecard for people says that its figures are those of an emulator', async () => {
    const { code, stdout } = await demo(['--messages', '20', '--no-naive']);
    expect(code).toBe(0);
    expect(stdout).toContain('Scorecard of an emulator: it compares these ways, and is no claim about AWS');
    expect(stdout).toMatch(/^= processed +messages +20$/m);
    expect(stdout).toContain('✔ 0 lost: all 40 messages that were sent are accounted for.');
    expect(stdout).not.toContain('naive');
  });

  test('events of the user, from a file', async () => {
    const { code, stdout } = await demo(['--input', fileOf('own.ndjson', own), '--json']);
    const report: Report = JSON.parse(stdout);
    expect({ code, ...report.input }).toEqual({
      code: 0,
      source: expect.stringMatching(/own\.ndjson$/),
      events: 4,
      bytes: 52,
    });
    expect(wayOf(report, 'sqskit').findings).toMatchObject({ events: 4, earthquakes: 0 });
  });

  test.each([
    ['asked for', ['--input', '-']],
    ['piped in', []],
  ])('events of the user, from standard input that is %s', async (_name, args) => {
    const { code, stdout } = await demo([...args, '--no-naive', '--messages', '6', '--json'], { stdin: own });
    const report: Report = JSON.parse(stdout);
    expect({ code, ...report.input }).toMatchObject({ code: 0, source: 'standard input', events: 6 });
  });

  test('events that always fail are found in the dead-letter queue', async () => {
    const { code, stdout } = await demo(['--messages', '50', '--poison', '2', '--no-naive', '--json']);
    const report: Report = JSON.parse(stdout);
    expect({ code, problems: report.problems }).toEqual({ code: 0, problems: [] });
    expect(wayOf(report, 'sqskit').ledger).toMatchObject({
      sent: 50,
      processed: 48,
      deadLettered: 2,
      left: 0,
      lost: 0,
    });
  });
});

describe('an interruption comes to a clean stop', () => {
  test.each([
    ['SIGINT', 130, 'naive: 0 of', []],
    ['SIGINT', 130, 'sqskit: 0 of', ['--no-naive', '--messages', '20000']],
    ['SIGTERM', 143, 'sqskit: 0 of', ['--no-naive', '--messages', '20000']],
  ] as const)('%s: exit code %i, while it says "%s"', async (signal, exitCode, text, args) => {
    const run = start([...args, '--json']);
    await run.saying(text);
    // To the whole group, as Ctrl-C goes to every process of the terminal.
    process.kill(-(run.child.pid ?? Number.NaN), signal);
    const { code, stdout } = await run.ended;
    const report: Report = JSON.parse(stdout);
    expect({ code, interruptedBy: report.interruptedBy, problems: report.problems }).toEqual({
      code: exitCode,
      interruptedBy: signal,
      problems: [],
    });
    const [way] = Object.values(report.ways);
    expect(way?.ledger.notSent).toBeGreaterThan(0);
    for (const { ledger, warmUp } of Object.values(report.ways)) {
      expectBalanced(ledger);
      expectBalanced(warmUp);
    }
    expect(isAnyLeft(run)).toBe(false);
  });
});

describe('a run on a queue of the user', () => {
  const credentials = { accessKeyId: 'x', secretAccessKey: 'y' };
  const app = buildApp({ logger: false });
  let endpoint = '';
  let client = new SQSClient({});
  const env = () => ({ AWS_ENDPOINT_URL_SQS: endpoint, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' });

  beforeAll(async () => {
    endpoint = await app.listen({ host: '127.0.0.1', port: 0 });
    client = new SQSClient({ endpoint, region: 'eu-west-1', credentials });
  });
  afterAll(() => app.close());

  async function createQueue(name: string): Promise<string> {
    const attributes = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
    await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
    return `https://sqs.eu-west-1.amazonaws.com/000000000000/${name}`;
  }

  async function depthOf(queueUrl: string): Promise<number> {
    const { Attributes = {} } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }),
    );
    return (
      Number(Attributes['ApproximateNumberOfMessages']) +
      Number(Attributes['ApproximateNumberOfMessagesNotVisible'])
    );
  }

  test.each(['orders', 'orders.fifo'])(
    'leaves out the naive way and leaves nothing behind: %s',
    async (name) => {
      const queueUrl = await createQueue(name);
      const { code, stdout } = await demo(['--queue-url', queueUrl, '--messages', '50', '--json'], {
        env: env(),
      });
      const report: Report = JSON.parse(stdout);
      expect({ code, target: report.target }).toEqual({
        code: 0,
        target: { kind: 'queue', name: `${queueUrl} at ${endpoint}` },
      });
      expect(Object.keys(report.ways)).toEqual(['sqskit']);
      expectBalanced(wayOf(report, 'sqskit').ledger);
      expect(await depthOf(queueUrl)).toBe(0);
    },
  );

  test('says what the naive way costs, when it is asked for', async () => {
    const queueUrl = await createQueue('asked');
    const { code, stderr } = await demo(['--queue-url', queueUrl, '--messages', '50', '--naive'], {
      env: env(),
    });
    expect(stderr).toContain('the naive way makes 300 requests of this queue and more, which are billed');
    expect(code).toBe(0);
  });

  test('takes its messages out of the queue again when it is interrupted', async () => {
    const queueUrl = await createQueue('interrupted');
    const run = start(['--queue-url', queueUrl, '--messages', '20000', '--json'], { env: env() });
    await run.saying('sqskit: 0 of');
    process.kill(-(run.child.pid ?? Number.NaN), 'SIGINT');
    const { code, stdout } = await run.ended;
    const report: Report = JSON.parse(stdout);
    expectBalanced(wayOf(report, 'sqskit').ledger);
    expect({ code, left: await depthOf(queueUrl) }).toEqual({ code: 130, left: 0 });
  });

  test('refuses a queue that holds messages already, and does not touch them', async () => {
    const queueUrl = await createQueue('used');
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'mine' }));
    const { code, stderr } = await demo(['--queue-url', queueUrl], { env: env() });
    expect(stderr).toMatch(
      /is in use \(messages in it: 1\): the demo needs an empty queue of its own; nothing was sent or received\n$/,
    );
    expect({ code, left: await depthOf(queueUrl) }).toEqual({ code: 1, left: 1 });
  });

  test('names a queue that is not there', async () => {
    const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/000000000000/nowhere';
    const { code, stderr } = await demo(['--queue-url', queueUrl], { env: env() });
    expect(stderr).toContain(
      `demo: cannot use ${queueUrl} at ${endpoint}: GetQueueAttributes failed with QueueDoesNotExist`,
    );
    expect(code).toBe(1);
  });
});
