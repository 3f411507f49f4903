import { expect, test } from 'vitest';
import { parseCommandLine, UsageError } from '../src/cli.ts';
import { scenarios } from '../src/scenarios/all.ts';

test('everything runs in full unless told otherwise', () => {
  const options = parseCommandLine([]);
  expect(options).toMatchObject({ quick: false, write: false, gate: false, accept: false });
  expect(options.only).toEqual(scenarios);
});

test("pnpm's separator is passed over, and scenarios can be chosen", () => {
  const { quick, only } = parseCommandLine(['--', '--quick', '--only', 'fill', '--only', 'plain']);
  expect(quick).toBe(true);
  expect(only.map(({ name }) => name)).toEqual(['fill', 'plain']);
});

test.for([['--only', 'plane'], ['--fast'], ['--write', '--quick']])('refuses %o', (args) => {
  expect(() => parseCommandLine(args)).toThrow(UsageError);
});
