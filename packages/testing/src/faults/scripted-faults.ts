import { QueueError } from '@sqskit/core';
import type { Fault, FaultPlan, QueueVerb } from './fault.ts';

/** Faults one by one, for a test of one behaviour. */
export interface ScriptedFaults extends FaultPlan {
  /**
   * Lets `fault` (or several at once) befall the next call of `verb` that nothing is scripted for yet, or the next
   * `times` calls: `Infinity` for an outage that lasts until `clear`.
   */
  failNext(
    verb: QueueVerb,
    fault: Fault | readonly Fault[],
    options?: { readonly times?: number | undefined },
  ): ScriptedFaults;
  /** Forgets what is scripted for `verb`, or for all. */
  clear(verb?: QueueVerb): void;
  /** How many calls to come something is scripted for. 0 at the end shows that everything scripted took place. */
  readonly pending: number;
}

interface Script {
  readonly faults: readonly Fault[];
  times: number;
}

/** A plan without faults until `failNext`. */
export function scriptedFaults(): ScriptedFaults {
  const scripts = new Map<QueueVerb, Script[]>();
  const plan: ScriptedFaults = {
    get pending() {
      return [...scripts.values()].flat().reduce((sum, { times }) => sum + times, 0);
    },
    failNext(verb, fault, options = {}) {
      const { times = 1 } = options;
      if (!(times >= 1)) {
        const expected = 'a number of calls from 1, or Infinity';
        const message = `failNext: expected \`times\` to be ${expected}, received ${times}`;
        throw new QueueError('option-invalid', message, { option: 'times', received: times, expected });
      }
      const script: Script = { faults: Array.isArray(fault) ? fault : [fault], times };
      scripts.set(verb, [...(scripts.get(verb) ?? []), script]);
      return plan;
    },
    clear(verb) {
      if (verb === undefined) {
        scripts.clear();
      } else {
        scripts.delete(verb);
      }
    },
    next({ verb }) {
      const queued = scripts.get(verb);
      const script = queued?.[0];
      if (queued === undefined || script === undefined) {
        return [];
      }
      script.times--;
      if (script.times <= 0) {
        queued.shift();
      }
      return script.faults;
    },
  };
  return plan;
}
