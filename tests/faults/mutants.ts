/** A bug planted in a built package: the one occurrence of `find` in `file` is replaced. */
export interface Mutant {
  readonly name: string;
  /** Below `packages`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const accumulator = 'core/dist/accumulator.js';
const batchQueue = 'core/dist/batch-queue.js';
const producer = 'batching/dist/batching-producer.js';
const admission = 'batching/dist/admission.js';

export const mutants: readonly Mutant[] = [
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
    find: 'if (!outcome.ok) {',
    replace: 'if (false) {',
  },
  {
    name: 'a retryable failure is final',
    file: accumulator,
    find: 'else if (!error.retryable) {',
    replace: 'else {',
  },
  {
    name: 'a batch that was too long fails all its messages',
    file: accumulator,
    find: 'node.alone = true;',
    replace: 'this.#fail(node, error);',
  },
  {
    name: 'the next of a lane leaves before the one before it is settled',
    file: batchQueue,
    find: "lane.state = 'out';",
    replace: 'this.#goOn(lane);',
  },
  {
    name: 'a retried entry goes to the back of its lane',
    file: batchQueue,
    find: 'lane.waiting.pushFront(entry);',
    replace: 'lane.waiting.pushBack(entry);',
  },
  {
    name: 'a small message overtakes those that wait for room',
    file: admission,
    find: 'return this.#waiting.size === 0 && this.#fits(bytes);',
    replace: 'return this.#fits(bytes);',
  },
  {
    name: 'deadlines are not watched',
    file: accumulator,
    find: 'if (givenUpAt <= now) {',
    replace: 'if (false) {',
  },
  {
    name: 'a message whose answer was lost is reported as rejected',
    file: accumulator,
    find: "node.ambiguous ||= error.outcome === 'unknown';",
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
    find: '&& this.bufferedBytes + bytes <= maxBufferedBytes',
    replace: '',
  },
  {
    name: 'each attempt has a deduplication id of its own',
    file: producer,
    find: 'batch.map((outgoing) => outgoing.wire)',
    replace:
      'batch.map(({ wire, ticket }) => ({ ...wire, deduplicationId: wire.deduplicationId && wire.deduplicationId + ticket?.attempts }))',
  },
  {
    name: 'the bytes of a batch are not counted',
    file: batchQueue,
    find: 'bytes + entry.bytes > maxBytes',
    replace: 'false',
  },
  {
    name: 'the timer of an answered call goes on',
    file: accumulator,
    find: 'timer.cancel();',
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
    find: 'sealed === undefined || (lane !== undefined && this.#held.has(lane))',
    replace: 'sealed === undefined',
  },
];
