import { QueueError } from '@sqskit/core';
import { type Dispatcher, Pool } from 'undici';
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
  readonly request: Dispatcher.DispatchOptions;
  readonly sequence: number;
}

/** The exchanges of one kind: under way, and waiting for a connection in order of arrival. */
interface Lane {
  active: number;
  readonly maxActive: number;
  readonly waiting: Map<Exchange, Waiting>;
}

/**
 * The connections to one origin. `maxConnections` bounds the exchanges under way, of which long polls may be at most
 * `maxLongPolls`, so that polls, which hold a connection for up to 20 s each, cannot starve sends and deletes. The
 * oldest exchange that may go takes the next free connection.
 */
export class OriginPool {
  readonly #limits: OriginLimits;
  readonly #pool: Pool;
  readonly #calls: Lane;
  readonly #polls: Lane;
  #sequence = 0;
  #closed = false;
  #whenIdle: (() => void) | undefined;

  constructor(origin: string, limits: OriginLimits) {
    this.#limits = limits;
    this.#calls = { active: 0, maxActive: limits.maxConnections, waiting: new Map() };
    this.#polls = { active: 0, maxActive: limits.maxLongPolls, waiting: new Map() };
    this.#pool = new Pool(origin, {
      connections: limits.maxConnections,
      pipelining: 1,
      // Our own timer ends an exchange; undici's are coarse (0.5 s) and count the parts of an answer apart.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: limits.keepAliveMs,
      keepAliveMaxTimeout: limits.keepAliveMs,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: attemptTimeoutMs(limits.connectTimeoutMs),
      connect: { timeout: limits.connectTimeoutMs },
    });
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
    return this.#pool.stats.connected;
  }

  /** Begins the exchange, or lets it wait; fails it if too many wait. */
  run(request: Dispatcher.DispatchOptions, exchange: Exchange): void {
    const lane = exchange.isPoll ? this.#polls : this.#calls;
    if (this.#closed) {
      exchange.fail(closedError('waiting'));
    } else if (this.#mayStart(lane)) {
      this.#start(lane, request, exchange);
    } else if (lane.waiting.size < this.#limits.maxWaiting) {
      lane.waiting.set(exchange, { request, sequence: this.#sequence++ });
      exchange.onWithdrawn = () => lane.waiting.delete(exchange);
    } else {
      exchange.fail(this.#exhaustedError(lane));
    }
  }

  /** Refuses what comes, and resolves when all that was under way or waiting has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.active + this.waiting > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    await this.#pool.close();
  }

  /** Ends everything at once. */
  async destroy(): Promise<void> {
    this.#closed = true;
    for (const exchange of [...this.#calls.waiting.keys(), ...this.#polls.waiting.keys()]) {
      exchange.fail(closedError('waiting'));
    }
    await this.#pool.destroy();
  }

  #mayStart(lane: Lane): boolean {
    return this.active < this.#limits.maxConnections && lane.active < lane.maxActive;
  }

  #start(lane: Lane, request: Dispatcher.DispatchOptions, exchange: Exchange): void {
    lane.active++;
    exchange.onReleased = () => {
      lane.active--;
      this.#startWaiting();
    };
    exchange.dispatched();
    this.#pool.dispatch(request, exchange);
  }

  #startWaiting(): void {
    for (;;) {
      const next = this.#oldest();
      if (next === undefined) {
        break;
      }
      next.lane.waiting.delete(next.exchange);
      this.#start(next.lane, next.request, next.exchange);
    }
    if (this.#whenIdle !== undefined && this.active + this.waiting === 0) {
      this.#whenIdle();
    }
  }

  /** The oldest waiting exchange that may start now. */
  #oldest(): { lane: Lane; exchange: Exchange; request: Dispatcher.DispatchOptions } | undefined {
    let oldest: { lane: Lane; exchange: Exchange; request: Dispatcher.DispatchOptions } | undefined;
    let sequence = Number.POSITIVE_INFINITY;
    for (const lane of [this.#calls, this.#polls]) {
      const first = this.#mayStart(lane) ? lane.waiting.entries().next() : undefined;
      if (first?.done === false && first.value[1].sequence < sequence) {
        const [exchange, { request }] = first.value;
        sequence = first.value[1].sequence;
        oldest = { lane, exchange, request };
      }
    }
    return oldest;
  }

  #exhaustedError(lane: Lane): QueueError<'pool-exhausted'> {
    const { maxWaiting } = this.#limits;
    const maxConnections = lane.maxActive;
    const what = lane === this.#polls ? 'long polls' : 'requests';
    return new QueueError(
      'pool-exhausted',
      `${maxConnections} ${what} are under way and ${maxWaiting} wait for a connection`,
      { maxConnections, maxWaiting },
      { retryable: true },
    );
  }
}

// Node gives an address 250 ms by default before it turns to the host's next one, which is less than a TCP handshake to
// a far region can take under load (nodejs/node#54359). Half of the time leaves room for a second address.
function attemptTimeoutMs(connectTimeoutMs: number): number {
  return Math.max(10, Math.ceil(connectTimeoutMs / 2));
}
