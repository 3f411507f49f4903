import type { Counter, Logger, QueueError, Recorder, Sender } from '@sqskit/core';
import { callGuarded } from '@sqskit/core/callbacks';
import type { Random } from '@sqskit/core/retry';
import {
  type AttemptResult,
  type Availability,
  afterResult,
  afterStart,
  availability,
  type BreakerPolicy,
  type Health,
  healthy,
  type Permit,
} from './breaker.ts';
import type { Site } from './distance.ts';
import type { Region } from './region.ts';

export interface RegionStats {
  /** Messages that this region accepted. */
  readonly sent: number;
  /** Messages that it rejected and that then went to another region. */
  readonly failedOver: number;
  /** Messages that failed here for good. */
  readonly failed: number;
  /** `open`: avoided, because it kept failing. `half-open`: avoided, but for one message that is to find out. */
  readonly breaker: 'closed' | 'open' | 'half-open';
}

export interface RegionLinkOptions {
  readonly policy: BreakerPolicy;
  readonly random: Random;
  readonly logger: Logger;
  readonly recorder: Recorder;
}

/** A region's sender, its health and its counts. */
export class RegionLink<T> implements Site {
  readonly region: Region;
  readonly sender: Sender<T>;
  readonly #options: RegionLinkOptions;
  readonly #routed: Counter;
  readonly #failovers: Counter;
  readonly #outages: Counter;
  #health: Health = healthy;
  #sent = 0;
  #failedOver = 0;
  #failed = 0;

  constructor(region: Region, sender: Sender<T>, options: RegionLinkOptions) {
    this.region = region;
    this.sender = sender;
    this.#options = options;
    const dimensions = { Region: region.id };
    this.#routed = options.recorder.counter('MessagesRouted', dimensions);
    this.#failovers = options.recorder.counter('Failovers', dimensions);
    this.#outages = options.recorder.counter('RegionOutages', dimensions);
  }

  availability(now: number): Availability {
    return availability(this.#health, now);
  }

  permit(now: number): Permit {
    return { as: this.availability(now), epoch: this.#health.epoch };
  }

  started(permit: Permit): void {
    this.#health = afterStart(this.#health, permit);
  }

  ended(permit: Permit, result: AttemptResult, now: number): void {
    const before = this.#health;
    const { policy, random, logger } = this.#options;
    const after = afterResult(before, permit, result, now, policy, random);
    this.#health = after;
    const wasClosed = before.probeAt === undefined;
    const isClosed = after.probeAt === undefined;
    if (wasClosed && !isClosed) {
      this.#count(this.#outages);
      logger.warn('region avoided: it kept failing', {
        region: this.region.id,
        probeInMs: after.probeAt - now,
      });
    } else if (!wasClosed && isClosed) {
      logger.warn('region back in service', { region: this.region.id });
    }
  }

  countSent(): void {
    this.#sent++;
    this.#count(this.#routed);
  }

  countFailover(to: Region, error: QueueError): void {
    this.#failedOver++;
    this.#count(this.#failovers);
    this.#options.logger.debug('failover', { from: this.region.id, to: to.id, code: error.code });
  }

  countFailed(): void {
    this.#failed++;
  }

  /** A recorder's failure must not become that of a message which a region has accepted. */
  #count(counter: Counter): void {
    callGuarded(
      () => counter.add(1),
      (error) => this.#options.logger.debug('the recorder failed', { error }),
    );
  }

  stats(): RegionStats {
    const { probeAt, isProbing } = this.#health;
    const open = isProbing ? 'half-open' : 'open';
    return {
      sent: this.#sent,
      failedOver: this.#failedOver,
      failed: this.#failed,
      breaker: probeAt === undefined ? 'closed' : open,
    };
  }
}
