import assert from 'node:assert/strict';
import { silentLogger } from '@sqskit/core';
import { createFakeClock } from '@sqskit/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BreakerJudgement, createBreaker } from '../src/breaker.ts';
import {
  type BreakerGate,
  type BreakerGateOptions,
  createBreakerGate,
  type Pass,
} from '../src/breaker-gate.ts';
import { type BreakerChange, resolveBreaker } from '../src/breaker-options.ts';

const judgement: BreakerJudgement = {
  failureRate: 0.5,
  windowRuns: 10,
  windowMs: 1_000,
  minRuns: 4,
  openMs: 100,
  maxOpenMs: 1_000,
  probes: 2,
};

describe('its options', () => {
  test('what is not given follows what is', () => {
    expect(resolveBreaker({})).toMatchObject({ minRuns: 10, openMs: 5_000 });
    expect(resolveBreaker({ windowRuns: 5, maxOpenMs: 1_000 })).toMatchObject({ minRuns: 5, openMs: 1_000 });
  });

  test.each([
    [{ minRuns: 21 }, 'expected `minRuns` to be at most `windowRuns`, which is 20, received 21'],
    [{ minRuns: 6, windowRuns: 5 }, 'expected `minRuns` to be at most `windowRuns`, which is 5, received 6'],
    [{ openMs: 90_000 }, 'expected `openMs` to be at most `maxOpenMs`, which is 60000, received 90000'],
  ])('%j contradicts itself', (options, message) => {
    expect(() => resolveBreaker(options)).toThrow(`[option-invalid] breaker: ${message}`);
  });
});

describe('the state machine', () => {
  test('opens when so large a share of the last runs has failed, and not before there are enough', () => {
    const breaker = createBreaker(judgement, () => 1);
    breaker.ended(true, 0);
    breaker.ended(true, 0);
    breaker.ended(true, 0);
    expect(breaker.state).toBe('closed');
    breaker.ended(true, 0);
    expect([breaker.state, breaker.openMs]).toEqual(['open', 100]);
  });

  test('after any number of successes, as many failures as make the share of the window open it', () => {
    const breaker = createBreaker(judgement, () => 1);
    for (let run = 0; run < 1_000; run++) {
      breaker.ended(false, 0);
    }
    for (let run = 0; run < 4; run++) {
      breaker.ended(true, 0);
    }
    expect(breaker.state).toBe('closed');
    breaker.ended(true, 0);
    expect([breaker.state, breaker.runs, breaker.failures]).toEqual(['open', 10, 5]);
  });

  test('failures of long ago say nothing', () => {
    const breaker = createBreaker(judgement, () => 1);
    for (let run = 0; run < 3; run++) {
      breaker.ended(true, 0);
    }
    breaker.ended(true, 1_001);
    expect([breaker.state, breaker.runs]).toEqual(['closed', 1]);
  });

  test('a success among runs of which most failed does not open it by itself', () => {
    const breaker = createBreaker({ ...judgement, minRuns: 2 }, () => 1);
    breaker.ended(true, 0);
    breaker.ended(false, 0);
    expect(breaker.state).toBe('closed');
    breaker.ended(true, 0);
    expect(breaker.state).toBe('open');
  });

  test('it closes after so many successes in a row, and begins anew', () => {
    const breaker = createBreaker(judgement, () => 1);
    for (let run = 0; run < 4; run++) {
      breaker.ended(true, 0);
    }
    breaker.probed(false);
    expect(breaker.state).toBe('open'); // a run of before
    breaker.halfOpen();
    breaker.probed(false);
    expect(breaker.state).toBe('half-open');
    breaker.probed(false);
    expect([breaker.state, breaker.runs, breaker.failures]).toEqual(['closed', 0, 0]);
  });

  type Event = 'succeeds' | 'fails' | 'probe succeeds' | 'probe fails' | 'time' | 'halfOpen';
  const events = fc.array(
    fc.constantFrom<Event>('succeeds', 'fails', 'probe succeeds', 'probe fails', 'time', 'halfOpen'),
    { maxLength: 200 },
  );

  test('whatever happens, it opens only by its rule, longer each time, and closes only by probes', () => {
    fc.assert(
      fc.property(events, fc.double({ min: 0, max: 0.999, noNaN: true }), (steps, drawn) => {
        const breaker = createBreaker(judgement, () => drawn);
        const { failureRate, windowRuns, windowMs, minRuns, openMs, maxOpenMs, probes } = judgement;
        let now = 0;
        let window: { readonly failed: boolean; readonly at: number }[] = [];
        let openings = 0;
        let successes = 0;
        for (const step of steps) {
          const before = breaker.state;
          let expected: string = before;
          if (step === 'time') {
            now += 300;
          } else if (step === 'halfOpen') {
            breaker.halfOpen();
            expected = before === 'open' ? 'half-open' : before;
            successes = before === 'open' ? 0 : successes;
          } else if (step === 'succeeds' || step === 'fails') {
            const failed = step === 'fails';
            breaker.ended(failed, now);
            if (before === 'closed') {
              window = [...window.filter(({ at }) => now - at <= windowMs), { failed, at: now }].slice(
                -windowRuns,
              );
              const failures = window.filter((run) => run.failed).length;
              const opens = failed && window.length >= minRuns && failures >= failureRate * window.length;
              expected = opens ? 'open' : 'closed';
              assert.deepEqual([breaker.runs, breaker.failures], [window.length, failures]);
            }
          } else {
            breaker.probed(step === 'probe fails');
            if (before === 'half-open') {
              successes++;
              expected = step === 'probe fails' ? 'open' : successes === probes ? 'closed' : before;
            }
          }
          expect(breaker.state).toBe(expected);
          if (expected === 'open' && before !== 'open') {
            const boundMs = Math.min(maxOpenMs, openMs * 2 ** openings++);
            assert.ok(breaker.openMs >= boundMs / 2 && breaker.openMs <= boundMs);
          }
          if (expected === 'closed' && before !== 'closed') {
            window = [];
            openings = 0;
          }
        }
      }),
    );
  });
});

