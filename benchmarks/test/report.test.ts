import { expect, test } from 'vitest';
import { renderReport } from '../src/report.ts';
import { renewed } from '../src/results.ts';
import { scenarios } from '../src/scenarios/all.ts';
import { resultsWith } from './fixture.ts';

const report = renderReport(
  resultsWith({ ours: [12_000, 13_000, 11_000], squiss: 12_500 }, 'quick'),
  scenarios,
);

test('the report names the machine, the date, the command and every version', () => {
  expect(report).toContain('| processor | A Processor, 2 cores |');
  expect(report).toContain('| date | 2026-11-24 06:00 UTC; the run took 2 minutes |');
  expect(report).toContain('`npx -y pnpm@12.21.0 bench -- --quick`');
  expect(report).toContain('| squiss-ts | 5.6.0 |');
});

test('the report has medians with their spread, and how each contender was used', () => {
  expect(report).toContain('| sqskit | 12,000 (11,000–13,000) | 80.0 |');
  expect(report).toContain('- **squiss-ts**: `new Squiss(');
});

test('the report sets what was measured beside the goals, and is silent on what was not', () => {
  expect(report).toContain("| 1 KB, messages/s beside squiss-ts's | 0.96 × | ≥ 0.95 × | met |");
  expect(report).not.toContain("sqs-producer's");
  expect(report).not.toContain('## Memory under pressure');
});

test('what is not right is marked, and a trial that a library has nothing for is a dash', () => {
  const results = {
    ...resultsWith({ ours: [1], squiss: 1 }),
    scenarios: [
      {
        name: 'rivals',
        startedAt: '2026-11-24T06:01:00.000Z',
        messages: 0,
        warmUp: 0,
        cases: [
          { name: 'sqskit', rounds: [{ A: 1, C: 1 }] },
          { name: 'sqs-consumer', rounds: [{ A: 4, C: 13 }] },
          { name: 'squiss-ts', rounds: [{ A: 0 }] },
        ],
      },
    ],
  };
  const text = renderReport(results, scenarios);
  expect(text).toContain('|  | right | sqskit | sqs-consumer | squiss-ts |');
  expect(text).toMatch(/\| A\. [^|]* \| 1 \| 1 \| 4 ✗ \| 0 ✗ \|/);
  expect(text).toMatch(/\| C\. [^|]* \| ≤ 1 \| 1 \| 13 ✗ \| – \|/);
});

test('a scenario that was measured again stands in the place of the one before, with its own time', () => {
  const run = resultsWith({ ours: [1_000], squiss: 1 });
  const again = resultsWith({ ours: [2_000], squiss: 1 });
  const later = again.scenarios.map((scenario) => ({ ...scenario, startedAt: '2026-11-25T07:30:00.000Z' }));
  const text = renderReport(renewed(run, { ...again, scenarios: later }), scenarios);
  expect(text).toContain('| date | 2026-11-24 06:00 UTC;');
  expect(text).toContain('`--only sustained`, 2026-11-25 07:30 UTC');
  expect(text).toContain('| sqskit | 2,000 | 80.0 |');
});

test('runs of two machines, or with other versions, are not put together', () => {
  const run = resultsWith({ ours: [1], squiss: 1 });
  const other = { ...run, versions: { ...run.versions, 'squiss-ts': '5.7.0' } };
  expect(() => renewed(run, other)).toThrow('run everything again');
});
