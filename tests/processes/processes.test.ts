import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProducer } from '@sqskit/batching';
import { createLeanClient, createLeanQueue } from '@sqskit/client/lean';
import { createFaultPlan, createLedger, type FakeQueue, type Ledger, startFakeSqs } from '@sqskit/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type ConsumerProcess, startConsumerProcess } from './consumer-processes.ts';

// Three consumers in three processes on one queue, over HTTP, with latency and faults; one of them ends while messages
// keep coming.

const fewestMessages = 3_000;
const handledBeforeTheEnd = 200;

async function setUp(visibilityTimeoutMs: number) {
  const faults = createFaultPlan({
    rates: { throttles: 0.02, entryFailures: 0.02, lostReplies: 0.02 },
    // Of sends, a lost reply would make two messages of one; of receives, it would hide messages for their visibility timeout.
    verbs: ['deleteBatch', 'changeVisibilityBatch'],
    timeoutMs: 0,
  });
  const server = await startFakeSqs({ latencyMs: 4, faults });
  const queue = server.createQueue('work', { visibilityTimeoutMs });
  const folder = mkdtempSync(join(tmpdir(), 'sqskit-processes-'));
  const consumers = await Promise.all(
    [0, 1, 2].map((index) =>
      startConsumerProcess({
        endpoint: server.endpoint,
        queueUrl: queue.url,
        sdk: index === 2,
        visibilityTimeoutMs,
        handledPath: join(folder, String(index)),
      }),
    ),
  );
  onTestFinished(async () => {
    await Promise.all(consumers.map((consumer) => consumer.end('SIGKILL')));
    await server.close();
    rmSync(folder, { recursive: true });
  });
  return { server, queue, consumers };
}

/** Sends messages, 200 at a time, until there are enough and `isOver`. */
async function sendUntil(
  endpoint: string,
  queue: FakeQueue,
  ledger: Ledger,
  isOver: () => boolean,
): Promise<void> {
  const client = createLeanClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  const producer = createProducer<string>(createLeanQueue(client, queue.url));
  for (let next = 0; next < fewestMessages || !isOver(); next += 200) {
    const ids = Array.from({ length: 200 }, (_, index) => `message-${next + index}`);
    await Promise.all(ids.map((body) => ledger.offered(body, producer.send({ body }))));
  }
  await producer.close();
  await client.close();
}

/** One of the three ends by a signal amid messages; gives what became of everything. */
async function runWithAnEnd(signal: 'SIGTERM' | 'SIGKILL', visibilityTimeoutMs: number) {
  const { server, queue, consumers } = await setUp(visibilityTimeoutMs);
  const [ended, ...others] = consumers;
  if (ended === undefined) {
    throw new TypeError('there are three');
  }
  const ledger = createLedger();
  let isOver = false;
  const sending = sendUntil(server.endpoint, queue, ledger, () => isOver);
  await ended.hasHandled(handledBeforeTheEnd);
  const ending = await ended.end(signal);
  isOver = true;
  await sending;
  await vi.waitFor(() => expect(queue.deleted).toHaveLength(queue.accepted.length), { timeout: 15_000 });
  const endings = await Promise.all(others.map((other) => other.end('SIGTERM')));
  for (const body of consumers.flatMap((consumer) => consumer.handled())) {
    ledger.processed(body);
  }
  for (const { body } of queue.messages()) {
    ledger.left(body);
  }
  return { ended, others, ending, endings, ledger, queue };
}

function assertAccountedFor(ledger: Ledger, queue: FakeQueue, others: readonly ConsumerProcess[]): void {
  ledger.assertNothingLost();
  expect(ledger.report().sent.length).toBeGreaterThanOrEqual(fewestMessages);
  expect(queue.messages()).toEqual([]);
  for (const other of others) {
    expect(other.handled().length).toBeGreaterThan(0);
  }
}

const cleanStop = {
  signal: 'SIGTERM',
  report: expect.objectContaining({ isClean: true, abandoned: [], unsettled: 0 }),
};

test('SIGTERM of one of three consumers: what it handled was handled once, and the others do the rest', async () => {
  const { ended, others, ending, endings, ledger, queue } = await runWithAnEnd('SIGTERM', 30_000);
  expect([ending, ...endings]).toEqual([cleanStop, cleanStop, cleanStop]);
  expect(ended.handled().length).toBeGreaterThanOrEqual(handledBeforeTheEnd);
  assertAccountedFor(ledger, queue, others);
  expect(ledger.report().repeated).toEqual([]);
});

test('SIGKILL of one of three consumers: what it had in hand comes again, and nothing is lost', async () => {
  const { ended, others, ending, endings, ledger, queue } = await runWithAnEnd('SIGKILL', 2_000);
  expect(ending).toEqual({ signal: 'SIGKILL', report: undefined });
  expect(endings).toEqual([cleanStop, cleanStop]);
  expect(ended.handled().length).toBeGreaterThanOrEqual(handledBeforeTheEnd);
  assertAccountedFor(ledger, queue, others);
});
