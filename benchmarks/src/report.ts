import type { Results, ScenarioResult } from './results.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { comparisonTable, scenarioTable, type TextTable } from './tables.ts';

/** `BENCHMARKS.md`: what was compared on what machine, the figures, and how each was measured. */
export function renderReport(results: Results, scenarios: readonly Scenario[]): string {
  const sections = scenarios.flatMap((scenario) => {
    const result = results.scenarios.find(({ name }) => name === scenario.name);
    return result === undefined ? [] : [scenarioSection(scenario, result, results)];
  });
  return `${[introduction(results), goalSection(results), ...sections, methodSection(results)].join('\n\n')}\n`;
}

function introduction({ startedAt, seconds, scale, machine, versions }: Results): string {
  const { cpu, cores, memoryGib, os } = machine;
  return `# Benchmarks

<!-- Written by \`npx -y pnpm@12.21.0 bench -- --write\`; not by hand. -->

sqskit and the other ways to send to SQS and to receive from it in Node, in one run on one machine, over loopback. The figures compare these
libraries with each other; they are no claim about what AWS answers.

${markdown({
  head: ['', ''],
  rows: [
    ['date', `${moment(startedAt)}; the run took ${Math.round(seconds / 60)} minutes`],
    ['command', `\`npx -y pnpm@12.21.0 bench${scale === 'quick' ? ' -- --quick' : ''}\``],
    ['processor', `${cpu}, ${cores} cores`],
    ['memory', `${memoryGib} GiB`],
    ['system', os],
    ...Object.entries(versions),
  ],
})}`;
}

function moment(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}

function goalSection(results: Results): string {
  return `## What we compare ourselves by

Medians. A ratio is ours to the other's, within one scenario's run.

${markdown(comparisonTable(results))}`;
}

function scenarioSection(scenario: Scenario, result: ScenarioResult, results: Results): string {
  const { title, about, latencyMs, name } = scenario;
  const { messages, warmUp, startedAt } = result;
  const how = scenario.cases
    .filter(({ name: caseName, how: configured }) => {
      return configured !== '' && result.cases.some((measured) => measured.name === caseName);
    })
    .map(({ name: caseName, how: configured }) => `- **${caseName}**: ${configured}`);
  return `## ${title}

${about}

${markdown(scenarioTable(scenario, result, results))}

\`--only ${name}\`, ${moment(startedAt)}${messages === 0 ? '' : `; ${messages.toLocaleString('en-US')} messages a round after ${warmUp.toLocaleString('en-US')} to warm up; the server answers after ${latencyMs} ms`}.${how.length === 0 ? '' : `\n\n${how.join('\n')}`}`;
}

function methodSection({ machine }: Results): string {
  return `## How it is measured

- **A fresh process for each run.** Every case of every round starts a Node process of its own, which imports what that
  contender needs and nothing else, sends the warm-up, collects garbage, and then sends the measured messages. All
  contenders of a table send equal messages in equal number after an equal warm-up, which where rivals are compared goes to
  a server that answers at once, so that the slow ones too run compiled code; 1,000 more messages then open the connections.
- **Rounds are interleaved**, every second one backwards; a figure is the median of the rounds, with the least and the most
  in brackets. What takes long and is steady has fewer rounds.
- **CPU** is \`process.cpuUsage()\` around the measured part: user and system time of all threads of the client's process, garbage
  collection included. It is the steadier figure: rates depend on what else this machine (${machine.cores} cores) does.
- **The server** is a process of its own on the loopback interface that speaks SQS's JSON protocol, answers with the MD5
  digests that the SDK checks, and sends each answer a fixed time after the request's last byte, whatever its load. There is
  no TLS, which would cost every contender the same for each byte and request.
- **Billed requests** are counted by the server, from what arrived: one for each 64 KiB begun of a request's bodies and
  attributes, as SQS bills them.
- Requests are signed and answers checked as ever; no contender's safety is switched off.`;
}

function markdown({ head, rows }: TextTable): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = head.map((_, index) => (index === 0 || head.every((title) => title === '') ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
