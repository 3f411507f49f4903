import {
  abortedError,
  type CloseOptions,
  type CloseReport,
  type OutgoingMessage,
  QueueError,
  type Sender,
  type SendOptions,
  type SendReceipt,
  type Undelivered,
} from '@sqskit/core';
import { callGuarded, guardedLogger } from '@sqskit/core/callbacks';
import { type Resolved, resolveOptions } from '@sqskit/core/options';
import type { Random } from '@sqskit/core/retry';
import { invalidOption } from './invalid-option.ts';
import { Journey, type SenderCall, sendThrough } from './journey.ts';
import type { RegionLink, RegionStats } from './region-link.ts';
import { checkPlaces, linksOf, type RegionSenders } from './region-senders.ts';
import {
  type RegionalSenderOptions,
  regionalSenderRules,
  type UnsetOption,
} from './regional-sender-options.ts';
import { createRouter, type Router } from './router.ts';

/** A `Sender` over one of each region. Closing it closes them. */
export interface RegionalSender<T> extends Sender<T> {
  stats(): RoutingStats;
}

export interface RoutingStats {
  /** By region id. */
  readonly regions: Readonly<Record<string, RegionStats>>;
}

type Settings = Resolved<RegionalSenderOptions<never>, UnsetOption>;

/**
 * Sends each message to the nearest region that it is allowed in. What a region has certainly not accepted goes on to
 * the next allowed one, inside one deadline and under the same id; what it may have accepted does not, and neither does
 * a message of a pinned group.
 *
 * Throws `option-invalid`. Messages are rejected with `region-not-allowed` where no region is allowed for them, or where
 * their location is not known and the default region is not allowed; otherwise with the error of the last region tried.
 */
export function createRegionalSender<T>(
  senders: RegionSenders<T>,
  options: RegionalSenderOptions<T> = {},
): RegionalSender<T> {
  const resolved = resolveOptions<RegionalSenderOptions<never>, UnsetOption>(
    'createRegionalSender',
    regionalSenderRules,
    options,
  );
  const settings = { ...resolved, logger: guardedLogger(resolved.logger) };
  const links = linksOf(senders, { ...settings, policy: settings });
  checkPlaces(links, settings, options.defaultRegion);
  // These two take messages of T, which the settings have forgotten.
  const { allowFor, locate } = options;
  return new NearestFirstSender(links, createRouter(links, { ...settings, allowFor, locate }), settings);
}

/** A flush that waits for the messages that had been taken when it was called. */
interface Flush {
  readonly through: number;
  left: number;
  readonly resolve: () => void;
}

class NearestFirstSender<T> implements RegionalSender<T> {
  readonly #links: readonly RegionLink<T>[];
  readonly #router: Router<T, RegionLink<T>>;
  readonly #settings: Settings;
  readonly #idPrefix: string;

  /** How many messages were taken so far, and those of them that are not settled. */
  #taken = 0;
  readonly #underWay = new Set<Journey<T>>();
  #flushedThrough = 0;
  readonly #flushes = new Set<Flush>();

  #closing: Promise<CloseReport<T>> | undefined;
  #mayFailOver = true;
  #sent = 0;
  readonly #undelivered: Undelivered<T>[] = [];

  constructor(links: readonly RegionLink<T>[], router: Router<T, RegionLink<T>>, settings: Settings) {
    this.#links = links;
    this.#router = router;
    this.#settings = settings;
    this.#idPrefix = randomPrefix(settings.random);
  }

  send(message: OutgoingMessage<T>, options?: SendOptions): Promise<SendReceipt> {
    return this.#take<never>(message, options, sendThrough);
  }

  trySend(message: OutgoingMessage<T>, options?: SendOptions): Promise<SendReceipt> | undefined {
    return this.#take<undefined>(message, options, (sender, ...call) => sender.trySend(...call));
  }

  flush(): Promise<void> {
    this.#flushedThrough = this.#taken;
    const settled = this.#allSettled();
    for (const link of this.#links) {
      this.#flushRegion(link);
    }
    return settled;
  }

