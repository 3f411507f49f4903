import { parseArgs } from 'node:util';
import { scenarios } from './scenarios/all.ts';
import type { Scenario } from './scenarios/scenario.ts';

/** What the command line asks for. */
export interface BenchOptions {
  readonly help: boolean;
  readonly quick: boolean;
  readonly only: readonly Scenario[];
  readonly write: boolean;
  readonly gate: boolean;
  readonly accept: boolean;
}

/** A command line that cannot be followed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const helpText = `sqskit and its rivals, measured side by side.

Usage: npx -y pnpm@12.21.0 bench -- [options]

  --quick          fewer messages and rounds: two minutes rather than half an hour; not to be quoted
  --only SCENARIO  only this one; may be repeated:
${scenarios.map(({ name, title }) => `                     ${name.padEnd(14)} ${title}`).join('\n')}
  --write          write BENCHMARKS.md; with --only, of the last full run here with these scenarios measured again
  --gate           compare with accepted.json, and fail where something is worse than it may be
  --accept         write the ratios of this run to accepted.json
  --help           print this

Every run writes benchmarks/results/latest.json.
Exit code: 0 all is well; 1 something failed, or the gate is closed; 2 bad usage.
`;

const flags = {
  help: { type: 'boolean', short: 'h', default: false },
  quick: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true, default: [] as string[] },
  write: { type: 'boolean', default: false },
  gate: { type: 'boolean', default: false },
  accept: { type: 'boolean', default: false },
} as const;

/** Reads the command line. Throws a `UsageError`. */
export function parseCommandLine(args: readonly string[]): BenchOptions {
  const { only, ...values } = parseFlags(args[0] === '--' ? args.slice(1) : args); // pnpm passes its own separator on
  const chosen = only.map((name) => {
    const scenario = scenarios.find((each) => each.name === name);
    if (scenario === undefined) {
      const names = scenarios.map((each) => each.name).join(', ');
      throw new UsageError(`--only: expected one of ${names}; received '${name}'`);
    }
    return scenario;
  });
  if (values.write && values.quick) {
    throw new UsageError('--write is for full runs, without --quick');
  }
  return { ...values, only: chosen.length === 0 ? scenarios : chosen };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
