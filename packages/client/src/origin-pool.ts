import { QueueError } from '@sqskit/core';
import { createLinkedList, type Linked, type LinkedList } from '@sqskit/core/linked-list';
import type { Dispatcher } from 'undici';
import { Connection, type ConnectionOptions, type OriginState } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { closedError, exchangeError } from './transport-error.ts';

export interface OriginOptions extends ConnectionOptions {
  readonly maxConnections: number;
  readonly maxLongPolls: number;
  readonly maxWaiting: number;
}

interface Waiting extends Linked<Waiting> {
  readonly exchange: Exchange;
  readonly request: Dispatcher.DispatchOptions;
  /** Order of arrival, over both lanes. */
  readonly sequence: number;
}

/** The exchanges of one kind: under way, and waiting for a connection in order of arrival. */
interface Lane {
  readonly kind: 'requests' | 'long polls';
  readonly maxActive: number;
  active: number;
  readonly waiting: LinkedList<Waiting>;
}

/**
 * The connections to one origin. `maxConnections` bounds the exchanges under way, of which long polls may be at most
 * `maxLongPolls`, so that polls, which hold a connection for up to 20 s each, cannot starve sends and deletes. The
 * oldest exchange that may go takes the next free connection.
 *
 * A connection serves one exchange at a time, and is closed with an exchange that failed. (undici's `Pool` would connect
 * it again at once, though nobody needs it, and queues without a bound.)
 */
export class OriginPool {
  readonly #origin: URL;
  readonly #options: OriginOptions;
  readonly #state: OriginState = { tlsSession: undefined, connections: 0 };
  readonly #calls: Lane;
  readonly #polls: Lane;
  /** The last one used is used first, so that the others can time out when there is less to do. */
  readonly #idle: Connection[] = [];
  #sequence = 0;
  #isStarting = false;
  readonly #warming = new Set<Connection>();
  #closed = false;

  /** Throws a `TypeError` if `origin` is no URL. */
  constructor(origin: string, options: OriginOptions) {
    this.#origin = new URL(origin);
    this.#options = options;
    const { maxConnections, maxLongPolls } = options;
    this.#calls = { kind: 'requests', maxActive: maxConnections, active: 0, waiting: createLinkedList() };
    this.#polls = { kind: 'long polls', maxActive: maxLongPolls, active: 0, waiting: createLinkedList() };
  }

  get active(): number {
    return this.#calls.active + this.#polls.active;
  }

  get longPolls(): number {
    return this.#polls.active;
  }

  get waiting(): number {
    return this.#calls.waiting.size + this.#polls.waiting.size;
  }

  get connections(): number {
    return this.#state.connections;
  }

  /** Begins the exchange, or lets it wait; fails it if too many wait. */
  run(request: Dispatcher.DispatchOptions, exchange: Exchange): void {
    const lane = exchange.isPoll ? this.#polls : this.#calls;
    if (this.#closed) {
      exchange.fail(closedError);
    } else if (lane.waiting.size === 0 && this.#mayStart(lane)) {
      this.#start(lane, request, exchange);
    } else if (lane.waiting.size < this.#options.maxWaiting) {
      const sequence = this.#sequence++;
      const waiting: Waiting = { exchange, request, sequence, previous: undefined, next: undefined };
      lane.waiting.pushBack(waiting);
      exchange.onWithdrawn = () => lane.waiting.remove(waiting);
    } else {
      exchange.fail(() => exhaustedError(lane, this.#options.maxWaiting));
    }
  }

  /**
   * Opens connections until there are so many, or as many as there may be, and resolves once they are open. Rejects with
   * a `QueueError` if one cannot be made.
   */
  async prewarm(connections: number): Promise<void> {
    const wanted = Math.min(connections, this.#options.maxConnections);
    const missing = wanted - this.active - this.#idle.length - this.#warming.size;
    await Promise.all(Array.from({ length: Math.max(0, missing) }, () => this.#warm()));
  }

  async #warm(): Promise<void> {
    const connection = this.#connect();
    this.#warming.add(connection);
    try {
      await connection.open();
    } catch (reason) {
      connection.destroy();
      const error = reason instanceof Error ? reason : new Error(String(reason));
      throw this.#closed
        ? closedError('connecting', error)
        : exchangeError(error, 'prewarm', 'connecting', this.#options.connectTimeoutMs);
    } finally {
      this.#warming.delete(connection);
    }
    if (this.#closed || this.active + this.#idle.length >= this.#options.maxConnections) {
      connection.destroy();
    } else {
      this.#idle.unshift(connection); // behind those that have served
    }
  }

  /** Refuses what comes, and closes the connections; the exchanges have been ended by those who began them. */
  destroy(): void {
    this.#closed = true;
    for (const connection of [...this.#idle.splice(0), ...this.#warming]) {
      connection.destroy();
    }
  }

  #mayStart(lane: Lane): boolean {
    return this.active < this.#options.maxConnections && lane.active < lane.maxActive;
  }

  #start(lane: Lane, request: Dispatcher.DispatchOptions, exchange: Exchange): void {
    const connection = this.#idle.pop() ?? this.#connect();
    lane.active++;
    exchange.onReleased = (reusable) => {
      lane.active--;
      if (reusable && !this.#closed) {
        this.#idle.push(connection);
      } else {
        connection.destroy();
      }
      this.#startWaiting();
    };
    exchange.begin(connection, request);
  }

  #connect(): Connection {
    const connection: Connection = new Connection(this.#origin, this.#options, this.#state, () => {
      const index = this.#idle.indexOf(connection);
      if (index >= 0) {
        this.#idle.splice(index, 1);
        connection.destroy();
      }
    });
    return connection;
  }

  /** In a microtask: of many exchanges that one signal ends, those that wait must not begin first. */
  #startWaiting(): void {
    if (this.#isStarting || this.waiting === 0) {
      return;
    }
    this.#isStarting = true;
    queueMicrotask(() => {
      this.#isStarting = false;
      for (let next = this.#oldest(); next !== undefined; next = this.#oldest()) {
        next.lane.waiting.remove(next.first);
        this.#start(next.lane, next.first.request, next.first.exchange);
      }
    });
  }

  /** The oldest waiting exchange that may start now. */
  #oldest(): { readonly lane: Lane; readonly first: Waiting } | undefined {
    let oldest: { readonly lane: Lane; readonly first: Waiting } | undefined;
    for (const lane of [this.#calls, this.#polls]) {
      const first = this.#mayStart(lane) ? lane.waiting.first : undefined;
      if (first !== undefined && (oldest === undefined || first.sequence < oldest.first.sequence)) {
        oldest = { lane, first };
      }
    }
    return oldest;
  }
}

function exhaustedError({ kind, maxActive }: Lane, maxWaiting: number): QueueError<'pool-exhausted'> {
  return new QueueError(
    'pool-exhausted',
    `${maxActive} ${kind} are under way and ${maxWaiting} wait for a connection`,
    { maxConnections: maxActive, maxWaiting },
    { retryable: true },
  );
}
