import { parseQueueUrl } from '@sqskit/core/queue-url';
import { createFakeQueue, type FakeQueue } from '../fake-queue/fake-queue.ts';
import type { FakeQueueOptions } from '../fake-queue/fake-queue-options.ts';
import {
  accountId,
  attributesOf,
  type HostedQueue,
  nameIn,
  type QueueAttributes,
  queueRequestOf,
} from './hosted-queue.ts';
import { refusal } from './wire-error.ts';

/** The queues of a server, by name, in the order in which they were made. */
export class QueueDirectory {
  readonly #queues = new Map<string, HostedQueue>();
  readonly #origin: string;
  readonly #defaults: FakeQueueOptions;

  /** `origin` is what every queue URL begins with; `defaults` hold for every queue unless it is given others. */
  constructor(origin: string, defaults: FakeQueueOptions) {
    this.#origin = origin;
    this.#defaults = defaults;
  }

  find(name: string): HostedQueue | undefined {
    return this.#queues.get(name);
  }

  /** The queue of a URL, whatever its host and account. Throws what SQS answers where there is none. */
  at(operation: string, url: string): HostedQueue {
    return this.named(operation, nameIn(url));
  }

  named(operation: string, name: string): HostedQueue {
    const hosted = this.#queues.get(name);
    if (hosted === undefined) {
      throw refusal(operation, 'QueueDoesNotExist', 'The specified queue does not exist.');
    }
    return hosted;
  }

  /** Makes a queue, in place of one that has the name. Throws `option-invalid` and `queue-url-invalid`. */
  make(name: string, options: FakeQueueOptions, kept: QueueAttributes = {}): FakeQueue {
    const { url } = parseQueueUrl(`${this.#origin}/${accountId}/${name}`);
    const queue = createFakeQueue({ ...this.#defaults, ...options, url });
    const createdAtMs = this.#defaults.clock?.now() ?? 0;
    this.#queues.set(name, { name, queue, kept, createdAtMs });
    return queue;
  }

  /** `CreateQueue`: gives the queue that there is where it has the same attributes. */
  create(name: string, attributes: QueueAttributes): FakeQueue {
    const existing = this.#queues.get(name);
    if (existing === undefined) {
      assertName(name, attributes);
      const { options, kept } = queueRequestOf(name, attributes, (other) => this.#queues.get(other)?.queue);
      return this.make(name, options, kept);
    }
    const present = attributesOf(existing);
    const other = Object.keys(attributes).find((attribute) => attributes[attribute] !== present[attribute]);
    if (other !== undefined) {
      const message = `A queue already exists with the same name and a different value for attribute ${other}`;
      throw refusal('CreateQueue', 'QueueNameExists', message);
    }
    return existing.queue;
  }

  remove(hosted: HostedQueue): void {
    this.#queues.delete(hosted.name);
  }

  list(): readonly HostedQueue[] {
    return [...this.#queues.values()];
  }
}

function assertName(name: string, attributes: QueueAttributes): void {
  const isLegal = name.length <= 80 && /^[\w-]+(?:\.fifo)?$/.test(name);
  if (!isLegal || name.endsWith('.fifo') !== (attributes['FifoQueue'] === 'true')) {
    const message =
      'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length; a FIFO queue must end with .fifo.';
    throw refusal('CreateQueue', 'InvalidParameterValue', message);
  }
}
