import type { Mutant } from '../mutant.ts';

const accumulator = 'core/dist/batch-accumulator.js';
const lanes = 'core/dist/lanes.js';
const producer = 'batching/dist/batching-producer.js';
const packing = 'batching/dist/packing.js';
const admission = 'batching/dist/admission.js';

export const producerMutants: readonly Mutant[] = [
  {
    name: 'a batch with a failed entry is retried as a whole',
    file: accumulator,
    find: 'const outcome = outcomes[index];',
    replace: 'const outcome = outcomes.find(({ ok }) => !ok) ?? outcomes[index];',
  },
  {
    name: 'a failed entry is dropped',
    file: accumulator,
    find: 'retries.push(node);',
    replace: 'this.#queue.release(node);',
  },
  {
    name: 'a failed entry counts as sent',
    file: producer,
    find: 'else if (outcome.ok) {',
    replace: 'else if (outcome) {',
  },
  {
    name: 'a retryable failure is final',
    file: accumulator,
    find: 'if (!error.retryable && !isDivisible(error, batchLength)) {',
    replace: 'if (!isDivisible(error, batchLength)) {',
  },
  {
    name: 'a batch that was too long fails all its messages',
    file: accumulator,
    find: 'if (!error.retryable && !isDivisible(error, batchLength)) {',
    replace: 'if (!error.retryable) {',
  },
  {
    name: 'the next of a lane leaves before the one before it is settled',
    file: lanes,
    find: "this.#order === 'throughput' && lane.waiting.size > 0",
    replace: 'lane.waiting.size > 0',
  },
  {
    name: 'a retried entry goes to the back of its lane',
    file: lanes,
    find: 'lane.waiting.pushFront(entry);',
    replace: 'lane.waiting.pushBack(entry);',
  },
  {
    name: 'a small message overtakes those that wait for room',
    file: admission,
    find: '=== 0 && this.#fits(bytes);',
    replace: '>= 0 && this.#fits(bytes);',
  },
  {
    name: 'deadlines are not watched',
    file: accumulator,
    find: 'if (givenUpAt <= now) {',
    replace: 'if (false) {',
  },
  {
    name: 'a message whose answer was lost is reported as rejected',
    file: 'core/dist/unsettled.js',
    find: "this.ambiguous ||= error.outcome === 'unknown';",
    replace: '',
  },
  {
    name: 'a message that is given up during a call is reported as rejected',
    file: accumulator,
    find: 'node.ambiguous = true;',
    replace: '',
  },
  {
    name: "the buffer's limit in messages is ignored",
    file: admission,
    find: 'this.bufferedMessages < maxBufferedMessages &&',
    replace: '',
  },
  {
    name: "the buffer's limit in bytes is ignored",
    file: admission,
    find: 'this.bufferedBytes + memoryOf(1, bytes) <= maxBufferedBytes',
    replace: 'true',
  },
  {
    name: 'each attempt has a deduplication id of its own',
    file: 'batching/dist/delivery.js',
    find: 'batch.map((parcel) => parcel.wire)',
    replace:
      'batch.map(({ wire, ticket }) => ({ ...wire, deduplicationId: wire.deduplicationId && wire.deduplicationId + ticket?.attempts }))',
  },
  {
    name: 'the bytes of a batch are not counted',
    file: 'core/dist/batch-queue.js',
    find: ' && bytes + entry.bytes <= maxBytes',
    replace: '',
  },
  {
    name: 'the timer of an answered call goes on',
    file: 'core/dist/batch-calls.js',
    find: 'this.#alarm.clear();',
    replace: '',
  },
  {
    name: 'listeners stay on signals',
    file: 'batching/dist/signal-groups.js',
    find: "signal.removeEventListener('abort', group.listener);",
    replace: '',
  },
  {
    name: 'flush does not wait for what is under way',
    file: 'batching/dist/epochs.js',
    find: 'oldest.unsettled === 0 && oldest.next !== undefined',
    replace: 'oldest.next !== undefined',
  },
  {
    name: 'close does not list what it gave up',
    file: producer,
    find: 'this.#undelivered?.push({ message, id, error });',
    replace: '',
  },
  {
    name: 'a message that was sealed late overtakes its lane',
    file: 'batching/dist/sealing.js',
    find: ' && (lane === undefined || !this.#held.has(lane))',
    replace: '',
  },
  {
    name: 'a pack is packed anew though it may have been accepted',
    file: packing,
    find: 'pack.ticket.isUnderWay || pack.ticket.ambiguous',
    replace: 'pack.ticket.isUnderWay',
  },
  {
    name: 'the messages of a pack that failed count as sent',
    file: producer,
    find: 'this.#fail(outgoing, outcome.error);',
    replace: "this.#accepted(outgoing, { messageId: '' }, attempts);",
  },
  {
    name: 'what did not fit a pack is packed last',
    file: 'batching/dist/gathering.js',
    find: 'this.#messages.pushFront(outgoing);',
    replace: 'this.#messages.pushBack(outgoing);',
  },
];
