import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { figures, gainOf } from '../src/figures.ts';
import type { Measurement } from '../src/measure.ts';
import { createReport, problemsOf } from '../src/report.ts';
import { renderScorecard } from '../src/scorecard.ts';
import { balanced, measurementOf } from './fixture.ts';

const target = { isEmulator: true, name: 'an emulator' };
const input = { source: 'x', events: ['1'], bytes: 1 };

function scorecardOf(measurements: readonly Measurement[], interruptedBy?: string): string {
  const startedAt = new Date(0);
  const report = createReport({ startedAt, target, input, poison: 0, interruptedBy, measurements });
  return renderScorecard(report, new PassThrough());
}

const figure = (key: string, measurement: Measurement): number | undefined =>
  figures.find((each) => each.key === key)?.of(measurement);

describe('figures', () => {
  test('are what was measured, for each message that was processed', () => {
    const measurement = measurementOf('sqskit', { ledger: { ...balanced, processed: 50, left: 50 } });
    expect(Object.fromEntries(figures.map(({ key, of }) => [key, of(measurement)]))).toEqual({
      messagesPerSecond: 50,
      latencyP50Ms: 10,
      latencyP99Ms: 20,
      callsPerMessage: 2,
      billedRequestsPerMessage: 2,
      dollarsPerMillionMessages: 0.8,
      wireBytesPerMessage: 2_000,
      cpuUsPerMessage: 2_000,
    });
  });

  test('are missing where nothing was processed', () => {
    const measurement = measurementOf('sqskit', { ledger: { ...balanced, processed: 0, left: 100 } });
    expect(figures.map(({ of }) => of(measurement))).toEqual(figures.map(() => undefined));
    expect(scorecardOf([measurement])).toMatch(/^throughput +messages\/s +–$/m);
  });

  test('a FIFO queue is priced as such', () => {
    expect(figure('dollarsPerMillionMessages', measurementOf('x', { dollarsPerMillionRequests: 0.5 }))).toBe(
      0.5,
    );
  });

  test('a gain is above 1 where ours is better, whichever way is up', () => {
    const [throughput, latency] = figures;
    expect(throughput && gainOf(throughput, 10, 30)).toBe(3);
    expect(latency && gainOf(latency, 10, 30)).toBeCloseTo(1 / 3);
    expect(latency && gainOf(latency, 10, undefined)).toBeUndefined();
    expect(latency && gainOf(latency, 10, 0)).toBeUndefined();
  });
});

describe('the scorecard', () => {
  test('sets both ways side by side, with how many times better ours is, and says where it is worse', () => {
    const slower = measurementOf('sqskit', { elapsedMs: 10, latencyMs: { p50: 40, p99: 20, max: 50 } });
    const text = scorecardOf([measurementOf('naive'), slower]);
    expect(text).toMatch(/^throughput +messages\/s +100 +10,000 +100× faster$/m);
    expect(text).toMatch(/^end-to-end latency, p50 +ms +10\.0 +40\.0 +4\.00× longer$/m);
    expect(text).toMatch(/^end-to-end latency, p99 +ms +20\.0 +20\.0 +1\.00× shorter$/m);
  });

  test('fits a terminal of 80 columns', () => {
    const text = scorecardOf([measurementOf('naive'), measurementOf('sqskit')]);
    const lines = text.split('\n').filter((line) => !line.startsWith('Node ')); // that one has the CPU's name
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  test('shows rare rows of the ledger only where they happened', () => {
    expect(scorecardOf([measurementOf('sqskit')])).not.toContain('not sent');
    const ledger = { ...balanced, notSent: 60, sent: 40, processed: 30, left: 10 };
    const findings = { ...measurementOf('x').findings, events: 30 };
    const text = scorecardOf([measurementOf('sqskit', { ledger, findings })], 'SIGINT');
    expect(text).toMatch(/^not sent: interrupted +messages +60$/m);
    expect(text).toMatch(/^\+ left in the queue +messages +10$/m);
    expect(text).toContain('Interrupted by SIGINT.');
    expect(text).toContain('✔ 0 lost: all 50 messages that were sent are accounted for.');
  });

  test('names messages of others, and a warm-up that was cut short', () => {
    const warmUp = { ...balanced, sent: 9, processed: 4, left: 5 };
    const text = scorecardOf([measurementOf('sqskit', { warmUp, foreignIds: ['id-1'] })], 'SIGINT');
    expect(text).toContain('sqskit warm-up: 9 sent = 4 processed + 5 left in the queue');
    expect(text).toContain('sqskit: 1 messages of others, left in the queue:\nid-1');
  });
});

describe('what makes a run fail', () => {
  const problems = (changes: Partial<Measurement>, interruptedBy?: string, poison = 0): readonly string[] =>
    problemsOf({ measurements: [measurementOf('sqskit', changes)], interruptedBy, poison });

  test('nothing, when every message is accounted for', () => {
    expect(problems({})).toEqual([]);
  });

  test('a lost message, which is named', () => {
    expect(
      problems({ ledger: { ...balanced, processed: 100, lost: 2 }, lostIds: ['run #1', 'run #2'] }),
    ).toEqual(['sqskit: 2 messages lost: run #1, run #2']);
  });

  test('of many lost messages the first twenty are named', () => {
    const lostIds = Array.from({ length: 25 }, (_, seq) => `#${seq}`);
    expect(problems({ lostIds })[0]).toMatch(/^sqskit: 25 messages lost: #0, .*, #19 and 5 others$/);
  });

  test('messages left in the queue, but for an interruption', () => {
    const ledger = { ...balanced, sent: 102, left: 2 };
    expect(problems({ ledger })).toEqual(['sqskit: 2 messages left in the queue']);
    expect(problems({ ledger }, 'SIGINT')).toEqual([]);
  });

  test('messages that could not be sent, with the reason', () => {
    expect(problems({ sendFailures: [{ reason: 'throttled', messages: 1 }] })).toEqual([
      'sqskit: 1 message could not be sent: throttled',
    ]);
  });

  test('more dead letters than the poison that was asked for', () => {
    const ledger = { ...balanced, sent: 103, deadLettered: 3 };
    expect(problems({ ledger }, undefined, 3)).toEqual([]);
    expect(problems({ ledger }, undefined, 2)).toEqual([
      'sqskit: 1 message dead-lettered that should not have been',
    ]);
  });

  test('a count of events that is not the count of messages', () => {
    const findings = { ...measurementOf('x').findings, events: 99 };
    expect(problems({ findings })).toEqual(['sqskit: 100 messages processed, but 99 events counted']);
  });

  test('ways that come to different results', () => {
    const naive = measurementOf('naive');
    const sqskit = measurementOf('sqskit', { findings: { ...naive.findings, deepestKm: 1 } });
    expect(problemsOf({ measurements: [naive, sqskit], interruptedBy: undefined, poison: 0 })).toEqual([
      'the ways came to different results from the same events',
    ]);
  });
});
