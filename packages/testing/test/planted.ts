import type { ContractCase } from '../src/index.ts';

/** A suite as `test.each` takes it. */
export function titled(
  cases: readonly ContractCase[],
): (readonly [name: string, run: () => Promise<void>])[] {
  return cases.map(({ name, run }) => [name, run] as const);
}

/** The case of this name. */
export function caseNamed(cases: readonly ContractCase[], name: string): ContractCase {
  const found = cases.find((contractCase) => contractCase.name === name);
  if (found === undefined) {
    throw new Error(`no case is named '${name}'`);
  }
  return found;
}
