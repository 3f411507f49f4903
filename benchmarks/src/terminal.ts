import { styleText } from 'node:util';
import CliTable from 'cli-table3';
import type { Results } from './results.ts';
import type { Progress } from './run.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { comparisonTable, scenarioTable, type TextTable } from './tables.ts';

/** One line when a scenario begins, and one for each run of a case. */
export function createProgress(stream: NodeJS.WritableStream): Progress {
  return {
    begins({ name, title }, { rounds, messages, warmUp }, cases) {
      const count = `${cases.length} ${cases.length === 1 ? 'case' : 'cases'}`;
      const size =
        messages === 0
          ? ''
          : `, ${messages.toLocaleString('en-US')} messages after ${warmUp.toLocaleString('en-US')} to warm up`;
      stream.write(
        `${styleText('bold', name, { stream })}: ${title}; ${count}, ${rounds} rounds at most${size}\n`,
      );
    },
    measured({ columns }, round, name, figures) {
      const values = columns
        .filter(({ figure }) => figures[figure] !== undefined)
        .slice(0, 3)
        .map(({ figure, title, digits }) => `${figures[figure]?.toFixed(digits)} ${title}`);
      stream.write(`  ${round}. ${name}: ${values.join(', ')}\n`);
    },
  };
}

export function renderResults(
  results: Results,
  scenarios: readonly Scenario[],
  stream: NodeJS.WritableStream,
): string {
  const bold = (text: string): string => styleText('bold', text, { stream });
  const sections = scenarios.flatMap((scenario) => {
    const result = results.scenarios.find(({ name }) => name === scenario.name);
    return result === undefined
      ? []
      : [`${bold(scenario.title)}\n${drawn(scenarioTable(scenario, result, results))}`];
  });
  return [...sections, `${bold('Goals')}\n${drawn(comparisonTable(results))}`, ''].join('\n\n');
}

function drawn({ head, rows }: TextTable): string {
  const table = new CliTable({
    head: [...head],
    colAligns: head.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}
