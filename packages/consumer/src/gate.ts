/** May hold back receiving: a pause, a breaker, whatever the application says. */
export interface Gate {
  /**
   * How many of the SQS messages `wanted`, from 1, may be asked for now; 0 or less for none. `inHand`: messages that wait
   * or run, and those that are asked for. Never throws or rejects. Whoever shuts a gate has the run look again when it
   * may be open.
   */
  admit(wanted: number, inHand: number): number | Promise<number>;
}

/** What all of these let through. They are asked in turn, and the later ones only for what the earlier let through. */
export function allOf(gates: readonly Gate[]): Gate {
  return {
    admit(wanted, inHand) {
      let admitted = wanted;
      for (const [position, gate] of gates.entries()) {
        const answer = gate.admit(admitted, inHand);
        if (typeof answer !== 'number') {
          // Those before may have been shut while this one took its time.
          const before = allOf(gates.slice(0, position));
          const most = admitted;
          return answer.then((later) => (later > 0 ? before.admit(Math.min(most, later), inHand) : 0));
        }
        admitted = Math.min(admitted, answer);
        if (admitted <= 0) {
          return 0;
        }
      }
      return admitted;
    },
  };
}
