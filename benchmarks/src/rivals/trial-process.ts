// One trial of one library, in a process of its own: tells its parent the figure, and ends with whatever still runs.
import { scriptedFaults, startFakeSqs } from '@sqskit/testing';
import { slices } from '../contenders/contender.ts';
import { libraries } from './libraries.ts';
import type { TrialJob } from './run-trial.ts';
import { trials } from './trials.ts';

let unhandled = 0;
process.on('unhandledRejection', () => {
  unhandled++;
});

const job: TrialJob = JSON.parse(process.argv[2] ?? '');
const trial = trials.find(({ name }) => name === job.trial);
const library = libraries.find(({ name }) => name === job.library);
if (trial === undefined || library === undefined) {
  throw new Error(`no trial '${job.trial}', or no library '${job.library}'`);
}
const { settings, latencyMs = 5, isFifo = false } = trial;
const queueName = isFifo ? 'trial.fifo' : 'trial';
const faults = scriptedFaults();
const server = await startFakeSqs({ latencyMs });
const queue = server.createQueue(queueName, { faults });
const { endpoint } = server;
const { url: queueUrl } = queue;
const figure = await trial.run({
  queue,
  faults,
  requests: (kind) =>
    kind === undefined ? server.requests : server.requestsOf(kind) + server.requestsOf(`${kind}Batch`),
  unhandledRejections: () => unhandled,
  async put(what) {
    const bodies = typeof what === 'number' ? Array.from({ length: what }, (_, index) => `${index}`) : what;
    const entries = bodies.map((body) => ({
      body,
      ...(isFifo && { groupId: 'one', deduplicationId: body }),
    }));
    await Promise.all([...slices(entries, 10)].map((batch) => queue.sendBatch(batch)));
  },
  open: (handle) => library.open({ endpoint, queueName, queueUrl }, handle, settings),
  isBrief: job.isBrief,
});
process.send?.({ figure }, () => process.exit(0));
