/** What an engine has in hand of one origin. In messages, unless said; kept by the engine and its parts. */
export interface Load {
  /** SQS messages that only want a slot. */
  ready: number;
  /** SQS messages that wait for others of their lane or group. */
  blocked: number;
  /** Of opened packs, those that only want a slot. */
  unpacked: number;
  /** Of opened packs, those that wait for others of their group. */
  capped: number;
  /** Slots in use. */
  running: number;
  /** Of these, slots of messages that wait for the breaker. */
  held: number;
  /** Expected in those SQS messages that are being opened, beyond the slot that each takes. */
  unopened: number;
  /** Handled and not settled yet. */
  settling: number;
}

export function createLoad(): Load {
  return { ready: 0, blocked: 0, unpacked: 0, capped: 0, running: 0, held: 0, unopened: 0, settling: 0 };
}
