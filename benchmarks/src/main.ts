import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type BenchOptions, helpText, parseCommandLine, UsageError } from './cli.ts';
import { type Accepted, accept, judge } from './gate.ts';
import { renderReport } from './report.ts';
import { type Results, renewed } from './results.ts';
import { runBenchmarks } from './run.ts';
import { scenarios } from './scenarios/all.ts';
import { createProgress, renderResults } from './terminal.ts';

const latestFile = new URL('../results/latest.json', import.meta.url);
/** The last run of everything, and what was measured again since. */
const fullFile = new URL('../results/full.json', import.meta.url);
const acceptedFile = new URL('../accepted.json', import.meta.url);
const reportFile = new URL('../../BENCHMARKS.md', import.meta.url);

const { stdout, stderr } = process;

async function main(args: readonly string[]): Promise<number> {
  const options = parseCommandLine(args);
  if (options.help) {
    stdout.write(helpText);
    return 0;
  }
  const interruption = new AbortController();
  process.once('SIGINT', () => interruption.abort());
  const scale = options.quick ? 'quick' : 'full';
  const results = await runBenchmarks(options.only, scale, createProgress(stderr), interruption.signal);
  mkdirSync(new URL('.', latestFile), { recursive: true });
  writeJson(latestFile, results);
  stdout.write(`\n${renderResults(results, options.only, stdout)}`);
  return conclude(results, options);
}

/** Writes and judges what was asked for. Returns the exit code. */
function conclude(results: Results, { only, write, gate, accept: accepts }: BenchOptions): number {
  if (write) {
    const full = only.length === scenarios.length ? results : renewed(lastFullRun(), results);
    writeJson(fullFile, full);
    writeFileSync(reportFile, renderReport(full, scenarios));
  }
  const accepted: Accepted = JSON.parse(readFileSync(acceptedFile, 'utf8'));
  if (accepts) {
    writeJson(acceptedFile, accept(results, accepted));
  }
  if (!gate) {
    return 0;
  }
  const { worse, compared } = judge(results, accepted);
  for (const complaint of worse) {
    stdout.write(`gate: ${complaint}\n`);
  }
  stdout.write(`gate: ${compared} compared, ${worse.length} worse than accepted.json allows\n`);
  return worse.length === 0 && compared > 0 ? 0 : 1;
}

function lastFullRun(): Results {
  if (!existsSync(fullFile)) {
    throw new UsageError(
      '--write with --only: there is no full run here to be renewed; run without --only first',
    );
  }
  return JSON.parse(readFileSync(fullFile, 'utf8'));
}

function writeJson(file: URL, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isUsage = error instanceof UsageError;
  const reason = isUsage || !(error instanceof Error) ? String(error) : error.stack;
  stderr.write(`bench: ${reason}\n${isUsage ? 'See --help.\n' : ''}`);
  process.exitCode = isUsage ? 2 : 1;
}