interface Gate {
  readonly gate: BreakerGate;
  readonly changes: BreakerChange[];
  readonly clock: ReturnType<typeof createFakeClock>;
  /** Enters, and notes when it may run. */
  readonly enter: (name: string, hasRun?: boolean, signal?: AbortSignal) => void;
  readonly entered: string[];
  /** The pass of the last that was let through. */
  readonly given: () => Pass;
}

const never = new AbortController().signal;

function createGate(options: Partial<BreakerGateOptions> = {}): Gate {
  const clock = createFakeClock();
  const changes: BreakerChange[] = [];
  const entered: string[] = [];
  let given: Pass | undefined;
  const gate = createBreakerGate({
    ...resolveBreaker({ minRuns: 2, openMs: 1_000, onChange: (change) => changes.push(change) }),
    clock,
    random: () => 1,
    logger: silentLogger,
    queues: 1,
    onOpen: () => undefined,
    ...options,
  });
  return {
    gate,
    changes,
    clock,
    entered,
    enter(name, hasRun = false, signal = never) {
      void gate.enter(signal, hasRun).then((pass) => {
        entered.push(`${name} ${pass === undefined ? 'refused' : pass.isProbe ? 'probes' : 'runs'}`);
        given = pass;
      });
    },
    given: () => given ?? assert.fail('none was let through'),
  };
}

const failure = new Error('down');

/** A run that begins while it is closed. */
function run(gate: BreakerGate): Pass {
  return gate.pass() ?? assert.fail('it is not closed');
}

function open({ gate }: Gate): void {
  gate.failed(run(gate), failure, 1);
  gate.failed(run(gate), failure, 1);
}

