import { QueueError } from '@sqskit/core';
import { buildConnector, Client, type Dispatcher } from 'undici';
import type { Exchange } from './exchange.ts';
import { closedError } from './transport-error.ts';

export interface OriginLimits {
  readonly maxConnections: number;
  readonly maxLongPolls: number;
  readonly maxWaiting: number;
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
}

interface Waiting {
  readonly exchange: Exchange;
  readonly request: Dispatcher.DispatchOptions;
  /** Order of arrival, over both lanes. */
  readonly sequence: number;
}

/** The exchanges of one kind: under way, and waiting for a connection in order of arrival. */
interface Lane {
  readonly kind: 'requests' | 'long polls';
  readonly maxActive: number;
  readonly active: Map<Exchange, Client>;
  readonly waiting: Map<Exchange, Waiting>;
}

/**
 * The connections to one origin. `maxConnections` bounds the exchanges under way, of which long polls may be at most
 * `maxLongPolls`, so that polls, which hold a connection for up to 20 s each, cannot starve sends and deletes. The
 * oldest exchange that may go takes the next free connection.
 *
 * A connection is an undici `Client`, bound to one exchange or idle. One whose exchange failed is destroyed rather than
 * given back: undici would connect it again at once, though nobody needs it. (So `Pool`, which keeps them, is not used.)
 */
export class OriginPool {
  readonly #limits: OriginLimits;
  readonly #makeClient: () => Client;
  readonly #calls: Lane;
  readonly #polls: Lane;
  /** The last one used is used first, so that the others can time out when there is less to do. */
  readonly #idle: Client[] = [];
  #connections = 0;
  #sequence = 0;
  #closed = false;
  #onDrained: (() => void) | undefined;

  constructor(origin: string, limits: OriginLimits) {
    this.#limits = limits;
    const { maxConnections, maxLongPolls } = limits;
    this.#calls = { kind: 'requests', maxActive: maxConnections, active: new Map(), waiting: new Map() };
    this.#polls = { kind: 'long polls', maxActive: maxLongPolls, active: new Map(), waiting: new Map() };
    const options = clientOptions(limits);
    this.#makeClient = () => new Client(origin, options);
  }

  get active(): number {
    return this.#calls.active.size + this.#polls.active.size;
  }

  get longPolls(): number {
    return this.#polls.active.size;
  }

  get waiting(): number {
    return this.#calls.waiting.size + this.#polls.waiting.size;
  }

  get connections(): number {
    return this.#connections;
  }

  /** Begins the exchange, or lets it wait; fails it if too many wait. */
  run(request: Dispatcher.DispatchOptions, exchange: Exchange): void {
    const lane = exchange.isPoll ? this.#polls : this.#calls;
    if (this.#closed) {
      exchange.fail(closedError);
    } else if (this.#mayStart(lane)) {
      this.#start(lane, request, exchange);
    } else if (lane.waiting.size < this.#limits.maxWaiting) {
      lane.waiting.set(exchange, { exchange, request, sequence: this.#sequence++ });
      exchange.onWithdrawn = () => {
        lane.waiting.delete(exchange);
        this.#tellIfDrained();
      };
    } else {
      exchange.fail(() => exhaustedError(lane, this.#limits.maxWaiting));
    }
  }

  /** Refuses what comes, lets what is under way or waiting end, and closes the connections. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.active + this.waiting > 0) {
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
      });
    }
    await Promise.all(this.#idle.splice(0).map((client) => client.close()));
  }

  /** Ends everything at once. */
  destroy(): void {
    this.#closed = true;
    for (const { active, waiting } of [this.#calls, this.#polls]) {
      for (const exchange of waiting.keys()) {
        exchange.fail(closedError);
      }
      for (const [exchange, client] of active) {
        exchange.fail(closedError);
        drop(client); // one that is being connected has nothing else to end it
      }
    }
    for (const client of this.#idle.splice(0)) {
      drop(client);
    }
  }

  #mayStart(lane: Lane): boolean {
    return this.active < this.#limits.maxConnections && lane.active.size < lane.maxActive;
  }

  #start(lane: Lane, request: Dispatcher.DispatchOptions, exchange: Exchange): void {
    const client = this.#idle.pop() ?? this.#connect();
    lane.active.set(exchange, client);
    exchange.onReleased = (reusable) => {
      lane.active.delete(exchange);
      if (reusable && !this.#closed) {
        this.#idle.push(client);
      } else {
        drop(client);
      }
      this.#startWaiting();
      this.#tellIfDrained();
    };
    exchange.begin();
    client.dispatch(request, exchange);
  }

  #connect(): Client {
    const client = this.#makeClient();
    client.on('connect', () => {
      this.#connections++;
    });
    client.on('disconnect', () => {
      this.#connections--;
      const index = this.#idle.indexOf(client);
      if (index >= 0) {
        this.#idle.splice(index, 1);
        drop(client);
      }
    });
    return client;
  }

  #startWaiting(): void {
    for (let next = this.#oldest(); next !== undefined; next = this.#oldest()) {
      next.lane.waiting.delete(next.exchange);
      this.#start(next.lane, next.request, next.exchange);
    }
  }

  /** The oldest waiting exchange that may start now. */
  #oldest(): (Waiting & { readonly lane: Lane }) | undefined {
    let oldest: (Waiting & { readonly lane: Lane }) | undefined;
    for (const lane of [this.#calls, this.#polls]) {
      const first = this.#mayStart(lane) ? lane.waiting.values().next().value : undefined;
      if (first !== undefined && (oldest === undefined || first.sequence < oldest.sequence)) {
        oldest = { ...first, lane };
      }
    }
    return oldest;
  }

  #tellIfDrained(): void {
    if (this.active + this.waiting === 0) {
      this.#onDrained?.();
    }
  }
}

function clientOptions({ connectTimeoutMs, keepAliveMs }: OriginLimits): Client.Options {
  return {
    pipelining: 1,
    // Our own timer ends an exchange; undici's are coarse (0.5 s) and count the parts of an answer apart.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    // One connector for all, because it keeps the TLS sessions that later connections resume.
    connect: buildConnector({
      timeout: connectTimeoutMs,
      autoSelectFamily: true,
      // Node gives an address 250 ms before it turns to the host's next one, which is less than a handshake with a far
      // region may take (nodejs/node#54359). Half of the time leaves as much for a second address.
      autoSelectFamilyAttemptTimeout: Math.max(10, Math.ceil(connectTimeoutMs / 2)),
    }),
  };
}

function drop(client: Client): void {
  // What it was doing is told through the exchange.
  client.destroy().catch(() => undefined);
}

function exhaustedError({ kind, maxActive }: Lane, maxWaiting: number): QueueError<'pool-exhausted'> {
  return new QueueError(
    'pool-exhausted',
    `${maxActive} ${kind} are under way and ${maxWaiting} wait for a connection`,
    { maxConnections: maxActive, maxWaiting },
    { retryable: true },
  );
}
