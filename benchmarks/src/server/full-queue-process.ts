// A fake SQS in a process of its own, whose one queue is filled before the parent hears of it. It tells the parent, when
// asked, as soon as so many messages are to be deleted.
import { type FaultPlan, startFakeSqs } from '@sqskit/testing';
import { slices } from '../contenders/contender.ts';
import { kilobytes, repeated } from '../data.ts';
import { jobOfServer } from './fork-server.ts';
import type { FullQueueCounts, FullQueueOptions, FullQueueQuestion } from './start-full-queue.ts';

const { latencyMs, messages } = jobOfServer<FullQueueOptions>();
let calls = 0;
let deletes = 0;
let asked: number | undefined;

function answer(): void {
  if (asked !== undefined && deletes >= asked) {
    asked = undefined;
    const { user, system } = process.cpuUsage();
    process.send?.({ calls, deletes, cpuMicros: user + system } satisfies FullQueueCounts);
  }
}

/** Has nothing go wrong, and counts: each call is told to it as it arrives. */
const counting: FaultPlan = {
  next({ verb, entries }) {
    calls++;
    if (verb === 'deleteBatch') {
      deletes += entries;
      answer();
    }
    return [];
  },
};

const queueName = 'bench';
const server = await startFakeSqs({ latencyMs });
const queue = server.createQueue(queueName, { faults: counting });
const bodies = kilobytes().map((body) => ({ body: JSON.stringify(body) }));
await Promise.all([...slices(repeated(bodies, messages), 10)].map((batch) => queue.sendBatch(batch)));
calls = 0;

process.on('message', (question: FullQueueQuestion) => {
  asked = question.deletes;
  answer();
});
process.send?.({ endpoint: server.endpoint, queueName, queueUrl: queue.url });
