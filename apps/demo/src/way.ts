import type { Meter } from './meter.ts';
import type { Desk, Round } from './round.ts';
import type { StageReport } from './stage-metrics.ts';
import type { Place } from './target.ts';

/** Endpoint, region and credentials of a client. What is not given comes from the AWS environment. */
export interface ClientConfig {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** One way of getting events through a queue. Both ways are driven, measured and accounted for alike. */
export interface Way {
  /** Sends what the round hands out; resolves when every send is settled. */
  send(round: Round, stop: AbortSignal): Promise<void>;
  /** The warm-up is over: what is recorded from now on counts. */
  begin?(): Promise<void>;
  /** Whether all that was received is deleted or given back. */
  isSettled(): boolean;
  /** Rejects if receiving breaks down. */
  readonly broken: Promise<void>;
  /** Finishes what is under way, and stops. Resolves with what it recorded, if it records. */
  close(): Promise<StageReport | undefined>;
}

/** Opens a way: receiving begins at once, and what arrives is given to the desk. */
export type OpenWay = (context: {
  /** The queues, one for each region; the first is home. */
  readonly places: readonly [Place, ...Place[]];
  readonly isEmulator: boolean;
  readonly desk: Desk;
  readonly meter: Meter;
  readonly concurrency: number;
}) => Promise<Way>;
