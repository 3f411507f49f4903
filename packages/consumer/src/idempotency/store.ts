/** What a store says of a key that is claimed. */
export type Claim =
  /** It is the owner's now, or still: the message may run. */
  | { readonly status: 'claimed' }
  /** Its message is done: it needs no run. */
  | { readonly status: 'completed' }
  /** Another owner has it, for so long unless it prolongs it. Default: as long as the lease asked for. */
  | { readonly status: 'held'; readonly forMs?: number | undefined };

/**
 * Where idempotency keys are kept: in memory, or in what several processes share. `claim` must be atomic: of two owners
 * that claim a key at the same time one gets it.
 *
 *     (unknown) ──claim──► held by an owner ──complete──► completed, until the store forgets it
 *         ▲                       │
 *         └──── release, or the end of its lease
 */
export interface IdempotencyStore {
  /** Claims a key for `leaseMs` from now; its owner, who claims it again, prolongs it. */
  claim(key: string, owner: string, leaseMs: number): Claim | Promise<Claim>;
  /** The message is done. Also counts where the claim has ended meanwhile, or is another's by now. */
  complete(key: string): unknown;
  /** The message failed: the key may be claimed at once. Does nothing unless this owner has it. */
  release(key: string, owner: string): unknown;
}
