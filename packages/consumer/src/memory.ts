/** What the messages in hand of a run keep in memory, those of all its sources together. Kept by the deliveries. */
export interface Memory {
  bytes: number;
}

export interface MemoryBounds {
  readonly maxBytes: number;
  readonly maxMessageBytes: number;
}

/** For how many more SQS messages there is room, where `asked` are asked for already. */
export function fittingMessages(
  { bytes }: Memory,
  asked: number,
  { maxBytes, maxMessageBytes }: MemoryBounds,
): number {
  return Math.max(0, Math.floor((maxBytes - bytes) / maxMessageBytes) - asked);
}