describe('the gate', () => {
  test('half-open, it lets one run at a time, those first that have not run yet', async () => {
    const scene = createGate();
    const { gate, clock, enter, entered, given } = scene;
    open(scene);
    enter('tried', true);
    enter('fresh');
    enter('other');
    await clock.advance(999);
    expect([gate.state, gate.admit(10, 0), entered]).toEqual(['open', 0, []]);
    await clock.advance(1);
    expect([gate.state, gate.admit(10, 3), entered]).toEqual(['half-open', -2, ['fresh probes']]);
    gate.ended(given()); // says nothing
    await clock.flush();
    expect(entered).toEqual(['fresh probes', 'other probes']);
    gate.succeeded(given());
    await clock.flush();
    expect([gate.state, gate.admit(10, 0), entered.at(-1)]).toEqual(['closed', 10, 'tried runs']);
  });

  test('a probe that fails opens it for twice as long', async () => {
    const scene = createGate();
    const { gate, clock, changes, enter, given } = scene;
    const earlier = run(gate);
    open(scene);
    await clock.advance(1_000);
    expect(gate.admit(10, 1)).toBe(1);
    enter('a');
    await clock.flush();
    expect(gate.failed(given(), failure, 1)).toBe(true);
    expect(gate.failed(earlier, failure, 3)).toBe(false); // it has been held often enough
    await clock.advance(1_999);
    expect(gate.state).toBe('open');
    await clock.advance(1);
    expect(changes).toEqual([
      { from: 'closed', to: 'open', runs: 2, failures: 2, openMs: 1_000 },
      { from: 'open', to: 'half-open', runs: 2, failures: 2, openMs: 0 },
      { from: 'half-open', to: 'open', runs: 2, failures: 2, openMs: 2_000 },
      { from: 'open', to: 'half-open', runs: 2, failures: 2, openMs: 0 },
    ]);
  });

  test('regression: a probe that never ended kept it half-open for ever', async () => {
    const scene = createGate();
    const { gate, clock, enter, entered, given } = scene;
    open(scene);
    enter('a');
    enter('b');
    await clock.advance(1_000);
    const first = given();
    gate.givenUp(first, true); // its time is up
    expect(gate.state).toBe('open');
    await clock.advance(2_000);
    expect(entered).toEqual(['a probes', 'b probes']);
    gate.failed(first, failure, 1); // late: it says nothing of the other
    expect(gate.state).toBe('half-open');
    gate.givenUp(given(), false); // its lease is lost
    expect(gate.admit(10, 1)).toBe(1);
  });

  test('an error that does not count is neither success nor failure', async () => {
    const scene = createGate({ isFailure: (error) => error === failure });
    const { gate, clock, enter, entered, given } = scene;
    for (let count = 0; count < 10; count++) {
      expect(gate.failed(run(gate), new Error('bad message'), 1)).toBe(false);
    }
    expect(gate.state).toBe('closed');
    open(scene);
    enter('a');
    enter('b');
    await clock.advance(1_000);
    expect(gate.failed(given(), new Error('bad message'), 1)).toBe(false);
    await clock.flush();
    expect([gate.state, entered]).toEqual(['half-open', ['a probes', 'b probes']]);
  });

  test('an isFailure or onChange that throws counts as yes, and harms nothing', async () => {
    const scene = createGate({
      isFailure: () => {
        throw new Error('bad isFailure');
      },
      onChange: () => {
        throw new Error('bad onChange');
      },
    });
    open(scene);
    expect(scene.gate.state).toBe('open');
    await scene.clock.advance(1_000);
    expect(scene.gate.state).toBe('half-open');
  });

  test('who waits is refused when the signal aborts, or nobody waits any more; no timer is left', async () => {
    const scene = createGate();
    const { gate, clock, enter, entered } = scene;
    open(scene);
    const controller = new AbortController();
    enter('aborted', false, controller.signal);
    enter('waiting');
    controller.abort();
    await clock.flush();
    expect(entered).toEqual(['aborted refused']);
    gate.shut();
    enter('late');
    await clock.flush();
    expect(entered).toEqual(['aborted refused', 'waiting refused', 'late refused']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('regression: a run that failed while the consumer stopped opened it, and its timer was left', () => {
    const scene = createGate();
    const { gate, clock, changes } = scene;
    gate.shut();
    open(scene);
    expect(gate.failed(run(gate), failure, 1)).toBe(false);
    expect([gate.state, changes, clock.pendingTimers]).toEqual(['closed', [], 0]);
  });
});
