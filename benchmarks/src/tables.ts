import { type Comparison, reachesGoal } from './comparison.ts';
import { comparisons } from './comparisons.ts';
import { type Results, type ScenarioResult, summaryOf } from './results.ts';
import { type Column, isWithin, type Scenario } from './scenarios/scenario.ts';
import type { Summary } from './statistics.ts';

/** A table of texts, for a terminal or for Markdown. All columns but the first are figures. */
export interface TextTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Medians, with the least and the most in brackets where there was more than one round. */
export function scenarioTable(scenario: Scenario, result: ScenarioResult, results: Results): TextTable {
  return scenario.isTurned ? turnedTable(scenario, result, results) : uprightTable(scenario, result, results);
}

function turnedTable({ name, columns }: Scenario, { cases }: ScenarioResult, results: Results): TextTable {
  return {
    head: ['', 'right', ...cases.map((each) => each.name)],
    rows: columns.map((column) => [
      column.title,
      boundsText(column),
      ...cases.map((each) => cell(column, summaryOf(results, name, each.name, column.figure)) || '–'),
    ]),
  };
}

function uprightTable(scenario: Scenario, result: ScenarioResult, results: Results): TextTable {
  return {
    head: ['', ...scenario.columns.map(({ title }) => title), 'rounds'],
    rows: result.cases.map(({ name, rounds }) => [
      name,
      ...scenario.columns.map((column) =>
        cell(column, summaryOf(results, scenario.name, name, column.figure)),
      ),
      String(rounds.length),
    ]),
  };
}

function boundsText({ right: { atLeast, atMost } = {}, digits }: Column): string {
  if (atLeast !== undefined && atLeast === atMost) {
    return formatted(atLeast, digits);
  }
  const least = atLeast === undefined ? '' : `≥ ${formatted(atLeast, digits)}`;
  const most = atMost === undefined ? '' : `≤ ${formatted(atMost, digits)}`;
  return `${least} ${most}`.trim();
}

function cell({ digits, right }: Column, summary: Summary | undefined): string {
  if (summary === undefined) {
    return '';
  }
  const mark = right === undefined || isWithin(right, summary.median) ? '' : ' ✗';
  const median = `${formatted(summary.median, digits)}${mark}`;
  const min = formatted(summary.min, digits);
  const max = formatted(summary.max, digits);
  return min === max ? median : `${median} (${min}–${max})`;
}

/** What was measured of what we compare ourselves by, beside our goals. */
export function comparisonTable(results: Results): TextTable {
  const rows = comparisons.flatMap((comparison) => {
    const value = comparison.of(results);
    return value === undefined ? [] : [comparisonRow(comparison, value)];
  });
  return { head: ['', 'measured', 'goal', ''], rows };
}

function comparisonRow(comparison: Comparison, value: number): readonly string[] {
  const { what, unit, digits, better, goal } = comparison;
  const isReached = reachesGoal(comparison, value);
  return [
    what,
    `${formatted(value, digits)} ${unit}`,
    goal === undefined
      ? ''
      : `${better === 'more' ? '≥' : '≤'} ${formatted(goal, Math.min(digits, 2))} ${unit}`,
    isReached === undefined ? '' : isReached ? 'met' : 'not met',
  ];
}

function formatted(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
