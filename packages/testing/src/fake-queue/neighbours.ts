/** The message groups of a standard queue by what they have in flight: what makes it a fair queue. */
export interface Neighbours {
  tookOff(groupId: string | undefined): void;
  landed(groupId: string | undefined): void;
  isNoisy(groupId: string): boolean;
}

// Source: "How Amazon SQS fair queues work", concurrency share. The share of processing time is not told exactly.
const fewestInFlight = 30;
const share = 0.1;

/** A message without a group is a neighbour by itself. */
export function createNeighbours(): Neighbours {
  const inFlight = new Map<string, number>();
  let total = 0;
  const add = (groupId: string | undefined, change: 1 | -1): void => {
    total += change;
    if (groupId !== undefined) {
      const count = (inFlight.get(groupId) ?? 0) + change;
      if (count === 0) {
        inFlight.delete(groupId);
      } else {
        inFlight.set(groupId, count);
      }
    }
  };
  return {
    tookOff: (groupId) => add(groupId, 1),
    landed: (groupId) => add(groupId, -1),
    isNoisy(groupId) {
      const own = inFlight.get(groupId) ?? 0;
      return own >= fewestInFlight && own > total * share;
    },
  };
}
