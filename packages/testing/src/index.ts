// Time and chance, held still.

export {
  createFakeClock,
  type FakeClock,
  type FakeClockOptions,
  type SettleOptions,
} from './fake-clock.ts';
export { createRandom } from './random.ts';
// A queue in memory.
export type { FakeCall } from './fake-queue/fake-call.ts';
export { createFakeQueue, type FakeQueue } from './fake-queue/fake-queue.ts';
export type { FakeQueueOptions } from './fake-queue/fake-queue-options.ts';
export type { FakeMessage, FakeMessageState, MessageRecord } from './fake-queue/stored-message.ts';
// What goes wrong with it.
export type { Fault, FaultCall, FaultCounts, FaultKind, FaultPlan, QueueVerb } from './faults/fault.ts';
export { createFaultPlan, type FaultPlanOptions, type FaultRates } from './faults/fault-plan.ts';
export { type ScriptedFaults, scriptedFaults } from './faults/scripted-faults.ts';
// A CloudWatch endpoint on loopback.
export {
  type AcceptedDatum,
  type FakeCloudWatch,
  type FakeCloudWatchOptions,
  type MetricStatistics,
  startFakeCloudWatch,
} from './fake-cloudwatch.ts';
// An SQS endpoint on loopback.
export type { LoopbackServer } from './loopback-server.ts';
export { type FakeSqs, type HostedQueueOptions, startFakeSqs } from './fake-sqs/fake-sqs.ts';
export type { FakeSqsOptions } from './fake-sqs/fake-sqs-options.ts';
// What every implementation of an interface does.
export type { ContractCase } from './contract.ts';
export type {
  ContractQueue,
  ContractQueueOptions,
  QueueFeatures,
  QueueHarness,
} from './queue-contract/harness.ts';
export { queueContract } from './queue-contract/queue-contract.ts';
export { type CodecHarness, codecContract } from './codec-contract.ts';
export type { EnvelopeHarness } from './envelope-contract/harness.ts';
export { envelopeContract } from './envelope-contract/envelope-contract.ts';
export type { SenderHarness, SenderParts } from './sender-contract/harness.ts';
export { senderContract } from './sender-contract/sender-contract.ts';
export {
  type ContractClaim,
  type ContractIdempotencyStore,
  type IdempotencyStoreHarness,
  idempotencyStoreContract,
} from './idempotency-contract.ts';
// What became of every message of a test.
export { createLedger, type Ledger, type LedgerReport } from './ledger.ts';