  close(options: CloseOptions = {}): Promise<CloseReport<T>> {
    const timeoutMs: unknown = options.timeoutMs ?? this.#settings.deadlineMs;
    if (!(typeof timeoutMs === 'number' && timeoutMs >= 0)) {
      return Promise.reject(
        invalidOption('close', 'timeoutMs', timeoutMs, 'a number of milliseconds from 0'),
      );
    }
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  stats(): RoutingStats {
    return { regions: Object.fromEntries(this.#links.map((link) => [link.region.id, link.stats()])) };
  }

  #take<Full extends undefined>(
    message: OutgoingMessage<T>,
    options: SendOptions | undefined,
    call: SenderCall<T, Full>,
  ): Promise<SendReceipt> | Full {
    const sequence = this.#taken + 1;
    let journey: Journey<T>;
    try {
      journey = this.#plan(message, options ?? {}, sequence);
    } catch (reason) {
      return Promise.reject(reason);
    }
    const receipt = journey.start(call);
    if (receipt !== undefined) {
      this.#taken = sequence;
      this.#underWay.add(journey);
    }
    return receipt;
  }

  #plan(message: OutgoingMessage<T>, options: SendOptions, sequence: number): Journey<T> {
    const { clock, deadlineMs: ownDeadlineMs } = this.#settings;
    const { signal, deadlineMs = ownDeadlineMs } = options;
    if (this.#closing !== undefined) {
      throw new QueueError('closed', 'the regional sender takes no more messages', {
        what: 'regional sender',
      });
    }
    if (signal?.aborted === true) {
      throw abortedError(signal);
    }
    const route = this.#router(message);
    const id = message.id ?? `${this.#idPrefix}${sequence}`;
    const journey: Journey<T> = new Journey(message.id === undefined ? { ...message, id } : message, route, {
      clock,
      signal,
      deadlineAt: clock.monotonic() + deadlineMs,
      mayGoOn: () => this.#mayFailOver,
      onFailover: (link) => {
        if (sequence <= this.#flushedThrough) {
          this.#flushRegion(link);
        }
      },
      onSettled: (error) => {
        this.#underWay.delete(journey);
        this.#settled(sequence, message, id, error);
      },
    });
    return journey;
  }

  /** By contract it resolves when all of it is settled, which the messages themselves tell. */
  #flushRegion({ region, sender }: RegionLink<T>): void {
    callGuarded(
      () => sender.flush(),
      (cause) => this.#settings.logger.warn('a region failed to flush', { region: region.id, cause }),
    );
  }

  #settled(sequence: number, message: OutgoingMessage<T>, id: string, error: QueueError | undefined): void {
    if (error === undefined) {
      this.#sent++;
    } else if (this.#closing !== undefined) {
      this.#undelivered.push({ message, id, error });
    }
    for (const flush of this.#flushes) {
      if (sequence <= flush.through && --flush.left === 0) {
        this.#flushes.delete(flush);
        flush.resolve();
      }
    }
  }

  /** Resolves when everything taken so far is settled. */
  #allSettled(): Promise<void> {
    if (this.#underWay.size === 0) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#flushes.add({ through: this.#taken, left: this.#underWay.size, resolve });
    });
  }

  /** Regions close last: as long as there is time, what one rejects can still go to another. */
  async #close(timeoutMs: number): Promise<CloseReport<T>> {
    const { clock } = this.#settings;
    const endsAt = clock.monotonic() + timeoutMs;
    const leftMs = (): number => Math.max(0, endsAt - clock.monotonic());
    await this.#within(timeoutMs, this.flush());
    this.#mayFailOver = false;
    const closings = await Promise.all(this.#links.map((link) => this.#closeRegion(link, leftMs())));
    if (closings.includes(false)) {
      await this.#within(leftMs(), this.#allSettled());
      this.#abandonAll();
    }
    await this.#allSettled();
    return { sent: this.#sent, undelivered: this.#undelivered };
  }

  /** Whether it closed, and so has settled its messages. */
  async #closeRegion({ region, sender }: RegionLink<T>, timeoutMs: number): Promise<boolean> {
    try {
      await sender.close({ timeoutMs });
      return true;
    } catch (cause) {
      this.#settings.logger.error('a region failed to close', { region: region.id, cause });
      return false;
    }
  }

  /** Of messages that nobody will settle any more. */
  #abandonAll(): void {
    for (const journey of this.#underWay) {
      const message = 'its region failed to close, and has not said what became of it';
      journey.abandon(new QueueError('closed', message, { what: 'regional sender' }, { outcome: 'unknown' }));
    }
  }

  /** Waits for `done`, but no longer than this. */
  #within(timeoutMs: number, done: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#settings.clock.setTimer(resolve, timeoutMs, { keepAlive: true });
      void done.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}

/** 82 bits: on a FIFO queue, two senders with one prefix would drop each other's messages as duplicates. */
function randomPrefix(random: Random): string {
  return `${Array.from({ length: 16 }, () => Math.floor(random() * 36).toString(36)).join('')}-`;
}
